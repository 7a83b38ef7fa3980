"""The policy of a tenant that has written none."""

from impersonator_api.policy.parsing import parse_document

BUILT_IN_VERSION = 0

BUILT_IN = parse_document(
    {
        "version": 1,
        "rules": [
            {
                "name": "super-admins-help",
                "impersonators": {"roles": ["super_admin"]},
                # Full first: clients that name no mode come from systems that know no other.
                "modes": ["full", "limited", "read_only"],
                "duration": {"default": "30m", "max": "60m"},
            }
        ],
    }
)
"""`super_admin` acts as lower ranks, in every mode, with whatever the target holds; a reason is optional."""

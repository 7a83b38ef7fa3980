"""What arrives at the token endpoint, before anything of it is proven."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from typing_extensions import override

from impersonator_api.oauth.clients import Presented
from impersonator_api.oauth.errors import InvalidOAuthRequestError

REPEATABLE = frozenset({"audience", "resource"})
"""RFC 8693 §2.1 and RFC 8707 §2 let these be sent several times; every other parameter is sent once."""

NONE_SENT: Mapping[str, Sequence[str]] = {}


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A request for a token: its client, its parameters, and under `several` those that may repeat.

    `proofs` are the values of its header fields DPoP (RFC 9449 §5), `idempotency_key` is its Idempotency-Key's.
    """

    presented: Presented
    parameters: Mapping[str, str]
    several: Mapping[str, Sequence[str]] = NONE_SENT
    proofs: Sequence[str] = ()
    idempotency_key: str | None = None

    @override
    def __repr__(self) -> str:
        # The parameters hold secrets, tokens and codes.
        return f"TokenRequest(presented={self.presented!r})"

    def find(self, name: str) -> str | None:
        """A parameter, if it was sent."""
        return self.parameters.get(name)

    def load(self, name: str) -> str:
        """A parameter that must be there; raises `InvalidOAuthRequestError`."""
        value = self.find(name)
        if value is None:
            raise InvalidOAuthRequestError(f"The parameter {name} is missing.")
        return value

    def scope(self) -> frozenset[str]:
        """The values of `scope` (RFC 6749 §3.3); none where it was not sent."""
        return frozenset((self.find("scope") or "").split())

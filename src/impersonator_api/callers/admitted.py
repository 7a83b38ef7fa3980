"""What holds for every caller, whoever issued the token."""

from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.callers.caller import Login, Party
from impersonator_api.callers.errors import CallerSuspendedError
from impersonator_api.directory import Client, Person, Tenant
from impersonator_api.statement import Write
from impersonator_api.tokens import InvalidTokenError, VerifiedClaims
from impersonator_api.work import Work

MAX_LABEL = 255


def admitted(work: Work, tenant: Tenant, party: Party) -> Party:
    """The party, where it and its organisation may take part; raises `CallerSuspendedError`, recorded."""
    if not tenant.is_active or not party.is_active:
        code = CallerSuspendedError.code
        raise CallerSuspendedError(
            "This account may not be used at present; ask an administrator.",
            record=[refused(work, code, tenant=tenant, label=party.label, party=party)],
        )
    return party


def refused(work: Work, code: str, *, tenant: Tenant, label: str, party: Person | Client | None = None) -> Write:
    """The audit's entry of somebody proved and not let in."""
    kinds = {Person: "user", Client: "client"}
    entry = Entry(
        action=Action.CALLER_REFUSED,
        tenant_id=tenant.id,
        impersonator_kind=kinds[type(party)] if party else None,
        impersonator_id=party.id if party else None,
        impersonator_label=label[:MAX_LABEL],
        code=code,
    )
    return recorded(work, entry)


def login_of(claims: VerifiedClaims) -> Login:
    """How the caller logged in, as far as the token says; raises `InvalidTokenError` where it says it oddly."""
    amr = claims.claims.get("amr", [])
    if not isinstance(amr, list) or not all(isinstance(method, str) for method in amr):
        raise InvalidTokenError("The token's amr is not a list of texts.")
    return Login(
        issuer=claims.load_text("iss"),
        acr=claims.find_text("acr"),
        amr=tuple(amr),
        auth_time=claims.find_moment("auth_time"),
    )

"""Who may come in at the management doors: told before anything about a target is looked up."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select

from impersonator_api.audit import Action, recorded
from impersonator_api.callers import (
    Acquaintance,
    Caller,
    Credentials,
    Foresee,
    Further,
    ImpersonationCaller,
    ServiceCaller,
    UserCaller,
    load_caller,
    load_caller_and,
    load_caller_and_many,
)
from impersonator_api.directory import IMPERSONATION_RIGHTS, Client, Permission, Person, holds, holds_any
from impersonator_api.prepared import Row
from impersonator_api.questions import Part
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.end import Ender
from impersonator_api.sessions.errors import ImpersonationTokenNotAllowedError, RightMissingError, ScopeMissingError
from impersonator_api.sessions.listing import Reader
from impersonator_api.sessions.live import find_holder, load_live_of
from impersonator_api.sessions.opening import Starter
from impersonator_api.sessions.snapshot import Live
from impersonator_api.statement import Write
from impersonator_api.tokens import InvalidTokenError
from impersonator_api.work import Work

ROOT = "root"
"""The scope that holds all others."""

IMPERSONATION = "impersonation"
IMPERSONATION_SCOPES = frozenset({ROOT, IMPERSONATION})

Principal = UserCaller | ServiceCaller
"""Whoever comes as himself."""


async def admit_starter(work: Work, *, credentials: Credentials | None) -> Starter:
    """Whoever holds `impersonation.start` anywhere; where it counts is for the law to say."""
    caller = await _admit(work, credentials, frozenset({Permission.START}))
    return starter_of(caller)


async def admit_starter_and(
    work: Work, credentials: Credentials | None, foresee: Foresee
) -> tuple[Starter, Row | None]:
    """The same, and what is to be asked about him, where he could be guessed (callers/acquaintances.py)."""
    caller, rows = await load_caller_and(work, credentials, foresee)
    return starter_of(await _let_in(work, caller, frozenset({Permission.START}))), rows[0] if rows else None


async def admit_anybody(work: Work, *, credentials: Credentials | None) -> Principal:
    """Whoever comes as himself, with or without rights."""
    return await _admit(work, credentials, frozenset())


async def admit_reader(work: Work, *, credentials: Credentials | None) -> Reader:
    """Whoever holds a right of impersonation; `impersonation.read_any` opens everybody's sessions."""
    return _reader_of(await _admit(work, credentials, IMPERSONATION_RIGHTS))


async def admit_reader_and(
    work: Work, credentials: Credentials | None, foresee: Callable[[Reader], Part[Select[Any]]]
) -> tuple[Reader, Sequence[Row] | None]:
    """The same, and what he is to be shown, where he was here less than a minute ago."""

    def foreseen(who: Acquaintance[Any, Any]) -> Part[Select[Any]] | None:
        may_read = holds_any(who.party.permissions_anywhere, IMPERSONATION_RIGHTS)
        return foresee(_reader_of(who)) if may_read else None

    caller, rows = await load_caller_and_many(work, credentials, foreseen)
    return _reader_of(await _let_in(work, caller, IMPERSONATION_RIGHTS)), rows


async def admit_ender(work: Work, *, credentials: Credentials | None) -> Ender:
    """Whoever holds a right of impersonation, or an impersonation token, which reaches its own session alone.

    A caller's running sessions come in the same statement, so that ending his own needs no other.
    """
    caller = await load_caller(work, credentials, also={"running": Further(store.running_json, {"now": work.now})})
    if isinstance(caller, ImpersonationCaller):
        live = await load_live_of(work, caller.claims)
        label = find_holder(caller.claims) or live.session.impersonator_label
        return Ender(tenant_id=live.tenant.id, id=live.session.impersonator_id, label=label, own=live)
    _require_right(work, caller, IMPERSONATION_RIGHTS)
    return Ender(
        tenant_id=caller.tenant.id,
        id=caller.party.id,
        label=caller.party.label,
        may_end_any=_holds_everywhere(caller.party, Permission.END_ANY),
        running=tuple(caller.also.get("running", ())),
        is_service=isinstance(caller, ServiceCaller),
    )


async def admit_service(work: Work, *, credentials: Credentials | None, scope: str) -> ServiceCaller:
    """A service whose own token holds that scope, or root (seed 001); raises a recorded refusal for anybody else."""
    caller = await _admit(work, credentials, frozenset())
    why = f"This needs a service's token with the scope {ROOT} or {scope}."
    if not isinstance(caller, ServiceCaller):
        raise RightMissingError(why, record=[_right_missing(work, caller)])
    if caller.scopes.isdisjoint({ROOT, scope}):
        raise ScopeMissingError(why, scope=scope, record=[_right_missing(work, caller)])
    return caller


async def admit_impersonator(work: Work, *, service: ServiceCaller, token: str) -> Starter:
    """The person whose access token a service sends along; raises 401 for any other kind of token.

    Which rights that person has is for the law to say, after everything was found (seed 001's order).
    """
    caller = await _admit(work, Credentials(token), frozenset())
    if not isinstance(caller, UserCaller) or not caller.scopes:
        raise InvalidTokenError("The impersonatorToken must be a person's access token with a scope.")
    if caller.tenant.id != service.tenant.id:
        raise RightMissingError(
            "The impersonator belongs to another organisation.", record=[_right_missing(work, caller)]
        )
    return starter_of(caller)


def starter_of(caller: Principal) -> Starter:
    """The caller as whoever is about to act."""
    login = caller.login.as_claims() if isinstance(caller, UserCaller) else {}
    return Starter(
        tenant_id=caller.tenant.id,
        tenant_slug=caller.tenant.slug,
        impersonator_id=caller.party.id,
        login=login,
        as_proved=(caller.tenant, caller.party),
    )


def _reader_of(who: Principal | Acquaintance[Any, Any]) -> Reader:
    return Reader(
        tenant_id=who.tenant.id,
        id=who.party.id,
        label=who.party.label,
        may_read_any=_holds_everywhere(who.party, Permission.READ_ANY),
    )


async def _admit(work: Work, credentials: Credentials | None, rights: frozenset[Permission]) -> Principal:
    return await _let_in(work, await load_caller(work, credentials), rights)


async def _let_in(work: Work, caller: Caller, rights: frozenset[Permission]) -> Principal:
    if isinstance(caller, ImpersonationCaller):
        live = await load_live_of(work, caller.claims)
        raise ImpersonationTokenNotAllowedError(
            "Use your own token here: an impersonation token can only end its own session.",
            record=[_token_refused(work, live, by=find_holder(caller.claims))],
        )
    _require_right(work, caller, rights)
    return caller


def _require_right(work: Work, caller: Principal, rights: frozenset[Permission]) -> None:
    if not rights:
        return
    # A service's token may be good for less than the service itself (RFC 6749 §3.3).
    if isinstance(caller, ServiceCaller) and caller.scopes.isdisjoint(IMPERSONATION_SCOPES):
        why = f"This needs a token with the scope {' or '.join(sorted(IMPERSONATION_SCOPES))}."
        raise ScopeMissingError(why, scope=IMPERSONATION, record=[_right_missing(work, caller)])
    if not holds_any(caller.party.permissions_anywhere, rights):
        raise RightMissingError(
            f"This needs one of the permissions {', '.join(sorted(rights))}.", record=[_right_missing(work, caller)]
        )


def _holds_everywhere(party: Person | Client, right: Permission) -> bool:
    """Whether a right counts for the whole tenant: one that is bound to a workspace opens nobody else's sessions."""
    return holds(party.permissions_in(None) if isinstance(party, Person) else party.permissions, right)


def _right_missing(work: Work, caller: Principal) -> Write:
    return remembered.turned_away(work, caller.party, code=RightMissingError.code)


def _token_refused(work: Work, live: Live, *, by: str | None) -> Write:
    code = ImpersonationTokenNotAllowedError.code
    entry = remembered.entry_of(live.session, Action.REFUSED, client_label=live.client.label, code=code, by=by)
    return recorded(work, entry)

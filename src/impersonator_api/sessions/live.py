"""Whether a session is alive now: asked at every door that one of its tokens reaches."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from impersonator_api import tokens
from impersonator_api.database import LostRaceError
from impersonator_api.directory import built_in_client_id
from impersonator_api.directory import documents as directory
from impersonator_api.questions import Column, Part, with_parts
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.consider import consider_again
from impersonator_api.sessions.errors import SessionNotRunningError
from impersonator_api.sessions.session import EndReason, Session
from impersonator_api.sessions.snapshot import Live, live_from
from impersonator_api.sessions.surroundings import Surroundings
from impersonator_api.tokens import VerifiedClaims
from impersonator_api.work import Work

SERVICE_ITSELF = "impersonator"
"""`ended_by` of what nobody ended by hand."""


async def load_live(work: Work, session_id: UUID, *, also: Mapping[str, Part[Column]] | None = None) -> Live:
    """A running session with everything it depends on, decided again if anything changed since.

    One statement; `also` are further columns for the same statement. Raises `SessionNotRunningError`
    where the session is unknown or over; where a change no longer allows it, the error's record ends it.
    """
    question = with_parts(store.live_one(session_id, is_known=_is_known(work, session_id)), also or {})
    return live_in(work, (await work.read(question)).one_or_none())


def live_document(work: Work, session_id: UUID) -> Part[Column]:
    """The same about one session as a JSON document for a larger question, which `live_in` reads."""
    return store.live_document(session_id, is_known=_is_known(work, session_id))


def _is_known(work: Work, session_id: UUID) -> bool:
    # A story that lost a race is decided on what is in the database alone.
    return work.run == 0 and work.get(Surroundings).know(session_id, work.now)


async def load_live_of(work: Work, claims: VerifiedClaims) -> Live:
    """The session behind one of its tokens; raises as `load_live` does, also for a token whose holder is out."""
    live = await load_live(work, claims.load_id("sid"), also=holders_json(claims))
    refuse_idle_holders(claims, live.also)
    return live


def holders_json(claims: VerifiedClaims) -> Mapping[str, Part[Column]]:
    """What to ask about the clients that hold a token or stand in it; the session knows its own alone."""
    return {"active_holders": directory.active_clients_json(claims.load_text("tenant"), holders_of(claims))}


def holders_of(claims: VerifiedClaims) -> frozenset[str]:
    """The client that a token was issued to, and the services that act in it before its impersonator.

    The built-in client is not among them: it is part of this service, and always active.
    """
    # Where the impersonator himself took over again, the service that holds the token stands nowhere in `act`.
    holders = {claims.load_text("client_id"), *_services_of(claims)}
    return frozenset(holders - {built_in_client_id(claims.load_text("tenant"))})


def find_holder(claims: VerifiedClaims) -> str | None:
    """The service that acts by a token that was handed on to it; `None` where the impersonator does himself."""
    return next(iter(_services_of(claims)), None)


def _services_of(claims: VerifiedClaims) -> tuple[str, ...]:
    act = claims.claims.get("act")
    actors = tokens.actors_of(act) if isinstance(act, dict) else ()
    return tuple([str(actor["sub"]) for actor in actors[:-1]])


def refuse_idle_holders(claims: VerifiedClaims, row: Mapping[Any, Any]) -> None:
    """Raise `SessionNotRunningError` where one of them was suspended since, though the session goes on."""
    if not holders_of(claims) <= frozenset(row["active_holders"]):
        raise SessionNotRunningError("A service that this token was handed on to is no longer active.")


def live_in(work: Work, row: Mapping[Any, Any] | None) -> Live:
    """The same, from a row or a document of `store.live_json` that came with a larger question.

    Raises `LostRaceError`, so that the story is run again, where the tenant changed since the session was read whole.
    """
    if row is None:
        raise SessionNotRunningError("This impersonation session is not known.")
    is_whole = "tenant" in row
    live = live_from(row) if is_whole else _known(work, row)
    refuse_ended(work, live.session)
    if is_whole:
        work.get(Surroundings).keep(live, work.now)
    return still_allowed(work, live)


def _known(work: Work, row: Mapping[Any, Any]) -> Live:
    session = store.session_from(row["session"])
    live = work.get(Surroundings).find_live(session, row["revision"], row)
    if live is None:
        raise LostRaceError("The tenant changed since this process saw the session last.")
    return live


def refuse_ended(work: Work, session: Session) -> None:
    """Raise `SessionNotRunningError` for a session that is over, written down or not."""
    if not session.is_running(work.now):
        raise SessionNotRunningError("This impersonation session is over; start a new one.")


def still_allowed(work: Work, live: Live) -> Live:
    """The same session, decided again where the tenant changed since it was decided last."""
    if not _is_overtaken(work, live):
        return live
    session = consider_again(live, work.now)
    if isinstance(session, EndReason):
        over = remembered.ending(work, live.session, reason=session, client_label=live.client.label)
        record = remembered.ended(work, [over], by=SERVICE_ITSELF)
        raise SessionNotRunningError("This impersonation is no longer allowed; it has been ended.", record=record)
    work.write(store.decided_again(session))
    return replace(live, session=session, is_decided_again=True)


def _is_overtaken(work: Work, live: Live) -> bool:
    """Whether the decision is older than what it was made of; a consent also expires by itself."""
    if live.session.revision != live.tenant.revision:
        return True
    consented = live.consent is not None and live.consent.covers(live.session.scopes, work.now)
    return live.client.consent_required and not consented


def hold(work: Work, live: Live) -> None:
    """Let no end come between what was read and what is queued: a token minted here is older than any end."""
    # Where it was decided again that write holds the row; a lock beside it would find it changed by itself.
    if not live.is_decided_again:
        work.write(store.not_ended(live.session))

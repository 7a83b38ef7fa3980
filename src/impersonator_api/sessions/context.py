"""What a user interface shows around an impersonation: the one that runs, and whom one could act as."""

from uuid import UUID

from msgspec import Struct

from impersonator_api.callers import Credentials, Further, ImpersonationCaller, load_caller
from impersonator_api.directory import Person, built_in_client_id, from_json
from impersonator_api.policy import Denied
from impersonator_api.sessions import store
from impersonator_api.sessions.consider import Parties, Wish, consider
from impersonator_api.sessions.end import Ender
from impersonator_api.sessions.errors import ClientUnknownError
from impersonator_api.sessions.live import load_live, load_live_of
from impersonator_api.sessions.opening import Starter
from impersonator_api.sessions.session import Session
from impersonator_api.sessions.snapshot import BeforeStart, Live, before_start_from
from impersonator_api.work import Work

LOOKED_AT = 1000
"""How many users are looked at, at the most, to find those that a caller may act as."""

ASKED_AT_THE_START = frozenset({"reason-required", "ticket-required", "step-up-required"})
"""What a start can still bring along; it does not make a user one that nobody may act as."""


def newest_running(ender: Ender) -> Session | None:
    """The caller's running session, the newest of several; nothing is read again."""
    if ender.own is not None:
        return ender.own.session
    running = [store.session_from(row["session"]) for row in ender.running]
    return max(running, key=lambda session: session.started_at, default=None)


async def find_context(work: Work, *, credentials: Credentials | None) -> Live | None:
    """The impersonation around a token: the one it belongs to, or the newest of the impersonator's own."""
    caller = await load_caller(work, credentials, also={"running": Further(store.running_json, {"now": work.now})})
    if isinstance(caller, ImpersonationCaller):
        return await load_live_of(work, caller.claims)
    running = [UUID(row["session"]["id"]) for row in caller.also["running"]]
    return await load_live(work, max(running)) if running else None


class Search(Struct, frozen=True, kw_only=True):
    """Whom to look for: by the beginning of an e-mail address or a name."""

    q: str | None = None
    limit: int = 50


async def find_targets(work: Work, *, starter: Starter, search: Search) -> list[Person]:
    """The users a caller may act as, by address: never himself, nobody inactive, protected or beyond the policy."""
    names = {"target": None, "client": built_in_client_id(starter.tenant_slug), "workspace": None}
    is_known = starter.as_proved is not None
    question = store.before_start(starter.tenant_id, starter.impersonator_id, names, is_known=is_known)
    before = before_start_from((await work.read(question)).one(), starter.as_proved)
    rows = await work.read(store.candidates(starter.tenant_id, search.q, LOOKED_AT))
    found: list[Person] = []
    for person in map(from_json.person_from, rows.scalars()):
        decision = consider(before, _as_if(before, person, starter), Wish(target=str(person.id)), work.now)
        if isinstance(decision, Denied) and decision.law not in ASKED_AT_THE_START:
            continue
        found.append(person)
        if len(found) == search.limit:
            break
    return found


def _as_if(before: BeforeStart, target: Person, starter: Starter) -> Parties:
    if before.client is None:
        raise ClientUnknownError("Your organisation has no built-in client; apply its realm again.")
    return Parties(
        impersonator=before.impersonator,
        target=target,
        client=before.client,
        consent=None,
        workspace=None,
        login=starter.login,
    )

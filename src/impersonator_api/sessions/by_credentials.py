"""Whole stories of a request, from its credentials on: who is let in, and then what he came for, in one work."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Select

from impersonator_api.callers import Acquaintance, Credentials
from impersonator_api.questions import Part
from impersonator_api.sessions.admit import admit_ender, admit_reader_and, admit_starter_and
from impersonator_api.sessions.consider import Wish
from impersonator_api.sessions.end import Ended, end
from impersonator_api.sessions.handover import HandoverWish
from impersonator_api.sessions.idempotency import Repeatable
from impersonator_api.sessions.listing import Page, PageRequest, Reader, asked_for, find_page
from impersonator_api.sessions.opening import Starter, asked_before, open_from
from impersonator_api.sessions.start import Started, begun, start
from impersonator_api.sessions.summary import Summary
from impersonator_api.work import Work


class StartRequest(Struct, frozen=True, kw_only=True):
    """A start as it arrives, whoever sends it.

    `repeatable` makes of the caller's id what the request is repeated by; `admitted` is told who the caller is before
    anything about the wish is, again where a race was lost, and may refuse him.
    """

    wish: Wish
    handover: HandoverWish | None = None
    repeatable: Callable[[UUID], Repeatable | None]
    admitted: Callable[[Starter], Awaitable[None]]


async def start_by(work: Work, *, credentials: Credentials | None, request: StartRequest) -> Started:
    """Let whoever sends these credentials act as a user; raises what `admit_starter` and `start` raise.

    A caller who was here before is proved by the statement that everything else is read with.
    """

    def foreseen(who: Acquaintance[Any, Any]) -> Part[Select[Any]]:
        guess = Starter(tenant_id=who.tenant.id, tenant_slug=who.tenant.slug, impersonator_id=who.party.id)
        return asked_before(work, guess, request.wish, request.repeatable(who.party.id))

    starter, row = await admit_starter_and(work, credentials, foreseen)
    await request.admitted(starter)
    wish, handover, repeatable = request.wish, request.handover, request.repeatable(starter.impersonator_id)
    if row is None:
        return await start(work, starter=starter, wish=wish, handover=handover, repeatable=repeatable)
    opened = await open_from(work, starter=starter, wish=wish, repeatable=repeatable, row=row)
    return begun(work, opened, handover=handover, repeatable=repeatable)


async def end_by(work: Work, *, credentials: Credentials | None, session_id: UUID | None) -> Ended:
    """End a session for whoever sends these credentials; raises what `admit_ender` and `end` raise."""
    return await end(work, ender=await admit_ender(work, credentials=credentials), session_id=session_id)


async def find_page_for(work: Work, *, credentials: Credentials | None, request: PageRequest) -> Page[Summary]:
    """One page of what these credentials may see; raises what `admit_reader` and `find_page` raise.

    A reader who is known is proved by the statement that the page is read with.
    """

    def foreseen(reader: Reader) -> Part[Select[Any]]:
        return asked_for(work, reader, request)

    reader, rows = await admit_reader_and(work, credentials, foreseen)
    return await find_page(work, reader=reader, request=request, rows=rows)

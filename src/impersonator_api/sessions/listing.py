"""Finding sessions again: one page, its neighbours' cursor and a true count, in one statement."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.errors import InvalidError
from impersonator_api.prepared import Row
from impersonator_api.sessions import remembered, store
from impersonator_api.sessions.errors import NotYourSessionError, SessionUnknownError
from impersonator_api.sessions.filters import Filters
from impersonator_api.sessions.session import Session, SessionStatus
from impersonator_api.sessions.summary import Summary, summaries_from
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.sessions.totals import CappedTotals
from impersonator_api.statement import Write
from impersonator_api.work import Work

T = TypeVar("T")

NEEDS_READ_ANY = "Reading other people's sessions needs the permission impersonation.read_any."


class UnknownFilterValueError(InvalidError):
    """A filter names somebody or something that does not exist; an empty page would hide the mistake."""

    code = "unknown-filter-value"
    title = "Unknown filter value"


class Listed(Struct, frozen=True, kw_only=True):
    """A session with the names a list shows beside it."""

    session: Session
    client_label: str
    workspace: str | None


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Sessions, newest first. `total` is exact up to `store.COUNTED_AT_MOST`; `is_capped` says that there are more."""

    sessions: tuple[T, ...]
    total: int
    is_capped: bool
    has_more: bool


class Reader(Struct, frozen=True, kw_only=True):
    """Who looks: without `may_read_any` only at sessions of his own."""

    tenant_id: UUID
    id: UUID
    label: str = ""
    may_read_any: bool = False


class PageRequest(Struct, frozen=True, kw_only=True):
    """A list as it is asked for; `before` is the last id of the page before it."""

    filters: Filters
    limit: int
    before: UUID | None = None


async def find_page(work: Work, *, reader: Reader, request: PageRequest) -> Page[Summary]:
    """One page of what the reader may see, as lists show it. One statement, two where it is empty."""
    return await _page(work, reader, request, whole=False, read=lambda rows: summaries_from(rows, work.now))


async def find_whole_page(work: Work, *, reader: Reader, request: PageRequest) -> Page[Listed]:
    """The same with everything that the sessions remember."""
    return await _page(
        work, reader, request, whole=True, read=lambda rows: tuple([listed_from(row["listed"]) for row in rows])
    )


async def _page(
    work: Work, reader: Reader, request: PageRequest, *, whole: bool, read: Callable[[Sequence[Row]], tuple[T, ...]]
) -> Page[T]:
    filters, own_of = request.filters, None if reader.may_read_any else reader.id
    asked, capped = (reader.tenant_id, own_of, filters), work.get(CappedTotals)
    # Running sessions end at any time, perhaps all at once; the rest of a history only grows.
    counts = filters.status is SessionStatus.ACTIVE or not capped.knows(asked, work.now)
    question = partial(
        store.page,
        reader.tenant_id,
        filters,
        own_of=own_of,
        limit=request.limit + 1,
        before=request.before,
        now=work.now,
        counts=counts,
        whole=whole,
    )
    rows = await work.read(question())
    about = rows[0] if rows else (await work.read(question(is_empty=True))).one()
    for name in ("impersonator", "target", "client"):
        if getattr(filters, name) is not None and not about[name]:
            raise UnknownFilterValueError(f"Nothing in your organisation answers to that {name}.", parameter=name)
    total = about["total"]
    if counts and total > store.COUNTED_AT_MOST:
        capped.keep(asked, work.now)
    return Page(
        sessions=read(rows[: request.limit]),
        total=min(total, store.COUNTED_AT_MOST),
        is_capped=total > store.COUNTED_AT_MOST,
        has_more=len(rows) > request.limit,
    )


async def find_all_active(work: Work, *, reader: Reader, limit: int) -> Page[Listed]:
    """Everybody's running sessions, newest first; needs `impersonation.read_any`."""
    if not reader.may_read_any:
        raise NotYourSessionError(NEEDS_READ_ANY, record=[_reading_refused(work, reader)])
    active = PageRequest(filters=Filters(status=SessionStatus.ACTIVE), limit=limit)
    return await find_whole_page(work, reader=reader, request=active)


async def load_one(work: Work, *, reader: Reader, session_id: UUID) -> Listed:
    """One session; raises 404 for one of another tenant, a recorded refusal for somebody else's."""
    row = (await work.read(store.listed_one(reader.tenant_id, session_id))).scalar_one_or_none()
    if row is None:
        raise SessionUnknownError("No impersonation session of your organisation has that id.")
    listed = listed_from(row)
    if listed.session.impersonator_id != reader.id and not reader.may_read_any:
        refused = remembered.not_yours(work, listed.session, client_label=listed.client_label, by=reader.label)
        raise NotYourSessionError(NEEDS_READ_ANY, record=[refused])
    return listed


def _reading_refused(work: Work, reader: Reader) -> Write:
    entry = Entry(
        action=Action.REFUSED,
        tenant_id=reader.tenant_id,
        impersonator_id=reader.id,
        impersonator_label=reader.label,
        code=NotYourSessionError.code,
    )
    return recorded(work, entry)


async def find_tenant_of(work: Work, session_id: UUID) -> UUID | None:
    """Whose session that is; for an operator, who is in no tenant."""
    sessions = impersonation_sessions
    found: UUID | None = (
        await work.read(select(sessions.c.tenant_id).where(sessions.c.id == session_id))
    ).scalar_one_or_none()
    return found


def listed_from(row: Mapping[str, Any]) -> Listed:
    """The session in a JSON document of `listed_json`."""
    session = store.session_from(row["session"])
    return Listed(session=session, client_label=row["client_label"], workspace=row["workspace"])

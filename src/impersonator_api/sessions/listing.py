"""Finding sessions again: one page, its neighbours' cursor and a true count, in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Select, select

from impersonator_api.audit import Action, Entry, recorded
from impersonator_api.errors import InvalidError
from impersonator_api.prepared import Row
from impersonator_api.questions import Part
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


async def find_page(
    work: Work, *, reader: Reader, request: PageRequest, rows: Sequence[Row] | None = None
) -> Page[Summary]:
    """One page of what the reader may see, as lists show it. One statement, two where it is empty.

    `rows` are what `asked_for` found, where that was asked before.
    """
    if rows is None:
        rows = await work.read(asked_for(work, reader, request))
    about = await _about(work, reader, request, rows)
    return _page(request, rows, about, summaries_from(rows[: request.limit], work.now))


async def find_whole_page(work: Work, *, reader: Reader, request: PageRequest) -> Page[Listed]:
    """The same with everything that the sessions remember."""
    rows = await work.read(asked_for(work, reader, request, whole=True))
    about = await _about(work, reader, request, rows)
    return _page(request, rows, about, tuple([listed_from(row["listed"]) for row in rows[: request.limit]]))


def asked_for(
    work: Work, reader: Reader, request: PageRequest, *, whole: bool = False, is_empty: bool = False
) -> Part[Select[Any]]:
    """The question for a page, or, where that `is_empty`, for all but its sessions."""
    return store.page(
        reader.tenant_id,
        request.filters,
        own_of=_own_of(reader),
        limit=request.limit + 1,
        before=request.before,
        now=work.now,
        counts=_counts(work, reader, request.filters),
        whole=whole,
        is_empty=is_empty,
    )


async def _about(work: Work, reader: Reader, request: PageRequest, rows: Sequence[Row]) -> Row:
    """What stands beside the sessions; raises 400 for a filter that names nobody."""
    about = rows[0] if rows else (await work.read(asked_for(work, reader, request, is_empty=True))).one()
    filters = request.filters
    for name in ("impersonator", "target", "client"):
        if getattr(filters, name) is not None and not about[name]:
            raise UnknownFilterValueError(f"Nothing in your organisation answers to that {name}.", parameter=name)
    if about["total"] > store.COUNTED_AT_MOST and _counts(work, reader, filters):
        work.get(CappedTotals).keep((reader.tenant_id, _own_of(reader), filters), work.now)
    return about


def _page(request: PageRequest, rows: Sequence[Row], about: Row, sessions: tuple[T, ...]) -> Page[T]:
    total = about["total"]
    return Page(
        sessions=sessions,
        total=min(total, store.COUNTED_AT_MOST),
        is_capped=total > store.COUNTED_AT_MOST,
        has_more=len(rows) > request.limit,
    )


def _counts(work: Work, reader: Reader, filters: Filters) -> bool:
    """Whether there is a need to count: not for a list that had more than is counted a moment ago."""
    # Running sessions end at any time, perhaps all at once; the rest of a history only grows.
    if filters.status is SessionStatus.ACTIVE:
        return True
    return not work.get(CappedTotals).knows((reader.tenant_id, _own_of(reader), filters), work.now)


def _own_of(reader: Reader) -> UUID | None:
    return None if reader.may_read_any else reader.id


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

"""Makes a past: months that are over, with sessions, refresh tokens and audit entries in them.

Not a coroutine in sight outside: commands bring an event loop of their own, so their tests have none.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from uuid_utils.compat import uuid7

from builders import Organisation, Someone
from impersonator_api.audit.tables import audit_entries
from impersonator_api.history import History, Month
from impersonator_api.sessions.tables import impersonation_sessions
from impersonator_api.tokens.tables import refresh_tokens

T = TypeVar("T")

MADE = text("SELECT impersonator_ensure_partitions(:first, 0)")
ROWS = "SELECT count(*) FROM {}"


def months_ago(months: int) -> Month:
    """A month before the present one."""
    return Month.of(datetime.now(UTC)).later(-months)


def _id_at(moment: datetime) -> UUID:
    return uuid7(nanoseconds=int(moment.timestamp()) * 10**9)


@dataclass(frozen=True)
class Past:
    """An organisation's past on a database of its own, as its owner sees it."""

    url: str
    acme: Organisation
    ana: Someone
    bob: Someone
    client_id: UUID

    def month(self, month: Month, **overrides: Any) -> UUID:
        """A month with a session in its middle, its refresh token and the entry of its start; answers the session."""
        at = month.first_at + timedelta(days=14)
        session_id = _id_at(at)

        async def written(db: AsyncConnection) -> None:
            await db.execute(MADE, {"first": month.first_at})
            await db.execute(insert(impersonation_sessions).values(self._session(session_id, at) | overrides))
            await db.execute(insert(refresh_tokens).values(self._token(session_id, at)))
            await db.execute(insert(audit_entries).values(self._entry(session_id, at)))

        self._do(written)
        return session_id

    def rows(self, history: History) -> int:
        """How many rows there are of some history."""
        (row,) = self.ask(ROWS.format(history.table))
        return int(row[0])

    def audit(self) -> list[Any]:
        """The organisation's audit, oldest first."""
        entries = audit_entries.c
        return self._do(lambda db: _all(db, select(audit_entries).order_by(entries.id)))

    def ask(self, statement: str) -> list[Any]:
        """Whatever the owner asks."""

        async def asked(db: AsyncConnection) -> list[Any]:
            return list(await db.execute(text(statement)))

        return self._do(asked)

    def say(self, *statements: str) -> None:
        """Whatever the owner says, in one transaction."""

        async def said(db: AsyncConnection) -> None:
            for statement in statements:
                await db.execute(text(statement))

        self._do(said)

    @contextmanager
    def meanwhile(self, *statements: str, seconds: float = 60) -> Iterator[None]:
        """Somebody else's transaction, which stays open until then, or for so long."""
        begun, over = threading.Event(), threading.Event()

        async def held(db: AsyncConnection) -> None:
            for statement in statements:
                await db.execute(text(statement))
            begun.set()
            await asyncio.to_thread(over.wait, seconds)

        thread = threading.Thread(target=self._do, args=(held,))
        thread.start()
        assert begun.wait(10)
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _do(self, story: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def done() -> T:
            engine = create_async_engine(self.url, poolclass=NullPool)
            try:
                async with engine.begin() as db:
                    return await story(db)
            finally:
                await engine.dispose()

        return asyncio.run(done())

    def _session(self, session_id: UUID, at: datetime) -> dict[str, Any]:
        return {
            "id": session_id,
            "tenant_id": self.acme.id,
            "impersonator_kind": "user",
            "impersonator_id": self.ana.id,
            "impersonator_label": self.ana.email,
            "impersonator_rank": 100,
            "target_id": self.bob.id,
            "target_label": self.bob.email,
            "target_rank": 0,
            "client_id": self.client_id,
            "mode": "read_only",
            "rights": "target",
            "scopes": [],
            "status": "ended",
            "end_reason": "stopped",
            "started_at": at,
            "expires_at": at + timedelta(minutes=30),
            "ended_at": at + timedelta(minutes=10),
            "rule": "admins",
            "policy_version": 1,
            "revision": 1,
            "actor": {},
            "metadata": {},
        }

    def _token(self, session_id: UUID, at: datetime) -> dict[str, Any]:
        return {
            "id": _id_at(at),
            "tenant_id": self.acme.id,
            "session_id": session_id,
            "family_id": session_id,
            "claims": "{}",
            "issued_at": at,
            "expires_at": at + timedelta(minutes=30),
        }

    def _entry(self, session_id: UUID, at: datetime) -> dict[str, Any]:
        return {
            "id": _id_at(at),
            "tenant_id": self.acme.id,
            "occurred_at": at,
            "action": "session.started",
            "session_id": session_id,
            "reason": "Locked out since Monday — müde",
            "request_id": "past",
        }


async def _all(db: AsyncConnection, question: Select[Any]) -> list[Any]:
    return list(await db.execute(question))

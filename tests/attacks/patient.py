"""A service on a database of its own, and what must be whole in it whatever happens."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import Scene
from impersonator_api.work import Desk

MUST_BE_EMPTY = {
    "sessions without their entry": """
        SELECT id FROM impersonation_sessions s WHERE NOT EXISTS
            (SELECT FROM audit_entries a WHERE a.session_id = s.id AND a.action = 'session.started')""",
    "entries without their session": """
        SELECT id FROM audit_entries a WHERE a.session_id IS NOT NULL AND NOT EXISTS
            (SELECT FROM impersonation_sessions s WHERE s.id = a.session_id)""",
    "refresh tokens without a session": """
        SELECT id FROM refresh_tokens t WHERE NOT EXISTS
            (SELECT FROM impersonation_sessions s WHERE s.id = t.session_id)""",
    "sessions without a refresh token": """
        SELECT id FROM impersonation_sessions s WHERE NOT EXISTS
            (SELECT FROM refresh_tokens t WHERE t.session_id = s.id)""",
    "used tokens without their successor": """
        SELECT id FROM refresh_tokens t WHERE t.used_at IS NOT NULL AND NOT EXISTS
            (SELECT FROM refresh_tokens n WHERE n.id = t.successor_id)""",
    "ends without their entry": """
        SELECT id FROM impersonation_sessions s WHERE s.status = 'ended' AND NOT EXISTS
            (SELECT FROM audit_entries a
             WHERE a.session_id = s.id AND a.action IN ('session.ended', 'session.expired'))""",
    "entries of ends that were not": """
        SELECT id FROM audit_entries a WHERE a.action = 'session.ended' AND NOT EXISTS
            (SELECT FROM impersonation_sessions s WHERE s.id = a.session_id AND s.status = 'ended')""",
    "active sessions that are not among the active ones": """
        SELECT id FROM impersonation_sessions s WHERE s.status = 'active' AND NOT EXISTS
            (SELECT FROM active_sessions a WHERE (a.tenant_id, a.session_id) = (s.tenant_id, s.id))""",
    "active ones that are not active": """
        SELECT session_id FROM active_sessions a WHERE NOT EXISTS
            (SELECT FROM impersonation_sessions s
             WHERE s.id = a.session_id AND s.status = 'active' AND s.expires_at = a.expires_at)""",
    "used codes without their entry": """
        SELECT session_id FROM handover_codes c WHERE used_at IS NOT NULL
        GROUP BY session_id
        HAVING count(*) <> (SELECT count(*) FROM audit_entries a
                            WHERE a.session_id = c.session_id AND a.action = 'session.handed_over')""",
    "refreshes and hand-overs that wrote no token": """
        SELECT session_id FROM audit_entries a LEFT JOIN
            (SELECT session_id, count(*) - 1 AS more FROM refresh_tokens GROUP BY session_id) t USING (session_id)
        WHERE action IN ('session.refreshed', 'session.handed_over') AND code IS NULL
        GROUP BY session_id, t.more
        HAVING count(*) IS DISTINCT FROM t.more""",
}


async def halves_in(owner: AsyncEngine) -> dict[str, Sequence[object]]:
    """Everything of which only one half is there, by what it is."""
    async with owner.connect() as db:
        found: dict[str, Sequence[object]] = {
            name: (await db.execute(text(question))).all() for name, question in MUST_BE_EMPTY.items()
        }
    return {name: rows for name, rows in found.items() if rows}


@dataclass(frozen=True)
class Patient:
    """A service with little patience, on a database of its own that its owner can do anything to."""

    scene: Scene
    owner: AsyncEngine
    desk: Desk

    @property
    def engine(self) -> AsyncEngine:
        """The service's own way to the database."""
        return self.scene.acme.engine

    async def as_owner(self, statement: str) -> None:
        """Run SQL as the owner."""
        async with self.owner.begin() as db:
            await db.execute(text(statement))

    async def traces(self) -> tuple[int, int, int]:
        """How many sessions, refresh tokens and entries there are."""
        tables = ("impersonation_sessions", "refresh_tokens", "audit_entries")
        async with self.owner.connect() as db:
            counts = [(await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in tables]  # noqa: S608  # our own tables
        return counts[0], counts[1], counts[2]

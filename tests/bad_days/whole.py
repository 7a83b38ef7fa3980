"""What must be in the database after a bad day: everything that was answered, and nothing by halves."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.patient import halves_in
from bad_days.crowd import Seen

STORED = {
    "started": """SELECT s.id FROM impersonation_sessions s
                  WHERE EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id)
                    AND EXISTS (SELECT FROM audit_entries a
                                WHERE a.session_id = s.id AND a.action = 'session.started')""",
    "refreshed": "SELECT id FROM refresh_tokens",
    "ended": "SELECT id FROM impersonation_sessions WHERE status = 'ended'",
}

TWICE = """SELECT impersonator_id FROM impersonation_sessions WHERE status = 'active'
           GROUP BY impersonator_id HAVING count(*) > 1"""

BUSY = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
          AND application_name = 'impersonator' AND state <> 'idle'"""


async def wrong_in(owner: AsyncEngine, seen: Seen) -> dict[str, Sequence[object]]:
    """What was answered and is not there, what is there by halves, and who has two active sessions, by what it is."""
    await _quiet(owner)
    async with owner.connect() as db:
        stored = {name: {str(each) for each in (await db.execute(text(sql))).scalars()} for name, sql in STORED.items()}
        twice = (await db.execute(text(TWICE))).all()
    answered = {"started": seen.started, "refreshed": seen.refreshed, "ended": seen.ended}
    found: dict[str, Sequence[object]] = {
        f"{name} and not there": [each for each in ids if each not in stored[name]] for name, ids in answered.items()
    }
    found |= {"several active sessions": twice, **await halves_in(owner)}
    return {name: rows for name, rows in found.items() if rows}


async def _quiet(owner: AsyncEngine) -> None:
    """Return when PostgreSQL does nothing for the service any more: a dead worker's last statement may still run."""
    # Within one transaction PostgreSQL would always give the same answer.
    each = owner.execution_options(isolation_level="AUTOCOMMIT")
    async with asyncio.timeout(10), each.connect() as db:
        while (await db.execute(text(BUSY))).scalar_one():  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.05)

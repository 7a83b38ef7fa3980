"""What the doctor asks of PostgreSQL itself."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from impersonator_api.work import Work

LOGIN = text("""
SELECT session_user AS name, clock_timestamp() AS now,
       (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS is_superuser,
       EXISTS (SELECT FROM pg_tables
                WHERE schemaname = current_schema() AND tablename = 'audit_entries'
                  AND pg_has_role(session_user, tableowner, 'MEMBER')) AS owns_tables
""")


@dataclass(frozen=True, slots=True)
class Login:
    """What the database says of the login that we use."""

    name: str
    now: datetime
    is_superuser: bool
    owns_tables: bool


async def load_login(work: Work) -> Login:
    """Who we are there, whatever role we act as, and what time it is."""
    row = (await work.read(LOGIN)).one()
    return Login(row["name"], row["now"], is_superuser=row["is_superuser"], owns_tables=row["owns_tables"])

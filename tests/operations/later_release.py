"""What a later release would bring, and its `migrate` as a process of its own."""

import asyncio
import shutil
import sys
from pathlib import Path
from textwrap import dedent

MIGRATIONS = Path(__file__).parents[2] / "migrations"

COLUMNS = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "9998", "{before}", None, None


def upgrade():
    op.execute("ALTER TABLE clients ADD COLUMN colour text")
    op.execute("ALTER TABLE users ADD COLUMN loud boolean DEFAULT false NOT NULL")
    op.execute("ALTER TABLE impersonation_sessions ADD COLUMN mood text")
    op.execute("ALTER TABLE audit_entries ADD COLUMN mood text")
    op.execute("ALTER TABLE refresh_tokens ADD COLUMN mood text")
    op.execute("CREATE TABLE colours (name text PRIMARY KEY)")
"""

INDEX = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "9998", None, None
{marks}


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_users_loud")
        op.execute("CREATE INDEX CONCURRENTLY ix_users_loud ON users (loud)")
"""

MIGRATE = dedent("""
    import asyncio, sys
    from pathlib import Path
    from impersonator_api import migrate, revisions

    revisions.migrations_folder = lambda: Path(sys.argv[1])
    print(asyncio.run(migrate.migrate(sys.argv[2])))
""")


def later_release(folder: Path, *, before: str, marks: str = "") -> Path:
    """The migrations of a release that comes after this one."""
    migrations = folder / "migrations"
    shutil.copytree(MIGRATIONS, migrations)
    (migrations / "versions" / "9998_columns.py").write_text(COLUMNS.format(before=before))
    (migrations / "versions" / "9999_index.py").write_text(INDEX.format(marks=marks))
    return migrations


async def migrated_by(migrations: Path, url: str) -> str:
    """Let that release migrate; what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MIGRATE, str(migrations), url, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()

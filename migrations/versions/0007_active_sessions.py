"""Active sessions have a table of their own and words are domains, so that an end touches no index and reads no check."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NEEDS = "0007"
HEAVY = "It needs code that knows it: whoever ran before has stopped, and nobody waits."

SESSIONS = "impersonation_sessions"
SERVICE_ROLE = "impersonator_service"

# Whoever was told to stop and has not yet: what he starts must be among what is moved, or he must fail.
ALONE = "LOCK TABLE impersonation_sessions, {held} IN ACCESS EXCLUSIVE MODE"

MOVED = """
INSERT INTO active_sessions (tenant_id, session_id, impersonator_id, slot, expires_at)
SELECT session.tenant_id, session.id, session.impersonator_id, held.slot, session.expires_at
  FROM impersonation_sessions AS session LEFT JOIN active_slots AS held ON held.session_id = session.id
 WHERE session.status = 'active'
"""

MOVED_BACK = """
INSERT INTO active_slots (impersonator_kind, impersonator_id, slot, session_id, expires_at)
SELECT session.impersonator_kind, active.impersonator_id, active.slot, active.session_id, active.expires_at
  FROM active_sessions AS active JOIN impersonation_sessions AS session ON session.id = active.session_id
 WHERE active.slot IS NOT NULL
"""

# By column: its domain, and the words. A CHECK is read anew by each statement, a domain's condition once a connection.
WORDS = {
    "impersonator_kind": ("impersonator_kind", "'user', 'client'"),
    "mode": ("session_mode", "'read_only', 'limited', 'full'"),
    "rights": ("session_rights", "'target', 'intersection'"),
    "status": ("session_status", "'pending', 'active', 'ended'"),
}

# Room for the one change that a row sees in its life, so that it need not leave its page and its indexes stay as they are.
FILLED = """
DO $$ DECLARE part regclass; parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['impersonation_sessions', 'refresh_tokens'] LOOP
        FOR part IN SELECT relid FROM pg_partition_tree(parent::regclass) WHERE isleaf LOOP
            EXECUTE format('ALTER TABLE %s {change}', part);
        END LOOP;
    END LOOP;
END $$
"""

# As in 0005, but for the room.
ENSURE_PARTITIONS = """
CREATE OR REPLACE FUNCTION impersonator_ensure_partitions(first_month timestamptz, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp SET timezone = 'UTC' SET lock_timeout = '250ms' AS $$
DECLARE
    parent text; month timestamptz; child text; made integer := 0;
BEGIN
    IF months > 120 THEN
        RAISE EXCEPTION 'at most 120 months at a time' USING ERRCODE = '22023';
    END IF;
    IF NOT pg_try_advisory_xact_lock(1744465) THEN
        RETURN 0;
    END IF;
    FOR step IN 0..months LOOP
        month := date_trunc('month', first_month) + make_interval(months => step);
        FOREACH parent IN ARRAY ARRAY['impersonation_sessions', 'refresh_tokens', 'audit_entries'] LOOP
            child := parent || to_char(month, '"_y"YYYY"m"MM');
            CONTINUE WHEN to_regclass(child) IS NOT NULL;
            BEGIN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
                {filled}
                IF parent = 'audit_entries' THEN
                    EXECUTE format(
                        'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I '
                        'FOR EACH STATEMENT EXECUTE FUNCTION impersonator_refuse_change()', child);
                END IF;
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child,
                    impersonator_uuid_at(month), impersonator_uuid_at(month + interval '1 month'));
            EXCEPTION
                -- Its rows are in the default partition already and stay there; the other months are made all the same.
                WHEN check_violation THEN CONTINUE;
                WHEN lock_not_available OR deadlock_detected THEN RETURN made;
            END;
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""

FILLED_MONTH = """
                IF parent <> 'audit_entries' THEN
                    EXECUTE format('ALTER TABLE %I SET (fillfactor = 90)', child);
                END IF;
"""


def upgrade() -> None:
    """Go forward."""
    op.execute(ALONE.format(held="active_slots"))
    op.create_table(
        "active_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("impersonator_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.SmallInteger()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", name="pk_active_sessions"),
        sa.UniqueConstraint("impersonator_id", "slot", name="uq_active_sessions_impersonator_id_slot"),
    )
    op.create_index("ix_active_sessions_expires_at", "active_sessions", ["expires_at"])
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON active_sessions TO {SERVICE_ROLE}")
    op.execute(MOVED)
    op.drop_table("active_slots")
    for name in ("active", "overdue", "ticket"):
        op.drop_index(f"ix_sessions_{name}", SESSIONS)
    with_ticket = sa.text("ticket IS NOT NULL")
    op.create_index("ix_sessions_ticket", SESSIONS, ["tenant_id", "ticket", "id"], postgresql_where=with_ticket)
    # They served the foreign keys that 0005 took away; nobody asks by them.
    for table in ("refresh_tokens", "handover_codes"):
        op.drop_index(f"ix_{table}_session_id", table)
    for column, (domain, words) in WORDS.items():
        op.drop_constraint(f"ck_{SESSIONS}_{column}", SESSIONS, type_="check")
        # Its condition comes after, as a column whose type is only called otherwise need not be written anew.
        op.execute(f"CREATE DOMAIN {domain} AS text")
        op.execute(f"ALTER TABLE {SESSIONS} ALTER COLUMN {column} TYPE {domain}")
        op.execute(f"ALTER DOMAIN {domain} ADD CONSTRAINT ck_{domain} CHECK (VALUE IN ({words}))")
    op.execute(FILLED.format(change="SET (fillfactor = 90)"))
    op.execute(ENSURE_PARTITIONS.format(schema=_schema(), filled=FILLED_MONTH))


def downgrade() -> None:
    """Go back. Sessions without a slot stay as they are, and the sweeper finds them by their index again."""
    op.execute(ALONE.format(held="active_sessions"))
    op.execute(ENSURE_PARTITIONS.format(schema=_schema(), filled=""))
    op.execute(FILLED.format(change="RESET (fillfactor)"))
    for column, (domain, words) in WORDS.items():
        op.execute(f"ALTER TABLE {SESSIONS} ALTER COLUMN {column} TYPE text")
        op.execute(f"DROP DOMAIN {domain}")
        op.create_check_constraint(f"ck_{SESSIONS}_{column}", SESSIONS, f"{column} IN ({words})")
    for table in ("refresh_tokens", "handover_codes"):
        op.create_index(f"ix_{table}_session_id", table, ["session_id"])
    op.drop_index("ix_sessions_ticket", SESSIONS)
    op.create_index("ix_sessions_ticket", SESSIONS, ["tenant_id", "ticket", "id"])
    is_active = sa.text("status = 'active'")
    op.create_index("ix_sessions_active", SESSIONS, ["tenant_id", "id"], postgresql_where=is_active)
    op.create_index("ix_sessions_overdue", SESSIONS, ["expires_at"], postgresql_where=is_active)
    op.create_table(
        "active_slots",
        sa.Column("impersonator_kind", sa.Text(), nullable=False),
        sa.Column("impersonator_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("impersonator_kind", "impersonator_id", "slot", name="pk_active_slots"),
        sa.UniqueConstraint("session_id", name="uq_active_slots_session_id"),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON active_slots TO {SERVICE_ROLE}")
    op.execute(MOVED_BACK)
    op.drop_table("active_sessions")


def _schema() -> str:
    quoted: str = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    return quoted

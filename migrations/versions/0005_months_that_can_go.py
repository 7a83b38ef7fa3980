"""Months that can go: nothing points at a session by a foreign key, and a new month stands in nobody's way."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

POINTING = ("active_slots", "handover_codes", "idempotency_keys", "refresh_tokens")

# As in 0003, but a month is made beside its table and attached then. That shuts out nobody but who reads the default
# partition, and gives up after a moment: the next round of the worker's tries again.
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

# As it was in 0003.
ENSURE_PARTITIONS_BEFORE = """
CREATE OR REPLACE FUNCTION impersonator_ensure_partitions(first_month timestamptz, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    parent text; month timestamptz; child text; made integer := 0;
BEGIN
    IF months > 120 THEN
        RAISE EXCEPTION 'at most 120 months at a time' USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(1744465);
    FOR step IN 0..months LOOP
        month := date_trunc('month', first_month) + make_interval(months => step);
        FOREACH parent IN ARRAY ARRAY['impersonation_sessions', 'refresh_tokens', 'audit_entries'] LOOP
            child := parent || to_char(month, '"_y"YYYY"m"MM');
            CONTINUE WHEN to_regclass(child) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent,
                    impersonator_uuid_at(month), impersonator_uuid_at(month + interval '1 month'));
            EXCEPTION WHEN check_violation THEN CONTINUE;
            END;
            IF parent = 'audit_entries' THEN
                EXECUTE format(
                    'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I '
                    'FOR EACH STATEMENT EXECUTE FUNCTION impersonator_refuse_change()', child);
            END IF;
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""


def upgrade() -> None:
    """Go forward. What ran before goes on running: it never relied on the keys."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for table in POINTING:
        op.drop_constraint(f"fk_{table}_session_id", table)
    op.execute(ENSURE_PARTITIONS.format(schema=schema))


def downgrade() -> None:
    """Go back. Rows whose session went with its month go as well: nothing could be done with them."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute(ENSURE_PARTITIONS_BEFORE.format(schema=schema))
    for table in POINTING:
        op.execute(
            f"DELETE FROM {table} AS child WHERE NOT EXISTS"  # noqa: S608  names from above
            " (SELECT FROM impersonation_sessions AS session WHERE session.id = child.session_id)"
        )
        op.create_foreign_key(
            f"fk_{table}_session_id", table, "impersonation_sessions", ["session_id"], ["id"], ondelete="RESTRICT"
        )

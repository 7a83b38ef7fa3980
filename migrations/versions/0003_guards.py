"""What the database itself guards: expected row counts, partitions by month, an audit that only grows, the service's role."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERVICE_ROLE = "impersonator_service"
PARTITIONED = ("impersonation_sessions", "refresh_tokens", "audit_entries")

EXPECT = """
CREATE FUNCTION impersonator_expect(write text, expected bigint, met bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF met <> expected THEN
        RAISE EXCEPTION '%', write USING ERRCODE = 'IMP01', DETAIL = format('expected %s rows, met %s', expected, met);
    END IF;
    RETURN met;
END $$
"""

REFUSE_CHANGE = """
CREATE FUNCTION impersonator_refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit only grows: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'IMP02';
END $$
"""

ROW_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entries
FOR EACH ROW EXECUTE FUNCTION impersonator_refuse_change()
"""

# Row triggers are cloned to partitions, TRUNCATE triggers are not: each table gets its own. Partitions may be there
# already, from before this migration was taken back.
TRUNCATE_TRIGGERS = """
DO $$ DECLARE part regclass;
BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('audit_entries') LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION impersonator_refuse_change()', part);
    END LOOP;
END $$
"""

UUID_AT = """
CREATE FUNCTION impersonator_uuid_at(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$
"""

# Runs as the owner, because the service's role may not create tables; it takes nothing that could be injected.
ENSURE_PARTITIONS = """
CREATE FUNCTION impersonator_ensure_partitions(first_month timestamptz, months integer) RETURNS integer
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
            -- A month whose rows are in the default partition already stays there; the others are made all the same.
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

# Roles belong to the whole cluster: another database's migration may have made it a moment ago, or whoever keeps the
# server did, where the owner may make none.
CREATE_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE_ROLE}') THEN
        CREATE ROLE {SERVICE_ROLE} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

# The owner must be able to act as the service where one login serves both (a small set-up, or the tests). From
# PostgreSQL 16 on, who makes a role is its member without the right to act as it. An owner that may not grant the
# role is no mistake: then another login serves.
JOIN_ROLE = f"""
DO $$ BEGIN
    IF NOT pg_has_role(current_user, '{SERVICE_ROLE}',
                       CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) THEN
        EXECUTE format('GRANT {SERVICE_ROLE} TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$
"""

GRANTS = f"""
GRANT USAGE ON SCHEMA {{schema}} TO {SERVICE_ROLE};
GRANT SELECT ON ALL TABLES IN SCHEMA {{schema}} TO {SERVICE_ROLE};
GRANT INSERT, UPDATE ON tenants, users, roles, user_roles, workspaces, memberships, clients, consents, issuers,
    signing_keys, impersonation_sessions, active_slots, refresh_tokens TO {SERVICE_ROLE};
GRANT DELETE ON user_roles, memberships, active_slots, signing_keys TO {SERVICE_ROLE};
GRANT INSERT ON policies, audit_entries TO {SERVICE_ROLE};
"""


def upgrade() -> None:
    """Go forward."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for statement in (EXPECT, REFUSE_CHANGE, UUID_AT, ROW_TRIGGER, ENSURE_PARTITIONS.format(schema=schema)):
        op.execute(statement)
    for table in PARTITIONED:
        op.execute(f"CREATE TABLE IF NOT EXISTS {table}_default PARTITION OF {table} DEFAULT")
    op.execute(TRUNCATE_TRIGGERS)
    op.execute("SELECT impersonator_ensure_partitions(now(), 3)")
    op.execute("REVOKE ALL ON FUNCTION impersonator_ensure_partitions FROM PUBLIC")
    op.execute(CREATE_ROLE)
    op.execute(JOIN_ROLE)
    for grant in GRANTS.format(schema=schema).strip().split(";\n"):
        op.execute(grant.rstrip(";\n"))
    op.execute(f"GRANT EXECUTE ON FUNCTION impersonator_ensure_partitions TO {SERVICE_ROLE}")


def downgrade() -> None:
    """Go back. The role stays, since other databases of the cluster may use it; so do partitions, for their rows."""
    op.execute("DROP FUNCTION impersonator_ensure_partitions, impersonator_uuid_at, impersonator_expect")
    op.execute("DROP FUNCTION impersonator_refuse_change CASCADE")

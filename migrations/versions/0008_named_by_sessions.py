"""What a session names is held by whoever would delete it, so that no start has to ask for it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SESSIONS = "impersonation_sessions"

# By table: the column by which a session names its rows.
NAMED = {"tenants": "tenant_id", "users": "target_id", "clients": "client_id", "workspaces": "workspace_id"}

# A start holds its tenant's row until it is committed, so this waits for it and then sees its session; later ones meet
# another revision and are decided again. In any other isolation this would not see what it waited for.
REFUSE_NAMED = """
CREATE FUNCTION impersonator_refuse_named() RETURNS trigger
LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
DECLARE
    tenant uuid := coalesce(to_jsonb(OLD) ->> 'tenant_id', to_jsonb(OLD) ->> 'id'); is_named boolean;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION '% on % needs READ COMMITTED', TG_OP, TG_TABLE_NAME USING ERRCODE = '25001';
    END IF;
    UPDATE tenants SET revision = revision + 1 WHERE id = tenant;
    EXECUTE format('SELECT EXISTS (SELECT FROM impersonation_sessions WHERE tenant_id = $1 AND %I = $2)', TG_ARGV[0])
       INTO is_named USING tenant, OLD.id;
    IF is_named THEN
        RAISE EXCEPTION '% on % refused: a session names it', TG_OP, TG_TABLE_NAME USING ERRCODE = '23503';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Go forward."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute(REFUSE_NAMED.format(schema=schema))
    for table, column in NAMED.items():
        op.execute(
            f"CREATE TRIGGER named_by_sessions AFTER DELETE OR UPDATE OF id ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION impersonator_refuse_named('{column}')"
        )
        op.drop_constraint(f"fk_{SESSIONS}_{column}", SESSIONS, type_="foreignkey")


def downgrade() -> None:
    """Go back."""
    for table, column in NAMED.items():
        op.create_foreign_key(f"fk_{SESSIONS}_{column}", SESSIONS, table, [column], ["id"], ondelete="RESTRICT")
    op.execute("DROP FUNCTION impersonator_refuse_named CASCADE")

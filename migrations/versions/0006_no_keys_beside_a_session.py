"""What is written together with its session names no tenant and no client by a key of its own: the session does."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Each key was asked for with every row, and locked its tenant's one row for as long as the statement took: refreshes of
# one tenant met there. No right to delete tenants or clients is given to the service, and sessions go on pointing at both.
KEYS = (
    ("handover_codes", "tenant_id", "tenants"),
    ("handover_codes", "client_id", "clients"),
    ("idempotency_keys", "tenant_id", "tenants"),
    ("refresh_tokens", "tenant_id", "tenants"),
)


def upgrade() -> None:
    """Go forward. What ran before goes on running: it never relied on the keys."""
    for table, column, _ in KEYS:
        op.drop_constraint(f"fk_{table}_{column}", table)


def downgrade() -> None:
    """Go back."""
    for table, column, target in KEYS:
        op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"], ondelete="RESTRICT")

"""Hand-over codes, ids that count once, idempotency keys, and what clients say of keys and audiences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERVICE_ROLE = "impersonator_service"
OF_CLIENTS = ("audiences", "jwks", "jwks_uri", "dpop_bound", "query_handover")


def upgrade() -> None:
    """Go forward."""
    audiences: sa.Column[list[str]] = sa.Column(
        "audiences", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False
    )
    op.add_column("clients", audiences)
    op.add_column("clients", sa.Column("jwks", JSONB()))
    op.add_column("clients", sa.Column("jwks_uri", sa.Text()))
    for name in ("dpop_bound", "query_handover"):
        op.add_column("clients", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("ck_clients_jwks"), "clients", "jwks IS NULL OR jwks_uri IS NULL")

    op.create_table(
        "handover_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_handover_codes_tenant_id", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["impersonation_sessions.id"], name="fk_handover_codes_session_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_handover_codes_client_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("digest", name="pk_handover_codes"),
    )
    op.create_index("ix_handover_codes_session_id", "handover_codes", ["session_id"])
    op.create_index("ix_handover_codes_expires_at", "handover_codes", ["expires_at"])

    op.create_table(
        "used_ids",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_ids"),
    )
    op.create_index("ix_used_ids_expires_at", "used_ids", ["expires_at"])

    op.create_table(
        "idempotency_keys",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("claims", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_idempotency_keys_tenant_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["impersonation_sessions.id"], name="fk_idempotency_keys_session_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])

    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON handover_codes, used_ids, idempotency_keys TO {SERVICE_ROLE}")


def downgrade() -> None:
    """Go back."""
    for table in ("idempotency_keys", "used_ids", "handover_codes"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_clients_jwks"), "clients")
    for name in OF_CLIENTS:
        op.drop_column("clients", name)

"""Sessions, their slots and tokens, and the audit: tables partitioned by the month in their UUIDv7."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET, JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "impersonation_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("impersonator_kind", sa.Text(), nullable=False),
        sa.Column("impersonator_id", sa.Uuid(), nullable=False),
        sa.Column("impersonator_label", sa.Text(), nullable=False),
        sa.Column("impersonator_email", sa.Text()),
        sa.Column("impersonator_rank", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("target_label", sa.Text(), nullable=False),
        sa.Column("target_email", sa.Text()),
        sa.Column("target_rank", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid()),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text())),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("ticket", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("end_reason", sa.Text()),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text()),
        sa.Column("ip", INET()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("actor", JSONB(), nullable=False),
        sa.Column("metadata", JSONB(), nullable=False),
        sa.CheckConstraint(
            "(status = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)",
            name="ck_impersonation_sessions_ended",
        ),
        sa.CheckConstraint(
            "impersonator_kind IN ('user', 'client')", name="ck_impersonation_sessions_impersonator_kind"
        ),
        sa.CheckConstraint("mode IN ('read_only', 'limited', 'full')", name="ck_impersonation_sessions_mode"),
        sa.CheckConstraint("rights IN ('target', 'intersection')", name="ck_impersonation_sessions_rights"),
        sa.CheckConstraint("status IN ('pending', 'active', 'ended')", name="ck_impersonation_sessions_status"),
        sa.CheckConstraint("expires_at > started_at", name="ck_impersonation_sessions_expires_at"),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name="fk_impersonation_sessions_client_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["users.id"], name="fk_impersonation_sessions_target_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_impersonation_sessions_tenant_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_impersonation_sessions_workspace_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_impersonation_sessions"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "ix_sessions_active",
        "impersonation_sessions",
        ["tenant_id", "id"],
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index("ix_sessions_client", "impersonation_sessions", ["tenant_id", "client_id", "id"])
    op.create_index("ix_sessions_impersonator", "impersonation_sessions", ["tenant_id", "impersonator_id", "id"])
    op.create_index(
        "ix_sessions_impersonator_email",
        "impersonation_sessions",
        ["tenant_id", sa.literal_column("lower(impersonator_email)").label("email")],
        postgresql_ops={"email": "text_pattern_ops"},
    )
    op.create_index(
        "ix_sessions_overdue", "impersonation_sessions", ["expires_at"], postgresql_where=sa.text("status = 'active'")
    )
    op.create_index("ix_sessions_target", "impersonation_sessions", ["tenant_id", "target_id", "id"])
    op.create_index(
        "ix_sessions_target_email",
        "impersonation_sessions",
        ["tenant_id", sa.literal_column("lower(target_email)").label("email")],
        postgresql_ops={"email": "text_pattern_ops"},
    )
    op.create_index("ix_sessions_tenant", "impersonation_sessions", ["tenant_id", "id"])
    op.create_index("ix_sessions_ticket", "impersonation_sessions", ["tenant_id", "ticket", "id"])

    op.create_table(
        "active_slots",
        sa.Column("impersonator_kind", sa.Text(), nullable=False),
        sa.Column("impersonator_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["impersonation_sessions.id"], name="fk_active_slots_session_id", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("impersonator_kind", "impersonator_id", "slot", name="pk_active_slots"),
        sa.UniqueConstraint("session_id", name="uq_active_slots_session_id"),
    )

    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("claims", JSONB(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("successor_id", sa.Uuid()),
        sa.ForeignKeyConstraint(
            ["session_id"], ["impersonation_sessions.id"], name="fk_refresh_tokens_session_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refresh_tokens_tenant_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])

    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid()),
        sa.Column("impersonator_kind", sa.Text()),
        sa.Column("impersonator_id", sa.Uuid()),
        sa.Column("impersonator_label", sa.Text()),
        sa.Column("target_id", sa.Uuid()),
        sa.Column("target_label", sa.Text()),
        sa.Column("client_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("ticket", sa.Text()),
        sa.Column("rule", sa.Text()),
        sa.Column("policy_version", sa.Integer()),
        sa.Column("code", sa.Text()),
        sa.Column("detail", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("ip", INET()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index("ix_audit_session", "audit_entries", ["session_id", "id"])
    op.create_index("ix_audit_tenant", "audit_entries", ["tenant_id", "id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("audit_entries")
    op.drop_table("refresh_tokens")
    op.drop_table("active_slots")
    op.drop_table("impersonation_sessions")

"""What happened, written once: triggers refuse UPDATE, DELETE and TRUNCATE, and the service's role may only add."""

from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import INET, JSONB

from impersonator_api.database import metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", Uuid, primary_key=True),
    # No foreign key: an entry outlives whatever it speaks of, and names it as it was.
    Column("tenant_id", Uuid, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("action", Text, nullable=False),
    Column("session_id", Uuid),
    Column("impersonator_kind", Text),
    Column("impersonator_id", Uuid),
    Column("impersonator_label", Text),
    Column("target_id", Uuid),
    Column("target_label", Text),
    Column("client_id", Text),
    Column("reason", Text),
    Column("ticket", Text),
    Column("rule", Text),
    Column("policy_version", Integer),
    Column("code", Text),  # of the refusal, or the reason of an end
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("ip", INET),
    Column("user_agent", Text),
    Column("request_id", Text, nullable=False),
    Column("trace_id", Text),
    Index("ix_audit_tenant", "tenant_id", "id"),
    Index("ix_audit_session", "session_id", "id"),
    postgresql_partition_by="RANGE (id)",
)

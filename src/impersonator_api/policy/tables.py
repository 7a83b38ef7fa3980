"""The versions of each tenant's policy document; the highest is in force, none is ever changed."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from impersonator_api.database import metadata

policies = Table(
    "policies",
    metadata,
    Column("tenant_id", ForeignKey("tenants.id", ondelete="RESTRICT"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
)

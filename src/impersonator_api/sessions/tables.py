"""Impersonation sessions, and the active ones among them, whose slots make "at most N active" a database constraint."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.ext.compiler import compiles

from impersonator_api.database import metadata

INSTANT = DateTime(timezone=True)


class Word(Text):
    """A text that a domain holds to its words; a CHECK of the table would be read anew by each statement (ADR 0029)."""

    def __init__(self, domain: str) -> None:
        super().__init__()
        self.domain = domain


@compiles(Word)
def _called(word: Word, *_: object, **__: object) -> str:
    return word.domain


impersonation_sessions = Table(
    "impersonation_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # No foreign keys: what a session names is held by whoever would delete it, and a start's revision says that it is
    # there (ADR 0031).
    Column("tenant_id", Uuid, nullable=False),
    Column("impersonator_kind", Word("impersonator_kind"), nullable=False),
    Column("impersonator_id", Uuid, nullable=False),  # a user or a client, by kind
    Column("impersonator_label", Text, nullable=False),
    Column("impersonator_email", Text),
    Column("impersonator_rank", Integer, nullable=False),  # at the time, so that a re-check can tell who changed
    Column("target_id", Uuid, nullable=False),
    Column("target_label", Text, nullable=False),
    Column("target_email", Text),
    Column("target_rank", Integer, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("workspace_id", Uuid),
    Column("mode", Word("session_mode"), nullable=False),
    Column("rights", Word("session_rights"), nullable=False),
    Column("permissions", ARRAY(Text)),  # NULL: whatever the target holds
    Column("scopes", ARRAY(Text), nullable=False),
    Column("reason", Text),
    Column("ticket", Text),
    Column("status", Word("session_status"), nullable=False),
    Column("end_reason", Text),
    Column("started_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),
    Column("ended_by", Text),
    Column("ip", INET),
    Column("user_agent", Text),
    Column("rule", Text, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("actor", JSONB, nullable=False),  # the impersonator's login: iss, acr, amr, auth_time
    Column("metadata", JSONB, nullable=False),
    CheckConstraint("(status = 'ended') = (ended_at IS NOT NULL AND end_reason IS NOT NULL)", name="ended"),
    CheckConstraint("expires_at > started_at", name="expires_at"),
    Index("ix_sessions_tenant", "tenant_id", "id"),
    Index("ix_sessions_impersonator", "tenant_id", "impersonator_id", "id"),
    Index("ix_sessions_target", "tenant_id", "target_id", "id"),
    Index("ix_sessions_client", "tenant_id", "client_id", "id"),
    Index("ix_sessions_ticket", "tenant_id", "ticket", "id", postgresql_where=text("ticket IS NOT NULL")),
    postgresql_partition_by="RANGE (id)",
)
Index(
    "ix_sessions_impersonator_email",
    impersonation_sessions.c.tenant_id,
    func.lower(impersonation_sessions.c.impersonator_email).label("email"),
    postgresql_ops={"email": "text_pattern_ops"},
)
Index(
    "ix_sessions_target_email",
    impersonation_sessions.c.tenant_id,
    func.lower(impersonation_sessions.c.target_email).label("email"),
    postgresql_ops={"email": "text_pattern_ops"},
)

# No foreign key points at a session: with one, a month of sessions could not go without a search through every row
# that may point at it, while everybody waits (ADR 0025). They are written together, in one statement; nor do those rows
# point at tenant and client, since their session does.

# Found by a digest of caller, door and key, so that nobody's key meets somebody else's.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("body_digest", LargeBinary, nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    # What the answer's tokens said; never a token, a repeat signs again.
    Column("claims", JSONB, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Index(None, "created_at"),
)

# Written and deleted with what it says: a row is here as long as its session's status is `active`. What must find the
# active ones asks here, so that no index of the sessions speaks of what changes when they end (ADR 0029).
active_sessions = Table(
    "active_sessions",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("session_id", Uuid, primary_key=True),
    Column("impersonator_id", Uuid, nullable=False),
    Column("slot", SmallInteger),  # NULL where the policy lets any number be active
    Column("expires_at", INSTANT, nullable=False),
    UniqueConstraint("impersonator_id", "slot"),
    Index(None, "expires_at"),
)

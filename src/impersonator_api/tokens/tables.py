"""Refresh tokens, found by their `jti`, hand-over codes, what may be used once, and the keys that sign."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from impersonator_api.database import metadata

INSTANT = DateTime(timezone=True)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", Uuid, primary_key=True),  # the token's jti
    # No foreign key: a month of sessions must be able to go (ADR 0025), and the session itself holds tenant and client.
    Column("tenant_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("family_id", Uuid, nullable=False),
    # JSON, but PostgreSQL is not asked what it says; taking it apart would cost more than to write the row (ADR 0029).
    Column("claims", Text, nullable=False),
    Column("issued_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("used_at", INSTANT),
    Column("successor_id", Uuid),
    postgresql_partition_by="RANGE (id)",
)

# Found by SHA-256 of the code, which is random and long.
handover_codes = Table(
    "handover_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", Text),  # RFC 7636, S256
    Column("expires_at", INSTANT, nullable=False),
    Column("used_at", INSTANT),
    Index(None, "expires_at"),
)

# The `jti` of client assertions (RFC 7523 §3) and of DPoP proofs (RFC 9449 §11.1), as SHA-256 of kind, owner and jti.
used_ids = Table(
    "used_ids",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at", INSTANT, nullable=False),
    Index(None, "expires_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("alg", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    Column(
        "private_key", LargeBinary, nullable=False
    ),  # PKCS #8, AES-256-GCM under the master key, kid as associated data
    Column("created_at", INSTANT, nullable=False),
    Column("current_at", INSTANT),
    Column("retired_at", INSTANT),
    CheckConstraint("state IN ('next', 'current', 'retired', 'compromised')", name="state"),
    CheckConstraint("alg IN ('ES256', 'RS256')", name="alg"),
    # One current and one next key per algorithm, whoever rotates at the same time.
    Index(
        "uq_signing_keys_alg_state", "alg", "state", unique=True, postgresql_where=text("state IN ('next', 'current')")
    ),
)

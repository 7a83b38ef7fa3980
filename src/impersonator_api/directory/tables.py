"""Who exists: tenants, people, roles, workspaces, clients, consents and the issuers that are believed."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from impersonator_api.database import metadata

INSTANT = DateTime(timezone=True)
NO_TEXTS = text("'{}'::text[]")
NO_MEMBERS = text("'{}'::jsonb")

tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="active"),
    Column("settings", JSONB, nullable=False, server_default=NO_MEMBERS),
    # Raised first by every change of directory, client, consent or policy; a session remembers its own.
    Column("revision", BigInteger, nullable=False, server_default=text("1")),
    Column("created_at", INSTANT, nullable=False),
    CheckConstraint("status IN ('active', 'suspended')", name="status"),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", ForeignKey("tenants.id", ondelete="RESTRICT"), nullable=False),
    Column("external_id", Text),
    Column("email", Text),
    Column("email_verified", Boolean, nullable=False, server_default=text("false")),
    Column("display_name", Text),
    Column("given_name", Text),
    Column("family_name", Text),
    Column("status", Text, nullable=False, server_default="active"),
    Column("locale", Text),
    Column("attributes", JSONB, nullable=False, server_default=NO_MEMBERS),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    UniqueConstraint("tenant_id", "external_id"),
    CheckConstraint("status IN ('active', 'suspended', 'pending', 'deleted')", name="status"),
)
Index("uq_users_tenant_id_email", users.c.tenant_id, func.lower(users.c.email), unique=True)

roles = Table(
    "roles",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", ForeignKey("tenants.id", ondelete="RESTRICT"), nullable=False),
    Column("name", Text, nullable=False),
    Column("rank", Integer, nullable=False, server_default=text("0")),
    Column("permissions", ARRAY(Text), nullable=False, server_default=NO_TEXTS),
    UniqueConstraint("tenant_id", "name"),
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", ForeignKey("tenants.id", ondelete="RESTRICT"), nullable=False),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("tenant_id", "slug"),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="RESTRICT"), nullable=False),
    Column("role_id", ForeignKey("roles.id", ondelete="RESTRICT"), nullable=False),
    # Where it is set, the role counts in that workspace alone.
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="RESTRICT")),
    UniqueConstraint("user_id", "role_id", "workspace_id", postgresql_nulls_not_distinct=True),
    Index(None, "role_id"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="RESTRICT"), primary_key=True),
    Column("permissions", ARRAY(Text), nullable=False, server_default=NO_TEXTS),
)

clients = Table(
    "clients",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", ForeignKey("tenants.id", ondelete="RESTRICT"), nullable=False),
    Column("client_id", Text, nullable=False, unique=True),
    Column("number", Integer),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="active"),
    Column("subject", Text, nullable=False, server_default="id"),
    Column("rank", Integer, nullable=False, server_default=text("0")),
    Column("permissions", ARRAY(Text), nullable=False, server_default=NO_TEXTS),
    # SHA-256 of each valid secret, newest first, at most two. Secrets are random and long, so a fast digest is safe.
    Column("secret_digests", ARRAY(LargeBinary), nullable=False, server_default=text("'{}'::bytea[]")),
    Column("redirect_uris", ARRAY(Text), nullable=False, server_default=NO_TEXTS),
    Column("scopes", ARRAY(Text), nullable=False, server_default=NO_TEXTS),
    Column("consent_required", Boolean, nullable=False, server_default=text("false")),
    Column("refresh_policy", Text, nullable=False, server_default="rotate"),
    Column("signing_alg", Text, nullable=False, server_default="ES256"),
    # What its access tokens are for (`aud`); unset: the issuer itself.
    Column("audience", Text),
    # What else it may ask for when it exchanges tokens; nothing that is not listed.
    Column("audiences", ARRAY(Text), nullable=False, server_default=NO_TEXTS),
    # The public keys of its assertions (RFC 7523 §3): here, or fetched from there.
    Column("jwks", JSONB),
    Column("jwks_uri", Text),
    # RFC 9449 §5.2: its tokens are bound to a key, whether or not a request brings a proof.
    Column("dpop_bound", Boolean, nullable=False, server_default=text("false")),
    # Seed 001's SDK reads a refresh token from the query; everybody else gets a code in the fragment.
    Column("query_handover", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", INSTANT, nullable=False),
    UniqueConstraint("tenant_id", "number"),
    CheckConstraint("kind IN ('spa', 'service', 'gateway')", name="kind"),
    CheckConstraint("status IN ('active', 'suspended')", name="status"),
    CheckConstraint("subject IN ('id', 'external_id')", name="subject"),
    CheckConstraint("refresh_policy IN ('rotate', 'reuse')", name="refresh_policy"),
    CheckConstraint("signing_alg IN ('ES256', 'RS256')", name="signing_alg"),
    CheckConstraint("jwks IS NULL OR jwks_uri IS NULL", name="jwks"),
)

consents = Table(
    "consents",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True),
    Column("client_id", ForeignKey("clients.id", ondelete="RESTRICT"), primary_key=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("granted_at", INSTANT, nullable=False),
    Column("withdrawn_at", INSTANT),
    Column("expires_at", INSTANT),
)

issuers = Table(
    "issuers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", ForeignKey("tenants.id", ondelete="RESTRICT"), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("jwks_uri", Text, nullable=False),
    Column("audience", Text, nullable=False),
    # `external_id`, `id` or `claim:<name>`: what of the token names the user here. Never an e-mail address.
    Column("subject", Text, nullable=False, server_default="external_id"),
    Column("algorithms", ARRAY(Text), nullable=False),
    Column("typ", ARRAY(Text), nullable=False),
    Column("require_claims", JSONB, nullable=False, server_default=NO_MEMBERS),
    Column("clients", ARRAY(Text)),
    Column("scope", Text),
    Column("match", JSONB),
    Column("status", Text, nullable=False, server_default="active"),
    UniqueConstraint("tenant_id", "issuer"),
    Index(None, "issuer"),
    CheckConstraint("status IN ('active', 'suspended')", name="status"),
)

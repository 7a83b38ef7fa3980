"""A refresh token's claims are a text, since nobody asks PostgreSQL what they say; the audit needs no index by session."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NEEDS = "0009"
HEAVY = "It writes the refresh tokens anew: whoever ran before has stopped, and nobody waits."

CLAIMS = "ALTER TABLE refresh_tokens ALTER COLUMN claims TYPE {kind} USING claims::{kind}"


def upgrade() -> None:
    """Go forward."""
    op.execute(CLAIMS.format(kind="text"))
    op.drop_index("ix_audit_session", "audit_entries")


def downgrade() -> None:
    """Go back."""
    op.create_index("ix_audit_session", "audit_entries", ["session_id", "id"])
    op.execute(CLAIMS.format(kind="jsonb"))

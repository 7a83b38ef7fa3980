"""A refresh token's claims are a text, since nobody asks PostgreSQL what they say."""

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


def downgrade() -> None:
    """Go back."""
    op.execute(CLAIMS.format(kind="jsonb"))

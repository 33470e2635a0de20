"""What is computed, beside a due moment that a person set; and the entry that last moved a time limit."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has set a date yet. Of limits that were moved already a rebuild of the projections says by which entry."""
    op.execute("ALTER TABLE deadline ADD COLUMN computed timestamptz, ADD COLUMN moved bigint")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

"""No index of time limits by task: who knows the task knows its case, and the limits of a case lie together by their id."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each limit had an entry in it, at a random place."""
    op.execute("DROP INDEX deadline_task")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

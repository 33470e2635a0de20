"""The projected table of time limits. Of the millions that wait or are over only those that fall due are ever read."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE deadline (
    id text COLLATE "C" PRIMARY KEY, case_id text NOT NULL, number integer NOT NULL, shard smallint NOT NULL,
    task text NOT NULL, clock text NOT NULL, owner text NOT NULL, since text, due timestamptz NOT NULL,
    next timestamptz, provisional boolean NOT NULL, state text NOT NULL, warned_at timestamptz,
    breached_at timestamptz, ended_at timestamptz)
"""


def upgrade() -> None:
    """A rebuild of the projections fills it for entries that are there already."""
    op.execute(TABLE)
    op.execute("CREATE INDEX deadline_next ON deadline (next, id) WHERE next IS NOT NULL")
    op.execute("CREATE INDEX deadline_task ON deadline (task)")
    op.execute("CREATE INDEX deadline_owner ON deadline (owner, due) WHERE state <> 'ended'")
    op.execute("GRANT SELECT ON deadline TO fengqiao_hub, fengqiao_reader")
    op.execute("GRANT INSERT, UPDATE, DELETE ON deadline TO fengqiao_hub")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

"""Duplicates: which cases are to be compared, and what was offered. Cases that are indexed already are compared once."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DUPLICATE = """
CREATE TABLE duplicate (
    id text PRIMARY KEY, case_id text NOT NULL, shard smallint NOT NULL, other_case text NOT NULL,
    combination text NOT NULL, agrees text NOT NULL, offered_to text NOT NULL, state text NOT NULL,
    offered_at timestamptz NOT NULL, answered_at timestamptz, answered_by text)
"""
SEARCH = "CREATE TABLE duplicate_search (case_id text PRIMARY KEY, asked bigint NOT NULL)"


def upgrade() -> None:
    """What was indexed before is asked for like what comes after."""
    op.execute(DUPLICATE)
    op.execute(SEARCH)
    op.execute("CREATE INDEX duplicate_case ON duplicate (case_id)")
    op.execute("CREATE INDEX duplicate_standing ON duplicate (offered_at) WHERE state = 'offered'")
    for table in ("duplicate", "duplicate_search"):
        op.execute(f"GRANT SELECT ON {table} TO fengqiao_hub, fengqiao_reader")
        op.execute(f"GRANT INSERT, UPDATE, DELETE ON {table} TO fengqiao_hub")
    op.execute("INSERT INTO duplicate_search SELECT DISTINCT case_id, 1 FROM referral_index")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

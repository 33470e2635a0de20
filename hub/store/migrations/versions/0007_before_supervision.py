"""The projected tables of supervision and of follow-ups; breaches by when they were found, for counting."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SUPERVISION = """
CREATE TABLE supervision (
    id text PRIMARY KEY, case_id text NOT NULL, shard smallint NOT NULL, referral text NOT NULL, task text NOT NULL,
    step text NOT NULL, against text NOT NULL, raised_by text NOT NULL, trigger text NOT NULL, deadline text,
    counted integer, lower text, raised_at timestamptz NOT NULL, answer text, state text NOT NULL,
    answered_at timestamptz, cleared_at timestamptz, cleared_by text, cleared_why text)
"""
FOLLOWUP = """
CREATE TABLE followup (
    shard smallint, seq bigint, case_id text NOT NULL, referral text NOT NULL, by text NOT NULL, reached boolean NOT NULL,
    counts boolean NOT NULL, rating smallint, satisfied boolean, at timestamptz NOT NULL, PRIMARY KEY (shard, seq))
"""


def upgrade() -> None:
    """A rebuild of the projections fills them for entries that are there already."""
    op.execute(SUPERVISION)
    op.execute(FOLLOWUP)
    op.execute("CREATE INDEX supervision_case ON supervision (case_id)")
    op.execute(
        "CREATE INDEX supervision_standing ON supervision (against, raised_at) WHERE state <> 'cleared'"
    )
    op.execute("CREATE INDEX followup_referral ON followup (referral)")
    op.execute("CREATE INDEX followup_dissatisfied ON followup (at) WHERE satisfied = false")
    op.execute("CREATE INDEX deadline_breached ON deadline (breached_at) WHERE breached_at IS NOT NULL")
    for table in ("supervision", "followup"):
        op.execute(f"GRANT SELECT ON {table} TO fengqiao_hub, fengqiao_reader")
        op.execute(f"GRANT INSERT, UPDATE, DELETE ON {table} TO fengqiao_hub")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

"""Signed checkpoints of the journal, what witnesses signed under them, and the name of the log.

Both tables are added to and never changed, but for the mark that a checkpoint is on its topic.
"""

from alembic import op

from hub.store.roles import HUB_ROLE, READER_ROLE

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A log goes on under its name, whatever becomes of keys; another store is another log.
STATEMENTS = (
    """
CREATE TABLE checkpoint (
    shard smallint, size bigint, previous bigint NOT NULL, note text NOT NULL, proof bytea NOT NULL,
    frontier bytea NOT NULL, made_at timestamptz NOT NULL, published_at timestamptz, PRIMARY KEY (shard, size))""",
    "CREATE UNIQUE INDEX checkpoint_chain ON checkpoint (shard, previous)",
    "CREATE INDEX checkpoint_unpublished ON checkpoint (shard, size) WHERE published_at IS NULL",
    """
CREATE TABLE cosignature (
    shard smallint, size bigint, witness text COLLATE "C", line text NOT NULL, witnessed_at timestamptz NOT NULL,
    PRIMARY KEY (shard, size, witness))""",
    """
CREATE FUNCTION checkpoints_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'checkpoints are append-only: % of % is not allowed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$""",
    """
CREATE TRIGGER checkpoint_no_change
    BEFORE UPDATE OF shard, size, previous, note, proof, frontier, made_at OR DELETE ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION checkpoints_are_append_only()""",
    """
CREATE TRIGGER cosignature_no_change BEFORE UPDATE OR DELETE ON cosignature
    FOR EACH ROW EXECUTE FUNCTION checkpoints_are_append_only()""",
    """
CREATE TRIGGER checkpoint_no_truncate BEFORE TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_are_append_only()""",
    """
CREATE TRIGGER cosignature_no_truncate BEFORE TRUNCATE ON cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_are_append_only()""",
    f"GRANT SELECT ON checkpoint, cosignature TO {HUB_ROLE}, {READER_ROLE}",
    f"GRANT INSERT ON checkpoint, cosignature TO {HUB_ROLE}",
    f"GRANT UPDATE (published_at) ON checkpoint TO {HUB_ROLE}",
    "INSERT INTO meta VALUES ('log', 'fengqiao-hub/' || gen_random_uuid()) ON CONFLICT DO NOTHING",
)


def upgrade() -> None:
    """Two tables and a name; nothing that is there is touched."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

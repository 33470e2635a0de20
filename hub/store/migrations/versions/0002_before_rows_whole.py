"""Entries and states are stored whole and as they are; a case state is changed in its own page.

An entry is mostly sealed bytes, which don't compress: trying to took an eighth of the server's time.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHOLE = "toast_tuple_target = 8160"

ENSURE = f"""
CREATE OR REPLACE FUNCTION journal_ensure(shard integer, upto bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    span CONSTANT bigint := 1000000;
    parent text := format('journal_%s', shard);
    part text;
    low bigint;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7301, shard);
    IF to_regclass(parent) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES IN (%s) PARTITION BY RANGE (seq)', parent, shard);
        EXECUTE format('CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()', parent);
    END IF;
    FOR number IN 0 .. upto / span LOOP
        part := format('journal_%s_%s', shard, number);
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        low := number * span;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s) WITH ({WHOLE})',
                       part, parent, low, low + span);
        EXECUTE format('CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()', part);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""

EXISTING = f"""
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('journal') WHERE isleaf LOOP
        EXECUTE format('ALTER TABLE %s SET ({WHOLE})', part);
    END LOOP;
END $$
"""


def upgrade() -> None:
    """New rows only; what is stored stays as it is."""
    op.execute(ENSURE)
    op.execute(EXISTING)
    op.execute(f"ALTER TABLE case_state SET ({WHOLE}, fillfactor = 80)")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

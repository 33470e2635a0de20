"""The first schema: journal with its guards, what intake writes beside it, and the projections."""

from alembic import op

from hub.store.roles import GRANTS, ROLES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE shard (
    shard smallint PRIMARY KEY, seq bigint NOT NULL, frontier bytea NOT NULL, received_at timestamptz);
CREATE TABLE position (
    topic text, partition integer, next_offset bigint NOT NULL, last_mac bytea NOT NULL,
    PRIMARY KEY (topic, partition));
CREATE TABLE journal (
    shard smallint, seq bigint, case_id text COLLATE "C", outcome text NOT NULL, received_at timestamptz NOT NULL,
    entry bytea NOT NULL, leaf bytea NOT NULL, PRIMARY KEY (shard, seq)) PARTITION BY LIST (shard);
CREATE INDEX journal_case ON journal (case_id, seq);
CREATE TABLE inbox (
    source text COLLATE "C", message_id text COLLATE "C", shard smallint NOT NULL, seq bigint NOT NULL,
    mac bytea NOT NULL, outcome text NOT NULL, reason text, PRIMARY KEY (source, message_id));
CREATE TABLE case_state (
    case_id text COLLATE "C" PRIMARY KEY, shard smallint NOT NULL, version integer NOT NULL, state bytea NOT NULL);
CREATE TABLE case_key (case_id text COLLATE "C" PRIMARY KEY, wrapped bytea NOT NULL);
CREATE TABLE parked (
    shard smallint, seq bigint, reason text NOT NULL, step text NOT NULL, detail text NOT NULL, topic text NOT NULL,
    partition integer NOT NULL, record_offset bigint NOT NULL, source text, message_id text, case_id text, raw bytea,
    since timestamptz NOT NULL, PRIMARY KEY (shard, seq));
CREATE INDEX parked_message ON parked (source, message_id);
CREATE INDEX parked_waiting ON parked (since) WHERE reason IN ('early', 'held');
CREATE TABLE follower (name text, shard smallint, seq bigint NOT NULL, PRIMARY KEY (name, shard));
CREATE TABLE referral (
    id text COLLATE "C" PRIMARY KEY, case_id text NOT NULL, shard smallint NOT NULL, flow text NOT NULL,
    kind text NOT NULL, sender text NOT NULL, lead text NOT NULL, local_number text NOT NULL, state text NOT NULL,
    outcome text, pending text, legal_at timestamptz NOT NULL, raised_at timestamptz NOT NULL,
    raised_on date NOT NULL, ended_at timestamptz);
CREATE INDEX referral_case ON referral (case_id);
CREATE INDEX referral_cohort ON referral (raised_on, sender, flow, state);
CREATE TABLE task (
    id text COLLATE "C" PRIMARY KEY, referral text NOT NULL, case_id text NOT NULL, flow text NOT NULL,
    sender text NOT NULL, department text NOT NULL, role text NOT NULL, state text NOT NULL,
    since timestamptz NOT NULL, assigned_at timestamptz NOT NULL, assigned_seq bigint NOT NULL,
    delivered_at timestamptz, signed_at timestamptz, accepted_at timestamptz, replied_at timestamptz,
    confirmed_at timestamptz, pending text, outcome text, local_number text);
CREATE INDEX task_case ON task (case_id);
CREATE INDEX task_department ON task (department, state);
CREATE TABLE alias (
    department text, kind text, number text, case_id text, PRIMARY KEY (department, kind, number, case_id));
CREATE TABLE tally (
    what text, department text, flow text, reason text, count bigint NOT NULL,
    PRIMARY KEY (what, department, flow, reason));
"""

APPEND_ONLY = """
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % is not allowed', TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""

NO_CHANGE = """
CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()
"""

NO_TRUNCATE = """
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()
"""

# Partitions: one per shard, and under it one per million entries, made ahead of need.
ENSURE = """
CREATE FUNCTION journal_ensure(shard integer, upto bigint) RETURNS integer
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
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)', part, parent, low, low + span);
        EXECUTE format('CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()', part);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""


def upgrade() -> None:
    """Create everything."""
    for statement in (*TABLES.split(";\n"), ROLES, APPEND_ONLY, NO_CHANGE, NO_TRUNCATE, ENSURE, GRANTS):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

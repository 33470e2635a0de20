"""What auditors look for and what is kept of each look: indexes that follow the journal, and the log of reads.

The indexes hold no personal data: a person is found by keyed hashes, whose rows an erasure deletes. `access_record` is
added to and never changed: each row carries the frontier of its Merkle log, so that nothing beside it has to change.
"""

from alembic import op

from hub.store.roles import HUB_ROLE, READER_ROLE, RECORDER_ROLE

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE person_index (
    token bytea, case_id text COLLATE "C", source text COLLATE "C", message_id text COLLATE "C", place text, field text,
    PRIMARY KEY (token, case_id, source, message_id, place, field))""",
    "CREATE INDEX person_index_case ON person_index (case_id)",
    """
CREATE TABLE number_index (
    number text COLLATE "C", department text COLLATE "C", kind text COLLATE "C", case_id text COLLATE "C",
    PRIMARY KEY (number, department, kind, case_id))""",
    """
CREATE TABLE referral_index (
    referral text COLLATE "C" PRIMARY KEY, case_id text COLLATE "C" NOT NULL, region text COLLATE "C", matter text,
    cause text)""",
    "CREATE INDEX referral_index_region ON referral_index (region)",
    "CREATE INDEX referral_index_matter ON referral_index (matter)",
    """
CREATE TABLE access_record (
    seq bigint PRIMARY KEY, at timestamptz NOT NULL, operator text NOT NULL, what text NOT NULL, cases text[] NOT NULL,
    entry bytea NOT NULL, leaf bytea NOT NULL, frontier bytea NOT NULL)""",
    "CREATE INDEX access_record_cases ON access_record USING gin (cases)",
    "CREATE INDEX access_record_operator ON access_record (operator, at)",
    """
CREATE FUNCTION reads_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of reads is append-only: % is not allowed', TG_OP USING ERRCODE = 'restrict_violation';
END $$""",
    """
CREATE TRIGGER access_record_no_change BEFORE UPDATE OR DELETE ON access_record
    FOR EACH ROW EXECUTE FUNCTION reads_are_append_only()""",
    """
CREATE TRIGGER access_record_no_truncate BEFORE TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION reads_are_append_only()""",
    f"""
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(7300);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{RECORDER_ROLE}') THEN
        CREATE ROLE {RECORDER_ROLE} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$""",
    f"""
DO $$
BEGIN
    GRANT USAGE ON SCHEMA public TO {RECORDER_ROLE};
    GRANT SELECT ON person_index, number_index, referral_index, access_record TO {HUB_ROLE}, {READER_ROLE};
    GRANT INSERT, UPDATE, DELETE ON person_index, number_index, referral_index TO {HUB_ROLE};
    GRANT SELECT, INSERT ON access_record TO {RECORDER_ROLE};
    GRANT SELECT ON journal, inbox, case_key TO {RECORDER_ROLE};
    EXECUTE format('GRANT {RECORDER_ROLE} TO %I', current_user);
END $$""",
)


def upgrade() -> None:
    """New tables and a role; the indexer fills the indexes for entries that are there already."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

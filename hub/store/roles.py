"""Database roles: the hub may append to the journal and no more; the read side may only read.

The recorder notes who looks at a case, and only who is noted can open what is sealed: it may append to the log of reads
and read keys, and no more.
"""

HUB_ROLE, READER_ROLE, RECORDER_ROLE = "fengqiao_hub", "fengqiao_reader", "fengqiao_recorder"

ROLES = f"""
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(7300);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{HUB_ROLE}') THEN CREATE ROLE {HUB_ROLE} NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER_ROLE}') THEN CREATE ROLE {READER_ROLE} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

GRANTS = f"""
DO $$
BEGIN
    GRANT USAGE ON SCHEMA public TO {HUB_ROLE}, {READER_ROLE};
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO {HUB_ROLE}, {READER_ROLE};
    REVOKE ALL ON case_key FROM {READER_ROLE};
    GRANT INSERT ON journal, inbox, case_key, parked TO {HUB_ROLE};
    GRANT DELETE ON parked TO {HUB_ROLE};
    GRANT INSERT, UPDATE ON meta, shard, position, case_state, follower TO {HUB_ROLE};
    GRANT INSERT, UPDATE, DELETE ON referral, task, alias, tally TO {HUB_ROLE};
    GRANT EXECUTE ON FUNCTION journal_ensure(integer, bigint) TO {HUB_ROLE};
    EXECUTE format('GRANT {HUB_ROLE}, {READER_ROLE} TO %I', current_user);
END $$
"""

"""All tables. `hub/store/migrations` builds the same; a test holds them against each other."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()
_TIME = DateTime(timezone=True)

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

shard = Table(
    "shard",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("received_at", _TIME),
)

position = Table(
    "position",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("last_mac", LargeBinary, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", Text),
    Column("outcome", Text, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Index("journal_case", "case_id", "seq"),
    postgresql_partition_by="LIST (shard)",
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("shard", SmallInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
)

case_state = Table(
    "case_state",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("shard", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

case_key = Table(
    "case_key",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

erased_key = Table(
    "erased_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("shard", SmallInteger),
    Column("seq", BigInteger),
    Column("erased_at", _TIME, nullable=False),
    Column("scrubbed_at", _TIME),
    Index("erased_key_left", "case_id", postgresql_where="scrubbed_at IS NULL"),
)

parked = Table(
    "parked",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("source", Text),
    Column("message_id", Text),
    Column("case_id", Text),
    Column("raw", LargeBinary),
    Column("since", _TIME, nullable=False),
    Index("parked_message", "source", "message_id"),
    Index("parked_waiting", "since", postgresql_where="reason IN ('early', 'held')"),
)

follower = Table(
    "follower",
    metadata,
    Column("name", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("made_at", _TIME, nullable=False),
    Column("published_at", _TIME),
    Index("checkpoint_chain", "shard", "previous", unique=True),
    Index("checkpoint_unpublished", "shard", "size", postgresql_where="published_at IS NULL"),
)

cosignature = Table(
    "cosignature",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("witness", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("witnessed_at", _TIME, nullable=False),
)

referral = Table(
    "referral",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("flow", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("local_number", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("pending", Text),
    Column("legal_at", _TIME, nullable=False),
    Column("raised_at", _TIME, nullable=False),
    Column("raised_on", Date, nullable=False),
    Column("ended_at", _TIME),
    Index("referral_case", "case_id"),
    Index("referral_cohort", "raised_on", "sender", "flow", "state"),
)

task = Table(
    "task",
    metadata,
    Column("id", Text, primary_key=True),
    Column("referral", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("since", _TIME, nullable=False),
    Column("assigned_at", _TIME, nullable=False),
    Column("assigned_seq", BigInteger, nullable=False),
    Column("delivered_at", _TIME),
    Column("signed_at", _TIME),
    Column("accepted_at", _TIME),
    Column("replied_at", _TIME),
    Column("confirmed_at", _TIME),
    Column("pending", Text),
    Column("outcome", Text),
    Column("local_number", Text),
    Index("task_case", "case_id"),
    Index("task_department", "department", "state"),
)

deadline = Table(
    "deadline",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("task", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("since", Text),
    Column("due", _TIME, nullable=False),
    Column("next", _TIME),
    Column("provisional", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("warned_at", _TIME),
    Column("breached_at", _TIME),
    Column("ended_at", _TIME),
    Column("computed", _TIME),
    Column("moved", BigInteger),
    Index("deadline_next", "next", "id", postgresql_where="next IS NOT NULL"),
    Index("deadline_owner", "owner", "due", postgresql_where="state <> 'ended'"),
    Index("deadline_breached", "breached_at", postgresql_where="breached_at IS NOT NULL"),
)

supervision = Table(
    "supervision",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("referral", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("against", Text, nullable=False),
    Column("raised_by", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("deadline", Text),
    Column("counted", Integer),
    Column("lower", Text),
    Column("raised_at", _TIME, nullable=False),
    Column("answer", Text),
    Column("state", Text, nullable=False),
    Column("answered_at", _TIME),
    Column("cleared_at", _TIME),
    Column("cleared_by", Text),
    Column("cleared_why", Text),
    Index("supervision_case", "case_id"),
    Index("supervision_standing", "against", "raised_at", postgresql_where="state <> 'cleared'"),
)

followup = Table(
    "followup",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", Text, nullable=False),
    Column("referral", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("rating", SmallInteger),
    Column("satisfied", Boolean),
    Column("at", _TIME, nullable=False),
    Index("followup_referral", "referral"),
    Index("followup_dissatisfied", "at", postgresql_where="satisfied = false"),
)

duplicate = Table(
    "duplicate",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    Column("other_case", Text, nullable=False),
    Column("combination", Text, nullable=False),
    Column("agrees", Text, nullable=False),
    Column("offered_to", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("offered_at", _TIME, nullable=False),
    Column("answered_at", _TIME),
    Column("answered_by", Text),
    Index("duplicate_case", "case_id"),
    Index("duplicate_standing", "offered_at", postgresql_where="state = 'offered'"),
)

alias = Table(
    "alias",
    metadata,
    Column("department", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
)

tally = Table(
    "tally",
    metadata,
    Column("what", Text, primary_key=True),
    Column("department", Text, primary_key=True),
    Column("flow", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

person_index = Table(
    "person_index",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Index("person_index_case", "case_id"),
)

number_index = Table(
    "number_index",
    metadata,
    Column("number", Text, primary_key=True),
    Column("department", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("case_id", Text, primary_key=True),
)

referral_index = Table(
    "referral_index",
    metadata,
    Column("referral", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("region", Text),
    Column("matter", Text),
    Column("cause", Text),
    Index("referral_index_region", "region"),
    Index("referral_index_matter", "matter"),
)

duplicate_search = Table(
    "duplicate_search",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("asked", BigInteger, nullable=False),
)

access_record = Table(
    "access_record",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _TIME, nullable=False),
    Column("operator", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("cases", ARRAY(Text), nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Index("access_record_cases", "cases", postgresql_using="gin"),
    Index("access_record_operator", "operator", "at"),
)

PROJECTED = (referral, task, deadline, supervision, followup, duplicate, alias, tally)
INDEXED = (person_index, number_index, referral_index, duplicate_search)

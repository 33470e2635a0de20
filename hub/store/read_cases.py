"""What people ask about single cases: who has what, under which numbers, and the entries that led there."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.entry import Entry
from hub.store.reading import Snapshot

_CASES = """
SELECT case_id FROM case_state WHERE case_id = $1 UNION SELECT case_id FROM alias WHERE number = $1
UNION SELECT case_id FROM referral WHERE id = $1 UNION SELECT case_id FROM task WHERE id = $1
ORDER BY 1 LIMIT 100"""
_REFERRALS = """
SELECT id, flow, kind, sender, lead, local_number, state, outcome, pending, legal_at,
    raised_at, ended_at
FROM referral WHERE case_id = $1 ORDER BY raised_at, id"""
_TASKS = """
SELECT id, referral, department, role, state, since, assigned_at, delivered_at, signed_at, accepted_at,
    replied_at, confirmed_at, pending, outcome, local_number
FROM task WHERE case_id = $1 ORDER BY assigned_at, assigned_seq, role DESC, department"""
_ALIASES = "SELECT department, kind, number FROM alias WHERE case_id = $1 ORDER BY 1, 2, 3"
_JOURNAL = "SELECT shard, seq, entry FROM journal WHERE case_id = $1 ORDER BY shard, seq"
_ENTRIES = "SELECT entry FROM journal WHERE case_id = $1 ORDER BY seq"


@dataclass(frozen=True, slots=True)
class StoredReferral:
    """A row of `referral`."""

    id: str
    flow: str
    kind: str
    sender: str
    lead: str
    local_number: str
    state: str
    outcome: str | None
    pending: str | None
    legal_at: datetime
    raised_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A row of `task`."""

    id: str
    referral: str
    department: str
    role: str
    state: str
    since: datetime
    assigned_at: datetime
    delivered_at: datetime | None
    signed_at: datetime | None
    accepted_at: datetime | None
    replied_at: datetime | None
    confirmed_at: datetime | None
    pending: str | None
    outcome: str | None
    local_number: str | None


@dataclass(frozen=True, slots=True)
class StoredCaseRows:
    """All projected rows of one case. `aliases`: (department, kind, number)."""

    referrals: list[StoredReferral]
    tasks: list[StoredTask]
    aliases: list[tuple[str, str, str]]


async def cases_named(view: Snapshot, text: str) -> list[str]:
    """The cases with this id, department's number, referral or task; 100 at most."""
    return [row[0] for row in await view.rows(_CASES, text)]


async def case_rows(view: Snapshot, case: str) -> StoredCaseRows:
    """The projected rows of a case; all empty when there is none."""
    return StoredCaseRows(
        [StoredReferral(*row) for row in await view.rows(_REFERRALS, case)],
        [StoredTask(*row) for row in await view.rows(_TASKS, case)],
        [(row[0], row[1], row[2]) for row in await view.rows(_ALIASES, case)],
    )


async def case_journal(view: Snapshot, case: str) -> list[tuple[int, int, bytes]]:
    """Shard, sequence and exact bytes of the journal entries of a case in order."""
    return [(row[0], row[1], row[2]) for row in await view.rows(_JOURNAL, case)]


async def case_entries(view: Snapshot, case: str) -> list[Entry]:
    """The journal entries of a case in order; read by its index."""
    return [Entry.from_bytes(row[0]) for row in await view.rows(_ENTRIES, case)]

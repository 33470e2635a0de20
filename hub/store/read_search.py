"""What auditors search by. Bounded answers; by the indexes that the indexer keeps, so as far as it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.store.reading import Snapshot

_NUMBERED = """
SELECT case_id FROM number_index WHERE number = $1 AND ($2::text IS NULL OR department = $2) ORDER BY 1 LIMIT 1001"""
_NAMED = """
SELECT case_id, token, place, source, message_id FROM person_index WHERE token = ANY($1::bytea[])
ORDER BY 1, 4, 5, 3"""
_REFERRALS = """
SELECT r.id, r.case_id, r.flow, r.kind, r.sender, r.lead, r.local_number, r.state, r.outcome, r.legal_at, r.raised_at,
    i.region, i.matter, i.cause
FROM referral r LEFT JOIN referral_index i ON i.referral = r.id
WHERE ($1::text[] IS NULL OR r.case_id = ANY($1)) AND ($2::text IS NULL OR r.flow = $2)
    AND ($3::text IS NULL OR r.kind = $3) AND ($4::text IS NULL OR i.matter = $4)
    AND ($5::text IS NULL OR i.region LIKE $5 || '%') AND ($6::timestamptz IS NULL OR r.legal_at >= $6)
    AND ($7::timestamptz IS NULL OR r.legal_at < $7) AND ($8::text IS NULL OR r.state = $8)
    AND ($9::text IS NULL OR r.sender = $9 OR EXISTS (
        SELECT FROM task t WHERE t.referral = r.id AND t.department = $9))
ORDER BY r.raised_at DESC, r.id LIMIT $10"""
_BEHIND = """
SELECT coalesce(sum(s.seq - coalesce(f.seq, 0)), 0)::bigint FROM shard s
LEFT JOIN follower f ON f.name = 'indexer' AND f.shard = s.shard"""


@dataclass(frozen=True, slots=True)
class FoundReferral:
    """A referral with what it is about."""

    referral: str
    case: str
    flow: str
    kind: str
    sender: str
    lead: str
    local_number: str
    state: str
    outcome: str | None
    legal_at: datetime
    raised_at: datetime
    region: str | None
    matter: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Mention:
    """A message in which one of the tokens stands, and where."""

    case: str
    token: bytes
    place: str
    source: str
    message: str


@dataclass(frozen=True, slots=True)
class Filters:
    """All of them hold; None says nothing. `region`: what it begins with. From `since` until before `until`, in law."""

    cases: Sequence[str] | None = None
    flow: str | None = None
    kind: str | None = None
    matter: str | None = None
    region: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: str | None = None
    department: str | None = None


async def numbered(view: Snapshot, number: str, department: str | None) -> list[str]:
    """The cases with this number, in the form of `normal_number`; 1,001 at most."""
    return [row[0] for row in await view.rows(_NUMBERED, number, department)]


async def mentions(view: Snapshot, tokens: Sequence[bytes]) -> list[Mention]:
    """Where these persons are named."""
    return [Mention(*row) for row in await view.rows(_NAMED, list(tokens))]


async def referrals(view: Snapshot, by: Filters, limit: int) -> list[FoundReferral]:
    """The latest referrals first."""
    cases = None if by.cases is None else list(by.cases)
    rows = await view.rows(
        _REFERRALS,
        *(cases, by.flow, by.kind, by.matter, by.region, by.since, by.until, by.state, by.department),
        limit,
    )
    return [FoundReferral(*row) for row in rows]


async def behind(view: Snapshot) -> int:
    """How many entries the indexer has still to do."""
    return int((await view.rows(_BEHIND))[0][0])

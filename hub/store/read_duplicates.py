"""Offered duplicates 重复件 that wait for a person's answer, as projected. Bounded."""

from dataclasses import dataclass
from datetime import datetime

from hub.store.read_holds import sealed_records
from hub.store.reading import Snapshot

# Both must be open still, and nothing of either erased.
_STANDING = """
SELECT d.case_id, d.offered_to, d.other_case, o.leads, d.combination, d.agrees, d.offered_at
FROM duplicate d CROSS JOIN LATERAL (
    SELECT string_agg(DISTINCT r.lead, ' ' ORDER BY r.lead) AS leads FROM referral r
    WHERE r.case_id = d.other_case AND r.state = 'open') AS o
WHERE d.state = 'offered' AND ($1::text IS NULL OR $1 = ANY(string_to_array(d.offered_to, ' ')))
    AND o.leads IS NOT NULL AND EXISTS (SELECT FROM referral r WHERE r.case_id = d.case_id AND r.state = 'open')
    AND NOT EXISTS (SELECT FROM erased_key e WHERE e.case_id IN (d.case_id COLLATE "C", d.other_case COLLATE "C"))
ORDER BY d.offered_at, d.id LIMIT $2"""


@dataclass(frozen=True, slots=True)
class OfferedDuplicate:
    """Two open cases that may be one matter. `department`: on whom the later one rests; `agrees`: what agrees, by code."""

    case: str
    department: str
    other_case: str
    rests_with: str
    combination: str
    agrees: str
    since: datetime


async def offered_duplicates(view: Snapshot, department: str | None, limit: int) -> list[OfferedDuplicate]:
    """What waits for an answer, the longest first; a case whose record is sealed 封存 is left out."""
    found = [OfferedDuplicate(*row) for row in await view.rows(_STANDING, department, limit)]
    sealed = await sealed_records(
        view, sorted({case for one in found for case in (one.case, one.other_case)})
    )
    return [one for one in found if one.case not in sealed and one.other_case not in sealed]

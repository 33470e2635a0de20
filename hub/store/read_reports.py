"""Reports that were asked for and are not given, from the projected tables."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from hub.domain.reports_owed import HUB
from hub.store.reading import Snapshot
from schemas.identifiers import mint_case_id

# The time limit of the law on the task; what counts receipts is left out.
_DUE = """
SELECT t.case_id, t.referral, t.id, r.local_number, t.department, t.sender, t.state, d.due, d.computed, d.breached_at
FROM task t JOIN referral r ON r.id = t.referral
LEFT JOIN LATERAL (
    SELECT due, computed, breached_at FROM deadline
    WHERE id > t.case_id || '/' AND id < t.case_id || '0' AND task = t.id AND ended_at IS NULL AND since IS NOT NULL
    ORDER BY due LIMIT 1) d ON true
WHERE t.flow = ANY($1::text[]) AND t.state IN ('assigned', 'delivered', 'signed', 'accepted', 'handling')
    AND t.role = 'lead' AND ($2::text IS NULL OR t.department = $2)
ORDER BY d.due NULLS LAST, t.department, t.id LIMIT $3"""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report that is not given. `computed`: where a person set `due`; `breached_at`: since when it is late, if it is."""

    duty: str
    period: str
    department: str
    to: str
    state: str
    due: datetime | None
    computed: datetime | None
    breached_at: datetime | None
    case: str
    referral: str
    task: str


async def reports_due(
    view: Snapshot, flows: Collection[str], department: str | None, limit: int
) -> list[ReportRow]:
    """What is due first before the rest. What a department raised itself under such a flow is none of them."""
    rows = []
    for case, referral, task, number, who, to, state, due, computed, breached in await view.rows(
        _DUE, sorted(flows), department, limit
    ):
        if mint_case_id(HUB, number) == case:
            duty, _, period = number.split("/")
            rows.append(
                ReportRow(duty, period, who, to, state, due, computed, breached, case, referral, task)
            )
    return rows

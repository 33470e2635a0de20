"""Cases with nothing open, and since when: those whose retention can have run out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime

from hub.domain.case import Case
from hub.domain.decision import CHINA
from hub.store.reading import Snapshot

_ENDED = """
SELECT r.case_id, array_agg(DISTINCT r.flow), max(r.ended_at), s.state FROM referral r JOIN case_state s USING (case_id)
GROUP BY r.case_id, s.state HAVING bool_and(r.state <> 'open') AND max(r.ended_at) < $1 ORDER BY 3, 1"""


@dataclass(frozen=True, slots=True)
class EndedCase:
    """`ended_on`: the day in China on which its last referral ended."""

    case: str
    flows: list[str]
    ended_on: date
    holds: dict[str, str]


async def ended_before(view: Snapshot, limit: datetime) -> AsyncIterator[EndedCase]:
    """The one that ended first comes first."""
    async for rows in view.batches(_ENDED, limit):
        for case, flows, ended, state in rows:
            holds = dict(Case.from_bytes(state).holds)
            yield EndedCase(case, list(flows), ended.astimezone(CHINA).date(), holds)

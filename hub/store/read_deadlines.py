"""The time limits of one case, as projected."""

from dataclasses import dataclass
from datetime import datetime

from hub.store.reading import Snapshot

# The ids of a case's time limits begin with its own and a slash.
_OF_CASE = """
SELECT number, clock, owner, task, due, computed, provisional, state, breached_at, ended_at FROM deadline
WHERE id > $1 || '/' AND id < $1 || '0' ORDER BY number"""


@dataclass(frozen=True, slots=True)
class CaseDeadline:
    """`due`: the first moment that is too late; `computed`: what rule or ladder give, where a person set `due`."""

    number: int
    clock: str
    owner: str
    task: str
    due: datetime
    computed: datetime | None
    provisional: bool
    state: str
    breached_at: datetime | None
    ended_at: datetime | None


async def deadlines_of(view: Snapshot, case: str) -> list[CaseDeadline]:
    """All of a case by number, also those that have ended."""
    return [CaseDeadline(*row) for row in await view.rows(_OF_CASE, case)]

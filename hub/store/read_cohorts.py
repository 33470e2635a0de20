"""The projected referrals as conservation counts them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

from hub.store.reading import Snapshot

_COHORTS = """
SELECT raised_on, sender, flow, state, count(*) FROM referral GROUP BY raised_on, sender, flow, state"""
_STATES = "SELECT id, raised_on, sender, flow, state FROM referral"


@dataclass(frozen=True, slots=True)
class StoredState:
    """One referral. `cohort`: day of raising, sender, flow."""

    referral: str
    cohort: tuple[date, str, str]
    state: str


async def cohorts(view: Snapshot) -> dict[tuple[date, str, str], dict[str, int]]:
    """How many referrals of each cohort are in each state."""
    found: dict[tuple[date, str, str], dict[str, int]] = {}
    for day, sender, flow, state, count in await view.rows(_COHORTS):
        found.setdefault((day, sender, flow), {})[state] = count
    return found


async def states(view: Snapshot) -> AsyncIterator[StoredState]:
    """Every referral, in no order."""
    async for rows in view.batches(_STATES):
        for row in rows:
            yield StoredState(row[0], (row[1], row[2], row[3]), row[4])

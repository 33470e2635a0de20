"""Which cases are held, and which records are sealed: read from the states of cases."""

from collections.abc import Sequence

from hub.domain.case import Case
from hub.domain.record_sealing import sealed_by
from hub.store.reading import ReadStore, Snapshot

_STATES = "SELECT case_id, state FROM case_state WHERE case_id = ANY($1::text[])"
# The name of a hold stands in the state's text; what only looks like one is sorted out after.
_HELD = """SELECT case_id, state FROM case_state WHERE position('"holds":'::bytea IN state) > 0 ORDER BY case_id"""


async def held_cases(store: ReadStore) -> list[tuple[str, str, str]]:
    """Case, hold and article of every hold. Reads the states of all cases once."""
    found = []
    async with store.snapshot() as view:
        async for rows in view.batches(_HELD):
            for case_id, state in rows:
                holds = Case.from_bytes(state).holds
                found += [(case_id, hold, article) for hold, article in sorted(holds.items())]
    return found


async def sealed_records(view: Snapshot, cases: Sequence[str]) -> dict[str, str]:
    """Which of these cases have a sealed record, and of which kind."""
    found = {}
    for case_id, state in await view.rows(_STATES, list(cases)):
        kind = sealed_by(Case.from_bytes(state).facts)
        if kind is not None:
            found[case_id] = kind
    return found

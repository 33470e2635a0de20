"""All that is checked of one shard at one moment: its journal in order, then case by case what follows from it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

from hub.audit.follows import count, verify_parked, verify_positions
from hub.audit.made import readable
from hub.audit.shard_state import Scope, ShardState
from hub.audit.verify_cases import Raws, verify_cases
from hub.audit.verify_checkpoints import Trust, begin, walk
from hub.audit.verify_journal import Look, Tell, verify_journal
from hub.domain.merkle import HASH_BYTES
from hub.projector.projector import Projector
from hub.store import read_checkpoints, read_journal, read_tables
from hub.store.read_journal import LAST, StoredHead
from hub.store.reading import Snapshot, standing

_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """What a snapshot says of the whole store. `passed`: how far each follower has come; `notes`: what persons decided."""

    heads: dict[int, StoredHead]
    passed: dict[tuple[str, int], int]
    log: str
    notes: Mapping[str, str]

    def position(self, shard: int) -> int:
        """The last entry that the projector has passed."""
        return self.passed.get((Projector.name, shard), 0)


async def moment_of(view: Snapshot) -> Moment:
    """The moment of a snapshot."""
    heads = {head.shard: head for head in await read_journal.heads(view)}
    passed, log = (await standing(view)).followers, await read_checkpoints.log_name(view)
    return Moment(heads, passed, log, await read_tables.set_by_persons(view))


async def verify_shard(
    view: Snapshot,
    moment: Moment,
    state: ShardState,
    trust: Trust,
    tell: Tell,
    look: Look | None = None,
    *,
    tables: bool = True,
) -> None:
    """Go on from where `state` is, to the end. `tell` is called whenever somebody could go on from it.

    `tables`: projected ones are made anew and compared too.
    """
    shard, before = state.scope.shard, None if state.cases_done else state.case
    if state.scope.whole:
        await _tally_again(view, moment, state)
    if not state.journal_done or _grows(state):
        await _journal(view, moment, state, trust, tell, look)
    checking = _Checking(view, state, moment.position(shard), tables)
    begun, state.cases_upto = state.cases_upto, state.cases_upto or state.seq
    if not state.cases_done:
        async for case, raws in _cases(view, state):
            if await checking.add(case, raws):
                state.case = case
                tell(state)
        await checking.end()
    if begun:
        # Before an interruption they were checked as they were then.
        async for cases in read_journal.touched(view, shard, begun, LAST):
            again = [case for case in cases if before is None or case <= before]
            async for case, raws in read_journal.entries_of(view, shard, again):
                await checking.add(case, raws)
        await checking.end()
    state.cases_done, state.cases_upto = True, state.seq
    if state.scope.whole:
        await verify_parked(view, state)
        await verify_positions(view, state, moment.notes)
    state.done = True
    tell(state)


class _Checking:
    """Cases are checked some at a time."""

    def __init__(self, view: Snapshot, state: ShardState, position: int, tables: bool) -> None:
        self._view, self._state, self._position, self._tables = view, state, position, tables
        self._pending: list[tuple[str, Raws]] = []

    async def add(self, case: str, raws: Raws) -> bool:
        """One more; whether all are checked now."""
        self._pending.append((case, raws))
        self._state.report.read += len(raws)
        if len(self._pending) == _TOGETHER:
            await self.end()
        return not self._pending

    async def end(self) -> None:
        """Check those that are left."""
        pending, self._pending = self._pending, []
        shard, report = self._state.scope.shard, self._state.report
        await verify_cases(self._view, shard, pending, self._position, report, tables=self._tables)


def _grows(state: ShardState) -> bool:
    """Entries may have come since the journal was checked, and nothing was found that hinders going on."""
    return state.scope.last is None and len(state.frontier) == HASH_BYTES * state.seq.bit_count()


async def _journal(
    view: Snapshot, moment: Moment, state: ShardState, trust: Trust, tell: Tell, look: Look | None
) -> None:
    scope, report = state.scope, state.report
    if scope.first > 1 and not state.seq:
        state.passed, frontier = await begin(view, scope.shard, scope.first, moment.log, trust, report)
        state.seq, state.frontier = frontier.size, frontier.pack()
    if scope.last is not None:
        # To the next checkpoint, so that the last ones are under a root too.
        end = await read_checkpoints.first_with(view, scope.shard, scope.last)
        state.scope = replace(scope, last=None if end is None else end.size)
    checkpoints = walk(view, scope.shard, moment.log, trust, report, state.passed)
    head, position = moment.heads[scope.shard], moment.position(scope.shard)
    await verify_journal(view, head, state, checkpoints, position, tell, look)


async def _tally_again(view: Snapshot, moment: Moment, state: ShardState) -> None:
    """Entries that the projector had not passed yet when they were checked, before an interruption."""
    position = min(moment.position(state.scope.shard), state.seq)
    if state.tallied < position:
        async for rows in read_journal.in_order(view, state.scope.shard, state.tallied, position):
            count(state, readable(row.raw for row in rows), min(position, rows[-1].seq))


async def _cases(view: Snapshot, state: ShardState) -> AsyncIterator[tuple[str, Raws]]:
    scope = state.scope
    if scope.whole:
        async for one in read_journal.by_case(view, scope.shard, state.case):
            yield one
        return
    async for cases in read_journal.touched(view, scope.shard, scope.first - 1, scope.last or LAST):
        async for one in read_journal.entries_of(view, scope.shard, [c for c in cases if c > state.case]):
            yield one


def scope_of(text: str, shards: int) -> Scope:
    """`SHARD`, or `SHARD/FIRST-LAST`. Raises ValueError that says what is allowed."""
    name, _, entries = text.partition("/")
    first, _, last = entries.partition("-")
    numbers = [name, *([first, last or first] if entries else [])]
    if not all(number.isascii() and number.isdigit() for number in numbers) or int(name) >= shards:
        raise ValueError(f"range {text!r}: must be SHARD or SHARD/FIRST-LAST, shards are 0 to {shards - 1}")
    if not entries:
        return Scope(int(name))
    if not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise ValueError(f"range {text!r}: FIRST must be at least 1 and at most LAST")
    return Scope(int(name), int(numbers[1]), int(numbers[2]))

"""Defects that are put into the product on purpose, one at a time, to see that the simulation finds them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.sdk.sender import ROUND, Sender
from connectors.sdk.store.inbox import Hole, Inbox, Next
from connectors.sdk.store.inbox import _next as next_of
from connectors.sdk.store.outbox import Outbox, Place
from hub.domain.decide import decide as real_decide
from hub.domain.entry import Committed
from hub.domain.rules import Rules
from hub.errors import LostShard, Parking, Refusal, RefusalName
from hub.following.hand_over import HandOver
from hub.intake import batch, waiting, worker
from hub.intake.clock_gate import ClockGate
from hub.relay.relay import Relay
from hub.store.ports import Changes
from tests.simulation.plan import plan_of
from tests.simulation.store import RowLock, Server, Session
from tests.simulation.world import run

Plant = Callable[[Callable[..., None]], None]


@contextmanager
def planted(name: str) -> Iterator[None]:
    """With this defect inside. `name` is one of `DEFECTS`."""
    kept: list[tuple[Any, str, Any]] = []

    def put(where: Any, what: str, instead: Any) -> None:
        kept.append((where, what, vars(where).get(what)))
        setattr(where, what, instead)

    try:
        DEFECTS[name].plant(put)
        yield
    finally:
        for where, what, was in reversed(kept):
            if was is None:  # inherited
                delattr(where, what)
            else:
                setattr(where, what, was)


def _no_duplicate_check_at_the_connector(put: Callable[..., None]) -> None:
    """Every record of `.in` is taken as new, though it came before."""

    def take(self: Inbox, received: Any, unreadable: Any, now: float) -> int:
        new = 0
        for one in received:
            place = self._database.row("SELECT COALESCE(MAX(position), 0) + 1 AS next FROM inbox")
            assert place is not None
            new += self._database.execute(
                "INSERT INTO inbox (message, type, case_id, actor, sequence, previous, data, state, taken_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
                (
                    f"{one.message}#{place['next']}",
                    *(one.type, one.case, one.actor, one.sequence, one.previous, one.data, now),
                ),
            )
        return new

    put(Inbox, "take", take)
    put(Inbox, "next", _next_whatever_its_number)


def _order_not_looked_at(put: Callable[..., None]) -> None:
    """What comes is delivered, whatever its number: sequence and previous are not looked at."""
    put(Inbox, "next", _next_whatever_its_number)


def _next_whatever_its_number(self: Inbox, case: str, now: float) -> Next | Hole | None:
    row = self._database.row(
        "SELECT * FROM inbox WHERE case_id = ? AND state = 'pending' ORDER BY position LIMIT 1", (case,)
    )
    return None if row is None else next_of(row)


def _relay_advances_before_acknowledgement(put: Callable[..., None]) -> None:
    async def apply(self: Relay, shard: int, position: int, entries: Sequence[Committed]) -> None:
        records = await self._records(shard, entries)
        if not await self._store.advance(self.name, shard, position, entries[-1].entry.seq):
            raise LostShard("moved on")
        if records:
            await self._publisher.publish(records)

    put(Relay, "apply", apply)


def _hand_over_gap_ignored(put: Callable[..., None]) -> None:
    def take(self: HandOver, position: int, limit: int) -> list[Committed]:
        taken = []
        while self._entries and len(taken) < limit:
            one = self._entries.popleft()
            if one.entry.seq > position:
                taken.append(one)
        return taken

    put(HandOver, "take", take)


def _position_before_the_message(put: Callable[..., None]) -> None:
    """The position is stored in a transaction of its own, before the one that stores the messages."""
    whole = Session.unit

    @asynccontextmanager
    async def unit(self: Session, shard: int) -> Any:
        async with whole(self, shard) as made:
            write = made.write

            async def first_the_position(changes: Changes) -> None:
                held = self._server._shards[shard]
                held.positions |= changes.positions
                await write(changes)

            made.write = first_the_position
            yield made

    put(Session, "unit", unit)


def _inbox_id_without_source(put: Callable[..., None]) -> None:
    run = batch.Batch.run

    def by_id_alone(self: batch.Batch, items: Any) -> None:
        for item in items:
            if item.read is not None:
                same = _SEEN.get((id(self.sealer), item.read.ref.id))
                if same is not None:
                    self.seen.setdefault(item.read.ref, same)
        run(self, items)
        for ref, seen in self.seen.items():
            _SEEN.setdefault((id(self.sealer), ref.id), seen)

    _SEEN.clear()
    put(batch.Batch, "run", by_id_alone)


_SEEN: dict[tuple[int, str], Any] = {}


def _connector_marks_before_acknowledgement(put: Callable[..., None]) -> None:
    async def send_round(self: Sender) -> int:
        now = self._clock()
        self._store.outbox.send_again(self._resend_after, self._resend_longest, now)
        messages = self._store.outbox.next_round(ROUND, self._oversize)
        if not messages:
            return 0
        self._store.outbox.mark_sent([(m.message, Place(self._topic, 0, 0)) for m in messages], now)
        for outcome in await self._produce(messages):
            if isinstance(outcome, BaseException):
                raise outcome
        return len(messages)

    put(Sender, "send_round", send_round)


def _connector_never_sends_again(put: Callable[..., None]) -> None:
    put(Outbox, "send_again", lambda self, resend_after, longest, now: 0)


def _recreated_topic_accepted(put: Callable[..., None]) -> None:
    async def check_positions(source: Any, known: Any, topics: Any, shard: int, sealer: Any) -> Any:
        bounds = await source.bounds([(topic, shard) for topic in topics])
        for place, bound in bounds.items():
            at = known[place].next_offset if place in known else 0
            source.seek(place, min(at, bound.end))
        return {}

    def fresh_records(records: Any, known: Any, gaps: Any = ()) -> Any:
        return list(records)

    put(worker, "check_positions", check_positions)
    put(worker, "fresh_records", fresh_records)


def _positions_not_compared_under_the_lock(put: Callable[..., None]) -> None:
    put(worker, "fresh_records", lambda records, known, gaps=(): list(records))


def _no_shard_lock(put: Callable[..., None]) -> None:
    async def enter(self: RowLock) -> None:
        return

    async def leave(self: RowLock, *error: object) -> None:
        return

    def commit(self: Server, held: Any, written: Sequence[Changes]) -> None:
        for changes in written:
            self._write(held, changes)
        self._on_commit(written)

    put(RowLock, "__aenter__", enter)
    put(RowLock, "__aexit__", leave)
    put(Server, "_commit", commit)


def _clock_does_not_wait_for_answers(put: Callable[..., None]) -> None:
    async def admit(self: ClockGate, records: Any, source: Any, stopped: Any = ()) -> Any:
        return records

    put(ClockGate, "admit", admit)


def _early_treated_as_illegal(put: Callable[..., None]) -> None:
    def decide(*arguments: Any) -> Any:
        try:
            return real_decide(*arguments)
        except Parking as parking:
            raise Refusal(RefusalName.ILLEGAL_STEP, parking.detail) from None

    put(waiting, "decide", decide)


def _cache_kept_after_a_lost_answer(put: Callable[..., None]) -> None:
    put(worker.ShardWorker, "_forget", lambda self: None)


def _follower_moves_without_comparing(put: Callable[..., None]) -> None:
    async def advance(self: Server, name: str, shard: int, old: int, new: int) -> bool:
        await asyncio.sleep(0)
        self._followers[name, shard] = new
        return True

    put(Server, "advance", advance)


def _connector_marks_before_the_sink(put: Callable[..., None]) -> None:
    """The delivery is marked as done before the department system has it."""
    following = Inbox.next

    def next_and_done(self: Inbox, case: str, now: float) -> Next | Hole | None:
        step = following(self, case, now)
        if isinstance(step, Next):
            self.mark_delivered(step, None, now)
        return step

    put(Inbox, "next", next_and_done)


def _cursor_before_the_page(put: Callable[..., None]) -> None:
    """The cursor is stored by itself, and the page a moment later."""
    from connectors.sdk.poller import Poller

    async def poll(self: Poller) -> bool:
        page = await self._source.poll(self._store.cursor)
        now = self._clock()
        self._store.take_page([], page.cursor, now)
        await asyncio.sleep(0.2)
        self._store.take_page([self._writer.write(item) for item in page.items], page.cursor, now)
        self._taken.ring()
        return page.more

    put(Poller, "poll", poll)


@dataclass(frozen=True, slots=True)
class Defect:
    """How it is put in, and the kinds of fault under which it shows."""

    plant: Plant
    under: tuple[str, ...]


DEFECTS: dict[str, Defect] = {
    "no duplicate check at the connector": Defect(_no_duplicate_check_at_the_connector, ("doubled",)),
    "stale relay's records not filtered": Defect(
        _no_duplicate_check_at_the_connector, ("late", "lost_acks", "zombie")
    ),
    "connector does not look at the order": Defect(_order_not_looked_at, ("in_lost",)),
    "relay advances before acknowledgement": Defect(
        _relay_advances_before_acknowledgement, ("bus_away", "bus_cut")
    ),
    "hand-over gap ignored": Defect(_hand_over_gap_ignored, ("lost_answers", "zombie")),
    "position stored before the message": Defect(
        _position_before_the_message, ("failing_commits", "flaky_store")
    ),
    "inbox id without source": Defect(_inbox_id_without_source, ("rebalance",)),
    "connector marks before acknowledgement": Defect(
        _connector_marks_before_acknowledgement, ("bus_away", "bus_cut")
    ),
    "connector never sends again": Defect(
        _connector_never_sends_again, ("recreated", "truncated", "store_away")
    ),
    "connector marks before the sink has it": Defect(_connector_marks_before_the_sink, ("kill",)),
    "cursor stored before the page": Defect(_cursor_before_the_page, ("kill",)),
    "recreated topic accepted": Defect(_recreated_topic_accepted, ("recreated",)),
    "positions not compared under the lock": Defect(
        _positions_not_compared_under_the_lock, ("zombie", "pause")
    ),
    "no shard lock": Defect(_no_shard_lock, ("zombie",)),
    "clock does not wait for answers": Defect(_clock_does_not_wait_for_answers, ("late_raise",)),
    "early treated as illegal": Defect(_early_treated_as_illegal, ("late_raise",)),
    "cache kept after a lost answer": Defect(_cache_kept_after_a_lost_answer, ("lost_answers", "zombie")),
    "follower moves without comparing": Defect(_follower_moves_without_comparing, ("zombie", "pause")),
}


def caught(name: str, rules: Rules, most_seeds: int = 20) -> tuple[int, str] | None:
    """The first seed that finds a planted defect, and how it shows; None when none of so many does."""
    for seed in range(most_seeds):
        with planted(name):
            found = run(plan_of(seed, rules, DEFECTS[name].under), rules)
        if found.violations:
            return seed, found.violations[0]
    return None

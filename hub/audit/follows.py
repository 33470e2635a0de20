"""What follows from a shard's entries in their order and belongs to no case: what is parked, positions, counters."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.audit.made import CHANGED
from hub.audit.report import Report
from hub.audit.shard_state import ParkedSaid, ShardState
from hub.domain.entry import Entry, Outcome
from hub.errors import ParkingName
from hub.intake.desk import MENDS, RETRIED
from hub.projector.tallies import tally
from hub.store import read_tables
from hub.store.reading import Snapshot

WAITING = (ParkingName.EARLY.value, ParkingName.HELD.value)


def follow(state: ShardState, entry: Entry) -> None:
    """What is parked and where the topics are read on, after this entry."""
    try:
        _position(state, entry)
        _parking(state, entry)
    except CHANGED as problem:
        state.report.differs("entry that can be used", "an entry", repr(problem), entry.shard, entry.seq)


def _position(state: ShardState, entry: Entry) -> None:
    """A record that was read moves the position of its topic; one that is taken up again lay there before."""
    if entry.origin is None or _taken_up(entry):
        return
    place = (entry.origin.topic, entry.origin.partition, entry.origin.offset)
    again, state.retried = state.retried, None
    if place == again:
        return
    state.positions[place[0]] = place[2] + 1
    if entry.type == RETRIED and entry.outcome is Outcome.DECIDED:
        data = entry.open or {}
        state.retried = (data["topic"], data["partition"], data["offset"])


def _parking(state: ShardState, entry: Entry) -> None:
    if _taken_up(entry):
        assert entry.refers is not None
        state.parked.pop(state.waiting.pop("/".join(entry.refers), 0), None)
    if entry.outcome is Outcome.PARKED:
        at = entry.origin
        assert at is not None
        state.parked[entry.seq] = ParkedSaid(
            *(entry.reason or "", entry.detail or "", at.topic, at.partition, at.offset),
            *(entry.source, entry.message, entry.case, datetime.fromisoformat(entry.received_at)),
            *(entry.step, entry.kept),
        )
        if entry.reason in WAITING:
            state.waiting[f"{entry.source}/{entry.message}"] = entry.seq
    elif entry.type in MENDS and entry.outcome is Outcome.DECIDED and entry.refers is None:
        data = entry.open or {}
        mended = state.parked.get(data["seq"]) if data["shard"] == entry.shard else None
        if mended is not None and mended.reason not in WAITING:
            del state.parked[data["seq"]]


def _taken_up(entry: Entry) -> bool:
    return entry.refers is not None and entry.outcome is not Outcome.DUPLICATE


def count(state: ShardState, entries: Sequence[Entry], upto: int) -> None:
    """What the projector counts of these entries; all up to one are counted then."""
    due = [entry for entry in entries if state.tallied < entry.seq <= upto]
    state.tallied = max(state.tallied, upto)
    try:
        _count(state, due)
    except CHANGED:
        for entry in due:
            try:
                _count(state, [entry])
            except CHANGED as problem:
                what = "entry that can be projected"
                state.report.differs(what, "an entry", repr(problem), entry.shard, entry.seq)


def _count(state: ShardState, entries: Sequence[Entry]) -> None:
    for key, number in tally(entries).items():
        name = "/".join(key)
        state.tallies[name] = state.tallies.get(name, 0) + number


async def verify_parked(view: Snapshot, state: ShardState) -> None:
    """The parked rows of the shard against what its journal says is parked."""
    shard, report, due = state.scope.shard, state.report, dict(state.parked)
    async for row in read_tables.parked(view, shard):
        seq = row.pop("seq")
        said = due.pop(seq, None)
        report.parked += 1
        name = f"parked {shard}/{seq}"
        if said is None:
            report.differs(name, "no row", "a row", shard, seq)
            continue
        for column, stored in row.items():
            expected = getattr(said, column)
            unsaid = column in ("step", "kept", "since") and said.step is None
            if expected != stored and not unsaid:
                report.differs(f"{name} {column}", expected, stored, shard, seq)
    for seq in due:
        report.differs(f"parked {shard}/{seq}", "a row", "no row", shard, seq)


async def verify_positions(view: Snapshot, state: ShardState, notes: Mapping[str, str]) -> None:
    """Where intake reads on against the last record of each topic in the journal, or against what a person decided."""
    shard, report = state.scope.shard, state.report
    stored = await read_tables.positions(view, shard)
    for topic in sorted(stored.keys() | state.positions.keys()):
        found, name = stored.get(topic), f"position {topic}/{shard}"
        if found is None:
            report.differs(name, state.positions[topic], "no row", shard)
            continue
        expected: Any = state.positions.get(topic, "no row")
        if not found[1]:
            expected = _decided(notes, topic, shard)
        if expected != found[0]:
            report.differs(name, expected, found[0], shard)


def _decided(notes: Mapping[str, str], topic: str, shard: int) -> int | str:
    """The offset that a person set last."""
    about = f"position/{topic}/{shard}/"
    made = {name.removeprefix(about): name for name in notes if name.startswith(about)}
    made |= {name.removeprefix("cluster/"): "" for name in notes if name.startswith("cluster/")}
    if not made:
        return "a position with the keyed hash of the record before it"
    name = made[max(made)]
    return int(json.loads(notes[name])["to"]) if name else 0


async def verify_followers(
    followers: Mapping[tuple[str, int], int], heads: Mapping[int, int], report: Report
) -> None:
    """Nobody has come further than the journal."""
    for (name, shard), seq in sorted(followers.items()):
        if shard in heads and not 0 <= seq <= heads[shard]:
            report.differs(f"follower {name}/{shard}", f"at most {heads[shard]}", seq, shard)

"""Early messages wait, hold back their own sender only, are taken up in order, expire by the clock (5)."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic_core import from_json

from hub.bus.memory import MemoryPublisher, MemoryRecord, MemorySource
from hub.domain.case import Case
from hub.domain.entry import Entry, Outcome
from hub.domain.evolve import fold
from hub.errors import ParkingName, RefusalName
from hub.timekeeper.timekeeper import Timekeeper
from schemas.identifiers import derived_id
from tests.support.core import Core, Ids, papers
from tests.support.seams import Fails

LIMIT = timedelta(hours=72)
PAST_LIMIT = LIMIT + timedelta(seconds=1)


def told(entries: list[Entry]) -> list[tuple[str, str | None, str | None]]:
    return [(e.type.split(".v")[0] if e.type else "", e.outcome.value, e.reason) for e in entries]


async def journal_of(core: Core, ids: Ids) -> list[Entry]:
    return [entry for entry in await core.entries() if entry.case == ids.case]


async def parked(core: Core) -> list[tuple[str, str]]:
    """Case and message of everything that waits."""
    late = core.at + timedelta(days=999)
    return [(case, "waits") for case, _ in await core.stores.waiting.waiting_before(late)]


async def expire(core: Core, after: timedelta = PAST_LIMIT) -> int:
    """The timekeeper looks once, so much later, on the store's clock."""
    core.at += after
    keeper = Timekeeper(
        Waiting(core),
        MemoryPublisher(core.bus),
        core.signer,
        core.names,
        core.shards,
        LIMIT,
        clock=lambda: core.at,
    )
    return await keeper.look()


class Waiting:
    """The store's waiting list under the clock of the test."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.waiting_before = core.stores.waiting.waiting_before
        self.known_aliases = core.stores.waiting.known_aliases

    async def database_time(self) -> object:
        return self.core.at


async def test_an_early_message_waits_and_is_taken_up_in_order(core: Core) -> None:
    record, ids = core.raised("p1")
    core.step(ids, "justice", "task.received", message="m1")
    core.step(ids, "justice", "task.signed", message="m2")
    core.step(ids, "justice", "task.accepted", message="m3")
    await core.read()
    assert [(e.outcome, e.reason) for e in await journal_of(core, ids)] == [
        (Outcome.PARKED, ParkingName.EARLY)
    ] * 3
    assert await parked(core) == [(ids.case, "waits")]
    core.bus.append(record)
    await core.read()
    entries = (await journal_of(core, ids))[3:]
    assert [(e.message, e.outcome.value) for e in entries] == [
        ("raise-p1", "decided"),
        ("m1", "decided"),
        ("m2", "decided"),
        ("m3", "decided"),
    ]
    assert await parked(core) == []
    assert [a["sequence"] for a, _ in core.told("petition")] == []
    await core.relay()
    assert [a["type"] for a, _ in core.told("petition") if "sequence" in a] == [
        "task.received.v1",
        "task.signed.v1",
        "task.accepted.v1",
    ]
    receipts = [r for _, d in core.told("justice", "receipts.issued") for r in d["receipts"]]
    assert [(r["message"], r["outcome"]) for r in receipts] == [
        (m, outcome) for outcome in ("parked", "submitted") for m in ("m1", "m2", "m3")
    ]


async def test_only_the_same_senders_messages_of_the_same_case_are_held(core: Core) -> None:
    ids, other = core.raise_("p1"), core.raise_("p2")
    unknown = Ids(ids.case, other.referral, other.task)
    core.step(unknown, "justice", "task.received", message="early")
    core.step(ids, "justice", "task.received", message="held")
    core.step(other, "justice", "task.received", message="free")
    core.say("petition", "case.fact_recorded", ids.case, FACT, message="also-free")
    core.say("court", "case.fact_recorded", ids.case, FACT, message="stranger")
    await core.read()
    by_name = {e.message: (e.outcome.value, e.reason) for e in await core.entries()}
    assert by_name["early"] == ("parked", ParkingName.EARLY)
    assert by_name["held"] == ("parked", ParkingName.HELD)
    assert by_name["free"] == ("decided", None)
    assert by_name["also-free"] == ("decided", None)
    assert by_name["stranger"] == ("refused", RefusalName.NOT_A_PARTY)


async def test_who_waits_for_a_part_in_the_case_is_no_stranger(core: Core) -> None:
    """What it says is taken up with the referral that names it, and refused when that never comes (found by seed 1994)."""
    ids = core.raise_("p1")
    record, _ = core.raised("p1", lead="court", flow="F21", kind="forward", papers=papers("forward_letter"))
    record = core.message("petition", "referral.raised", ids.case, record.value or b"", message="second")
    second = Ids(
        ids.case, derived_id("petition", "second", "referral"), derived_id("petition", "second", "task")
    )
    core.step(second, "court", "task.received", message="c1")
    core.say("court", "case.fact_recorded", ids.case, FACT, message="c2")
    await core.read()
    by_name = {e.message: (e.outcome.value, e.reason) for e in await core.entries()}
    assert (by_name["c1"], by_name["c2"]) == (("parked", ParkingName.EARLY), ("parked", ParkingName.HELD))
    core.bus.append(record)
    await core.read()
    taken = {e.message: e.outcome.value for e in await core.entries() if e.refers is not None}
    assert taken == {"c1": "decided", "c2": "decided"}


FACT = {"legal_at": "2026-03-02T09:00:00+08:00", "fact": "custody", "value": "released"}


async def test_a_stranger_who_is_early_holds_nothing_back(core: Core) -> None:
    """A department without a part in the case may park messages in it; nobody waits behind them (5)."""
    ids = core.raise_("p1")
    early = {"referral": ids.case, "task": ids.case, "legal_at": "2026-03-02T09:00:00+08:00"}
    for n in range(3):
        core.say("court", "task.signed", ids.case, early, message=f"c{n}")
    core.step(ids, "justice", "task.received", message="m1")
    await core.read()
    assert [(e.message, e.outcome.value, e.reason) for e in await journal_of(core, ids)] == [
        ("raise-p1", "decided", None),
        *((f"c{n}", "parked", ParkingName.EARLY) for n in range(3)),
        ("m1", "decided", None),
    ]


async def test_waiting_ends_by_the_clocks_message(core: Core) -> None:
    ids = core.raise_("p1")
    unknown = Ids(ids.case, ids.case, ids.case)
    core.step(unknown, "justice", "task.received", message="early")
    core.step(ids, "justice", "task.received", message="held")
    await core.read()
    assert await expire(core, timedelta(hours=71)) == 0
    assert await expire(core, timedelta(hours=2)) == 1
    await core.read()
    assert told((await journal_of(core, ids))[3:]) == [
        ("hub.early_expired", "decided", None),
        ("task.received", "refused", RefusalName.EARLY_EXPIRED),
        ("task.received", "decided", None),
    ]
    assert await parked(core) == []
    await core.relay()
    assert [(d["message"], d["reason"]) for _, d in core.told("justice", "message.refused")] == [
        ("early", "early_expired")
    ]


async def test_what_was_held_behind_and_is_early_itself_expires_too(core: Core) -> None:
    """Nobody waits in silence (promise 5): who was held has an end to his waiting as well."""
    ids = core.raise_("p1")
    unknown = Ids(ids.case, ids.case, ids.case)
    core.step(unknown, "justice", "task.received", message="early")
    core.later(hours=1)
    core.step(unknown, "justice", "task.signed", message="held-and-early")
    core.step(ids, "justice", "task.received", message="held")
    await core.read()
    for _ in range(3):
        await expire(core)
        await core.read()
    ends = {
        e.message: (e.outcome.value, e.reason) for e in await journal_of(core, ids) if e.refers is not None
    }
    assert ends == {
        "early": ("refused", RefusalName.EARLY_EXPIRED),
        "held-and-early": ("refused", RefusalName.EARLY_EXPIRED),
        "held": ("decided", None),
    }
    assert await parked(core) == []
    assert await expire(core) == 0


async def test_a_timekeeper_that_looks_twice_says_it_once(core: Core) -> None:
    ids = core.raise_("p1")
    core.step(Ids(ids.case, ids.case, ids.case), "justice", "task.received", message="early")
    await core.read()
    await expire(core)
    await expire(core, timedelta(seconds=1))
    clock = core.log(core.names.hub("hub.clock.out"))
    assert len(clock) == 2
    assert (clock[0].value, list(clock[0].headers)) == (clock[1].value, list(clock[1].headers))
    assert set(from_json(clock[0].value or b"")) == {"before", "moment"}
    await core.read()
    assert [e.outcome for e in await journal_of(core, ids)][-3:] == [
        Outcome.DECIDED,
        Outcome.REFUSED,
        Outcome.DUPLICATE,
    ]


async def test_an_answer_that_waits_in_its_topic_is_never_called_late(core: Core) -> None:
    """The clock's message is decided after everything that the broker had before it (5a.6)."""
    record, ids = core.raised("p1")
    core.step(ids, "justice", "task.received", message="early")
    await core.read()
    core.at += timedelta(hours=71)
    core.bus.append(record)
    await expire(core, timedelta(hours=2))
    await core.read()
    assert told(await journal_of(core, ids))[1:] == [
        ("referral.raised", "decided", None),
        ("task.received", "decided", None),
        ("hub.early_expired", "decided", None),
    ]


async def test_the_stored_state_is_the_fold_of_the_journal(core: Core) -> None:
    record, ids = core.raised("p1")
    core.step(ids, "justice", "task.received")
    core.bus.append(record)
    core.step(ids, "justice", "task.signed")
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement")
    core.step(Ids(ids.case, ids.case, ids.case), "justice", "task.signed")
    core.step(ids, "justice", "task.accepted")
    await core.read()
    entries = await journal_of(core, ids)
    folded = fold(Case(ids.case), [event for entry in entries for event in entry.events])
    async with core.stores.intake.unit(entries[0].shard) as unit:
        stored = (await unit.load([ids.case]))[ids.case].state
    assert stored == folded.to_bytes()
    assert [waiting.held for waiting in folded.waiting] == [False, True]


class InTurn(MemorySource):
    """Gives one topic at a take, in the order of `turns`; then all, as usual."""

    def __init__(self, core: Core, *turns: str) -> None:
        super().__init__(core.bus, core.shards)
        self.turns = {shard: list(turns) for shard in range(core.shards)}

    async def take(
        self, shard: int, topics: Sequence[str], max_records: int, wait_ms: int
    ) -> list[MemoryRecord]:
        turn = [self.turns[shard].pop(0)] if self.turns[shard] else topics
        return await super().take(shard, turn, max_records, wait_ms)


async def test_an_answer_whose_commit_failed_is_still_before_the_clock(core: Core) -> None:
    """What was read and not committed was not read (5a.6)."""
    record, ids = core.raised("p1")
    core.step(ids, "justice", "task.received", message="early")
    await core.read()
    await expire(core)
    core.bus.append(record)
    source = InTurn(core, core.names.out_of("petition"), core.names.hub("hub.clock.out"))
    await core.read(core.intake(source, store=Fails(core.stores.intake, 1)))
    assert told(await journal_of(core, ids))[1:] == [
        ("referral.raised", "decided", None),
        ("task.received", "decided", None),
        ("hub.early_expired", "decided", None),
    ]

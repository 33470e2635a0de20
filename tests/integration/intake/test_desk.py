"""What a person decides about a parked record: taken up again or given up, once, in the history, told to the sender (5)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic_core import from_json

from hub.bus.ports import OutRecord
from hub.domain.entry import Entry, Outcome
from hub.errors import ParkingName
from hub.intake.desk import DISMISSED, RETRIED, Desk, desk_case
from hub.intake.entries import parked_name
from hub.intake.reading import PassedRecord
from hub.intake.verifying import KeyRegistry
from hub.store.memory import MemoryStore
from hub.store.ports import Changes, Position
from schemas.identifiers import derived_id
from schemas.partitioner import partition_of
from tests.integration.intake.test_number import SUBJECT, decided, fact, known_case
from tests.support.core import Core, entry, secret_key
from tests.support.everywhere import assert_nowhere
from tests.support.seams import Broken

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
REASON = "经查系平台缺陷，已修复"


def desk(core: Core) -> Desk:
    return Desk(core.names, core.signer, core.shards)


async def parked_rows(core: Core, dsn: str | None) -> set[tuple[int, int]]:
    """What is parked now, by shard and sequence."""
    if dsn is None:
        store = core.stores.intake
        assert isinstance(store, MemoryStore)
        return {(store_shard(core, row.partition), row.seq) for row, _ in store.parked()}
    import asyncpg

    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT shard, seq FROM parked")
    await connection.close()
    return {(row[0], row[1]) for row in rows}


def store_shard(core: Core, partition: int) -> int:
    """Records are parked in the shard of their partition."""
    assert partition < core.shards
    return partition


async def as_parked(core: Core, parked: Entry) -> PassedRecord:
    """The record that the bus still holds at the place of a parked entry."""
    assert parked.origin is not None
    place = parked.origin
    (record,) = [
        r for r in core.log(place.topic) if (r.partition, r.offset) == (place.partition, place.offset)
    ]
    return PassedRecord(*place_of(parked), record.key, record.value, record.headers, record.timestamp)


def place_of(parked: Entry) -> tuple[str, int, int]:
    assert parked.origin is not None
    return parked.origin.topic, parked.origin.partition, parked.origin.offset


async def a_defect(core: Core) -> tuple[OutRecord, Entry]:
    """A good referral that a defect has parked."""
    record, _ = core.raised("p1")
    core.bus.append(record)
    await core.read(core.intake(rules=replace(core.rules, flows=Broken(core.rules.flows, "F20"))))
    (parked,) = await core.entries()
    assert (parked.outcome, parked.reason) == (Outcome.PARKED, ParkingName.DEFECT)
    return record, parked


async def test_after_the_defect_is_mended_the_record_is_decided_and_its_sender_told(
    core: Core, dsn: str | None
) -> None:
    record, parked = await a_defect(core)
    assert record.key is not None
    again = desk(core).retry(
        parked.shard, parked.seq, await as_parked(core, parked), record.key.decode(), REASON, NOW
    )
    core.bus.append(again)
    core.bus.append(again)
    await core.read()
    kinds = [(e.type, e.outcome, e.source) for e in await core.entries()]
    assert kinds[1:] == [
        (RETRIED, Outcome.DECIDED, "hub"),
        ("referral.raised.v1", Outcome.DECIDED, "petition"),
        (RETRIED, Outcome.DUPLICATE, "hub"),
    ]
    taken = (await core.entries())[2]
    assert taken.origin == parked.origin
    assert await parked_rows(core, dsn) == set()
    await assert_nowhere(core, dsn, REASON, "测试员甲")
    await core.relay()
    receipts = [r for _, d in core.told("petition", "receipts.issued") for r in d["receipts"]]
    assert [(r["offset"], r["outcome"], r["message"]) for r in receipts] == [
        (0, "parked", "raise-p1"),
        (0, "submitted", "raise-p1"),
    ]
    assert len(core.told("justice", "task.assigned")) == 1


async def test_what_was_passed_on_by_a_number_can_be_taken_up_again(core: Core, dsn: str | None) -> None:
    case = await known_case(core)
    core.say("petition", "case.fact_recorded", SUBJECT, fact(), message="f1")
    await core.read()
    await core.relay()
    others = {("hub", "hub-1"): (entry("hub"), core.secrets["hub"].public_key())}
    await core.read(core.intake(keys=KeyRegistry(others)))
    (parked,) = [e for e in await core.entries() if e.outcome is Outcome.PARKED]
    assert parked.reason == ParkingName.UNKNOWN_SIGNER
    core.bus.append(
        desk(core).retry(parked.shard, parked.seq, await as_parked(core, parked), case, REASON, NOW)
    )
    await core.read()
    (taken,) = await decided(core, "f1")
    assert (taken.case, taken.outcome) == (case, Outcome.DECIDED)
    assert await parked_rows(core, dsn) == set()


async def test_what_waits_for_a_parked_record_does_not_hold_it_back(core: Core, dsn: str | None) -> None:
    """Its sender went on; the record is taken up in the place that it had, and what waits for it after it."""
    core.raise_("p1")
    await core.read()
    first, _ = core.raised("p1")
    case = (first.key or b"").decode()
    record = core.message("petition", "referral.raised", case, first.value or b"", message="second")
    core.bus.append(record)
    await core.read(core.intake(rules=replace(core.rules, flows=Broken(core.rules.flows, "F20"))))
    parked = (await core.entries())[-1]
    assert parked.reason == ParkingName.DEFECT
    referral = derived_id("petition", "second", "referral")
    asked = {"referral": referral, "reason": "双方和解", "legal_at": "2026-03-02T10:00:00+08:00"}
    core.say("petition", "referral.withdrawal_requested", case, asked, message="back")
    await core.read()
    assert (await core.entries())[-1].reason == ParkingName.EARLY
    again = desk(core).retry(parked.shard, parked.seq, await as_parked(core, parked), case, REASON, NOW)
    core.bus.append(again)
    await core.read()
    said = [(e.message, e.outcome) for e in (await core.entries())[-2:]]
    assert said == [("second", Outcome.DECIDED), ("back", Outcome.DECIDED)]
    assert await parked_rows(core, dsn) == set()


async def test_what_the_sender_sent_again_meanwhile_counts_once(core: Core, dsn: str | None) -> None:
    record, parked = await a_defect(core)
    core.bus.append(record)
    await core.read()
    assert record.key is not None
    core.bus.append(
        desk(core).retry(
            parked.shard, parked.seq, await as_parked(core, parked), record.key.decode(), "x", NOW
        )
    )
    await core.read()
    assert [e.outcome for e in await core.entries()] == [
        Outcome.PARKED,
        Outcome.DECIDED,
        Outcome.DECIDED,
        Outcome.DUPLICATE,
    ]
    assert await parked_rows(core, dsn) == set()


async def test_one_that_fails_again_is_parked_again_and_can_be_retried_again(
    core: Core, dsn: str | None
) -> None:
    record, parked = await a_defect(core)
    broken = core.intake(rules=replace(core.rules, flows=Broken(core.rules.flows, "F20")))
    assert record.key is not None
    again = desk(core).retry(
        parked.shard, parked.seq, await as_parked(core, parked), record.key.decode(), REASON, NOW
    )
    core.bus.append(again)
    await core.read(broken)
    last = (await core.entries())[-1]
    assert (last.outcome, last.reason, last.origin) == (Outcome.PARKED, ParkingName.DEFECT, parked.origin)
    assert await parked_rows(core, dsn) == {(last.shard, last.seq)}
    core.bus.append(
        desk(core).retry(last.shard, last.seq, await as_parked(core, last), record.key.decode(), REASON, NOW)
    )
    await core.read()
    assert [e.outcome for e in await core.entries()][-2:] == [Outcome.DECIDED, Outcome.DECIDED]
    assert await parked_rows(core, dsn) == set()


async def test_one_whose_key_is_not_registered_yet_leaves_what_was_parked_as_it_is(
    core: Core, dsn: str | None
) -> None:
    record, _ = core.raised("p1")
    core.bus.append(record)
    known = {(w, f"{w}-1"): (entry(w), secret_key(w).public_key()) for w in ("hub", "justice")}
    without = core.intake(keys=KeyRegistry(known))
    await core.read(without)
    (parked,) = await core.entries()
    assert parked.reason == ParkingName.UNKNOWN_SIGNER
    assert record.key is not None
    retry = desk(core).retry(
        parked.shard, parked.seq, await as_parked(core, parked), record.key.decode(), "x", NOW
    )
    core.bus.append(retry)
    await core.read(core.intake(keys=KeyRegistry(known)))
    last = (await core.entries())[-1]
    assert (last.outcome, last.reason) == (Outcome.PARKED, ParkingName.UNKNOWN_SIGNER)
    assert (parked.shard, parked.seq) in await parked_rows(core, dsn)
    core.bus.append(retry)
    await core.read()
    assert [e.outcome for e in await core.entries()][-2:] == [Outcome.DECIDED, Outcome.DECIDED]
    assert (parked.shard, parked.seq) not in await parked_rows(core, dsn)


async def test_dismissed_junk_is_listed_no_longer_and_the_history_says_why(
    core: Core, dsn: str | None
) -> None:
    ids = core.raise_("p1")
    core.bus.append(replace(core.message("justice", "task.signed", ids.case, b"{"), headers=[]))
    core.step(ids, "justice", "task.signed")
    await core.read()
    (parked,) = [e for e in await core.entries() if e.outcome is Outcome.PARKED]
    core.bus.append(desk(core).dismiss(parked.shard, parked.seq, REASON, NOW))
    core.bus.append(desk(core).dismiss(parked.shard, parked.seq, REASON, NOW))
    await core.read()
    dismissed = [e for e in await core.entries() if e.type == DISMISSED]
    assert [e.outcome for e in dismissed] == [Outcome.DECIDED, Outcome.DUPLICATE]
    case = desk_case(parked.shard, core.shards)
    assert dismissed[0].case == case
    assert (dismissed[0].open or {})["seq"] == parked.seq
    wrapped = (await core.stores.journal.keys([case]))[case]
    sealed = core.sealer.unwrap(case, wrapped).open(
        dismissed[0].sealed or "", f"hub/{dismissed[0].message}".encode()
    )
    assert from_json(sealed) == {"reason": REASON}
    await assert_nowhere(core, dsn, REASON)
    assert await parked_rows(core, dsn) == set()


async def test_what_waits_is_not_the_desks_matter(core: Core, dsn: str | None) -> None:
    _, ids = core.raised("p1")
    core.step(ids, "justice", "task.received")
    await core.read()
    (early,) = await core.entries()
    assert early.reason == ParkingName.EARLY
    core.bus.append(desk(core).dismiss(early.shard, early.seq, "x", NOW))
    await core.read()
    assert await parked_rows(core, dsn) == {(early.shard, early.seq)}


async def test_a_place_that_is_read_again_parks_again(core: Core, dsn: str | None) -> None:
    """After a person has set the position back, or in a topic that was made anew."""
    ids = core.raise_("p1")
    junk = replace(core.message("justice", "task.signed", ids.case, b"{"), headers=[])
    core.bus.append(junk)
    await core.read()
    async with core.stores.intake.unit(junk.partition) as unit:
        await unit.write(Changes(unit.head, positions={(junk.topic, junk.partition): Position(0, b"")}))
    await core.read()
    parked = [e for e in await core.entries() if e.outcome is Outcome.PARKED]
    assert [place_of(e) for e in parked] == [place_of(parked[0])] * 2
    names = [parked_name(e.shard, e.seq) for e in parked]
    assert set(await core.stores.journal.keys(names)) == set(names)
    assert await parked_rows(core, dsn) == {(e.shard, e.seq) for e in parked}


@pytest.mark.parametrize("shards", [1, 2, 6, 64])
def test_the_desk_has_a_case_in_each_shard(shards: int) -> None:
    cases = [desk_case(shard, shards) for shard in range(shards)]
    assert [partition_of(case, shards) for case in cases] == list(range(shards))

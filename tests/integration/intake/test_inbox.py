"""Nothing counts twice; an id is for one content for ever (promise 2, 5a.1)."""

from dataclasses import replace

from hub.domain.case import MessageRef
from hub.domain.entry import Entry, Outcome
from hub.errors import ParkingName, RefusalName
from schemas.identifiers import mint_case_id
from schemas.partitioner import partition_of
from tests.support.core import Core


def outcomes(entries: list[Entry]) -> list[tuple[str, str | None]]:
    return [(entry.outcome.value, entry.reason) for entry in entries]


async def test_a_duplicate_gets_its_recorded_outcome(core: Core) -> None:
    record, ids = core.raised("p1")
    for _ in range(3):
        core.bus.append(record)
    await core.read()
    core.bus.append(record)
    await core.read()
    entries = await core.entries()
    assert [e.outcome for e in entries] == [Outcome.DECIDED] + [Outcome.DUPLICATE] * 3
    assert {e.refers for e in entries[1:]} == {MessageRef("petition", "raise-p1")}
    assert {e.case for e in entries} == {ids.case}
    assert sum(event.e == "referral_raised" for e in entries for event in e.events) == 1
    await core.relay()
    receipts = [r for _, data in core.told("petition", "receipts.issued") for r in data["receipts"]]
    assert [(r["outcome"], r["duplicate"], r["offset"]) for r in receipts] == [
        ("submitted", n > 0, n) for n in range(4)
    ]
    assert len(core.told("justice", "task.assigned")) == 1


async def test_a_duplicate_of_a_refused_message_is_refused_the_same_way(core: Core) -> None:
    """Also when the case has come into being since, under a key that was not there at the refusal."""
    refused, ids = core.raised("p1", papers=[])
    core.bus.append(refused)
    await core.read()
    good, _ = core.raised("p1")
    core.bus.append(core.message("petition", "referral.raised", ids.case, good.value, message="better"))
    core.bus.append(refused)
    await core.read()
    assert outcomes(await core.entries()) == [
        ("refused", RefusalName.PAPER_MISSING),
        ("decided", None),
        ("duplicate", RefusalName.PAPER_MISSING),
    ]
    await core.relay()
    receipts = [r for _, data in core.told("petition", "receipts.issued") for r in data["receipts"]]
    assert [(r["outcome"], r["reason"], r["duplicate"]) for r in receipts] == [
        ("refused", "paper_missing", False),
        ("submitted", None, False),
        ("refused", "paper_missing", True),
    ]


async def test_an_id_used_for_other_content_is_refused(core: Core) -> None:
    ids = core.raise_("p1")
    core.step(ids, "justice", "task.received", message="m1")
    core.step(ids, "justice", "task.received", message="m1", local_number="收1")
    core.step(ids, "justice", "task.signed", message="m1")
    await core.read()
    core.step(ids, "justice", "task.signed", message="m1")
    await core.read()
    assert (
        outcomes(await core.entries()) == [("decided", None)] * 2 + [("refused", RefusalName.ID_REUSED)] * 3
    )
    await core.relay()
    assert [d["reason"] for _, d in core.told("justice", "message.refused")] == ["id_reused"] * 3


async def test_an_id_used_in_another_case_is_refused_on_whatever_shard(core: Core) -> None:
    numbers = [f"p{n}" for n in range(40)]
    by_shard = {partition_of(mint_case_id("petition", n), core.shards): n for n in numbers}
    cases = [core.raise_(number) for number in by_shard.values()]
    assert len(cases) == core.shards
    await core.read()
    for ids in cases:
        core.step(ids, "justice", "task.received", message="same")
        await core.read()
    refused = [e for e in await core.entries() if e.outcome is Outcome.REFUSED]
    assert [(e.reason, e.message) for e in refused] == [(RefusalName.ID_REUSED, "same")] * (core.shards - 1)


async def test_the_same_id_of_another_department_is_another_message(core: Core) -> None:
    ids = core.raise_("p1")
    core.step(ids, "justice", "task.received", message="raise-p1")
    await core.read()
    assert outcomes(await core.entries()) == [("decided", None)] * 2


async def test_one_bad_neighbour_disturbs_nobody(core: Core) -> None:
    """Good messages among junk of every kind are decided as if they were alone."""
    ids = core.raise_("p1")
    junk = core.message("justice", "task.signed", ids.case, b"\xff{")
    core.bus.append(junk)
    core.bus.append(replace(junk, headers=[]))
    core.step(ids, "justice", "task.signed")
    await core.read()
    assert outcomes(await core.entries(partition_of(ids.case, core.shards))) == [
        ("decided", None),
        ("parked", ParkingName.UNREADABLE),
        ("parked", ParkingName.BAD_ENVELOPE),
        ("decided", None),
    ]

"""A sender that knows only a department's number keys by it; intake passes the message on, as signed, to its case (5a.1)."""

from datetime import timedelta

from hub.bus.memory import MemoryPublisher
from hub.domain.entry import Entry, Outcome
from hub.errors import RefusalName
from hub.timekeeper.timekeeper import Timekeeper
from schemas.identifiers import mint_case_id
from tests.integration.intake.test_early import Waiting
from tests.support.core import Core

LEGAL_AT = "2026-03-02T10:00:00+08:00"
NUMBER = "（2026）枫9901民初7号"
SUBJECT = f"alias:justice:case_number:{NUMBER}"


def fact() -> dict[str, str]:
    return {"fact": "person_in_charge", "value": "示例·新任承办人", "legal_at": LEGAL_AT}


async def work(core: Core) -> None:
    """Intake, relay, projector until nothing moves, twice: what is passed on is read in a second round."""
    for _ in range(2):
        await core.read()
        await core.relay()
        await core.project()


async def known_case(core: Core) -> str:
    """A case for which the justice bureau has given its number."""
    record, ids = core.raised("p1")
    core.bus.append(record)
    core.step(ids, "justice", "task.received", local_number=NUMBER)
    await work(core)
    return ids.case


def keeper_of(core: Core) -> Timekeeper:
    publisher, limit = MemoryPublisher(core.bus), timedelta(hours=72)
    names, clock = core.names, lambda: core.at
    return Timekeeper(Waiting(core), publisher, core.signer, names, core.shards, limit, clock=clock)


async def decided(core: Core, message: str) -> list[Entry]:
    return [e for e in await core.entries() if e.message == message and e.source == "petition"]


async def test_a_message_keyed_by_a_number_is_decided_in_its_case(core: Core) -> None:
    case = await known_case(core)
    core.say("petition", "case.fact_recorded", SUBJECT, fact(), message="f1")
    await work(core)
    (entry,) = await decided(core, "f1")
    assert (entry.case, entry.outcome) == (case, Outcome.DECIDED)
    assert len(core.told("justice", "case.fact_recorded")) == 1
    receipts = [r for _, data in core.told("petition", "receipts.issued") for r in data["receipts"]]
    assert [r["outcome"] for r in receipts if r["message"] == "f1"] == ["submitted"]


async def test_sending_again_counts_once(core: Core) -> None:
    await known_case(core)
    record = core.message("petition", "case.fact_recorded", SUBJECT, fact(), message="f1")
    core.bus.append(record)
    core.bus.append(record)
    await work(core)
    core.bus.append(record)
    await work(core)
    assert len(await decided(core, "f1")) == 1
    assert len(core.told("justice", "case.fact_recorded")) == 1


async def test_a_number_that_is_not_known_yet_makes_the_message_wait(core: Core) -> None:
    core.say("petition", "case.fact_recorded", SUBJECT, fact(), message="f1")
    await work(core)
    assert await decided(core, "f1") == []
    case = await known_case(core)
    keeper = keeper_of(core)
    assert await keeper.look() == 1
    core.later(seconds=1)
    assert await keeper.look() == 1
    first, again = core.log(core.names.hub("hub.desk.out"))
    assert (first.value, list(first.headers)) == (again.value, list(again.headers))
    await work(core)
    (entry,) = await decided(core, "f1")
    assert (entry.case, entry.outcome) == (case, Outcome.DECIDED)
    assert await keeper.look() == 0


async def test_under_a_number_nothing_overtakes_what_waits_for_it(core: Core) -> None:
    core.say("petition", "case.fact_recorded", SUBJECT, fact(), message="f1")
    await work(core)
    await known_case(core)
    core.say("petition", "case.fact_recorded", SUBJECT, fact() | {"value": "示例·再任承办人"}, message="f2")
    await work(core)
    assert await decided(core, "f2") == []
    keeper = keeper_of(core)
    assert await keeper.look() == 1
    await work(core)
    in_case = [e.message for e in await core.entries() if e.type == "case.fact_recorded.v1" and e.verified]
    taken = [e for e in in_case if e in ("f1", "f2")]
    assert taken == ["f1", "f2"]
    assert await keeper.look() == 0


async def test_a_refusal_in_the_case_reaches_the_sender(core: Core) -> None:
    """`court` has no part in the case: refused there, and told under the id that it gave."""
    await known_case(core)
    core.say("court", "case.fact_recorded", SUBJECT, fact(), message="stranger")
    await work(core)
    refused = [data for _, data in core.told("court", "message.refused")]
    assert [(r["message"], r["reason"]) for r in refused] == [("stranger", RefusalName.NOT_A_PARTY.value)]


async def test_a_number_of_two_cases_is_refused_with_both(core: Core) -> None:
    first = await known_case(core)
    record, ids = core.raised("p2")
    core.bus.append(record)
    core.step(ids, "justice", "task.received", local_number=NUMBER)
    await work(core)
    core.say("petition", "case.fact_recorded", SUBJECT, fact(), message="f1")
    await work(core)
    refused = next(e for e in await core.entries() if e.reason == RefusalName.AMBIGUOUS_NUMBER.value)
    assert refused.allowed == sorted([first, mint_case_id("petition", "p2")])


async def test_what_is_passed_on_is_still_sealed_at_rest(core: Core) -> None:
    await known_case(core)
    core.say("petition", "case.fact_recorded", SUBJECT, {**fact(), "note": "不得外泄的备注"}, message="f1")
    await work(core)
    assert [e for e in await core.entries() if "不得外泄的备注" in e.to_bytes().decode()] == []
    assert [data["note"] for _, data in core.told("justice", "case.fact_recorded")] == ["不得外泄的备注"]

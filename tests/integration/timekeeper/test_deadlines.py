"""Due moments become messages once, in order, and are decided behind what lay in the topics before them."""

from datetime import datetime
from typing import Any

from hub.domain.case import Case, Running
from tests.support.core import Core, Ids

Told = list[tuple[dict[str, str], dict[str, Any]]]


async def at_work(core: Core) -> Ids:
    """A referral that was signed and accepted in the morning of Monday 2 March 2026; one month from then runs (J23)."""
    ids = core.raise_("p1")
    for step in ("task.received", "task.signed", "task.accepted"):
        core.step(ids, "justice", step)
    await core.read()
    return ids


async def state(core: Core, ids: Ids) -> Case:
    """The case as intake stored it."""
    for shard in range(core.shards):
        async with core.stores.intake.unit(shard) as unit:
            stored = (await unit.load([ids.case]))[ids.case].state
            if stored is not None:
                return Case.from_bytes(stored)
    raise AssertionError("no such case")


async def running(core: Core, ids: Ids, clock: str) -> Running | None:
    """The time limit of a clock or a rung."""
    found = [one for one in (await state(core, ids)).deadlines.values() if one.clock == clock]
    return found[0] if found else None


async def events(core: Core, *kinds: str) -> list[str]:
    """The events of these kinds in the journal."""
    return [event.e for entry in await core.entries() for event in entry.events if event.e in kinds]


def until(core: Core, moment: str) -> None:
    """Let the broker's clock go on to a moment."""
    core.at = datetime.fromisoformat(moment)


async def strike(core: Core) -> int:
    """What is due now is published, decided and told, until nothing is: a warning comes before its breach."""
    count = 0
    while published := await core.strike():
        count += published
        await core.read()
    await core.relay()
    return count


async def test_a_clock_of_the_law_runs_from_the_legal_date_and_ends_with_the_reply(core: Core) -> None:
    ids = await at_work(core)
    clock = await running(core, ids, "J23")
    assert clock is not None
    assert (clock.since, clock.owner, clock.place) == ("2026-03-02", "justice", 0)
    assert clock.due == "2026-04-02T16:00:00.000Z"
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement")
    await core.read()
    assert await running(core, ids, "J23") is None
    assert (await events(core, "deadline_ended", "deadline_breached"))[-2:] == ["deadline_ended"] * 2
    assert await core.strike() == 0
    until(core, "2026-04-03T00:00:01+08:00")
    await strike(core)
    assert core.told("justice", "deadline.breached") == []


async def test_it_warns_then_finds_the_breach_each_once(core: Core) -> None:
    ids = await at_work(core)
    until(core, "2026-03-26T00:00:01+08:00")
    await strike(core)
    warned = core.told("justice", "deadline.warned")
    assert [(data["clock"], data["owner"]) for _, data in warned] == [("J23", "justice")]
    assert core.told("petition", "deadline.warned") == []
    assert await strike(core) == 0
    until(core, "2026-04-02T23:59:59+08:00")
    await strike(core)
    assert core.told("justice", "deadline.breached") == []
    until(core, "2026-04-03T00:00:00+08:00")
    await strike(core)
    for department in ("justice", "petition"):
        (notice,) = core.told(department, "deadline.breached")
        assert notice[1]["clock"] == "J23"
        assert notice[1]["due_at"] == "2026-04-02T16:00:00.000Z"
        assert (notice[1]["referral"], notice[1]["task"]) == (ids.referral, ids.task)
        assert "人民调解工作若干规定" in notice[1]["article"]
    assert await strike(core) == 0
    assert await events(core, "deadline_warned", "deadline_breached") == [
        "deadline_warned",
        "deadline_breached",
    ]


async def test_an_answer_that_waits_in_the_topic_during_an_outage_is_not_late(core: Core) -> None:
    ids = await at_work(core)
    until(core, "2026-04-02T20:00:00+08:00")
    legal = "2026-04-02T19:58:00+08:00"
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement", legal_at=legal)
    until(core, "2026-04-04T20:00:00+08:00")
    assert await core.strike() > 0
    await core.read()
    assert await events(core, "deadline_breached") == []
    assert await running(core, ids, "J23") is None


async def test_a_legal_date_before_the_end_annuls_the_breach_by_name(core: Core) -> None:
    ids = await at_work(core)
    until(core, "2026-04-03T08:00:00+08:00")
    await strike(core)
    assert len(core.told("petition", "deadline.breached")) == 1
    legal = "2026-04-02T17:00:00+08:00"
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement", legal_at=legal)
    await core.read()
    await core.relay()
    for department in ("justice", "petition"):
        (notice,) = core.told(department, "breach.annulled")
        assert (notice[1]["clock"], notice[1]["reason"]) == ("J23", "backdated")
    assert await running(core, ids, "J23") is None


async def test_a_late_reply_leaves_the_breach(core: Core) -> None:
    ids = await at_work(core)
    until(core, "2026-04-03T08:00:00+08:00")
    await strike(core)
    legal = "2026-04-03T07:00:00+08:00"
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement", legal_at=legal)
    await core.read()
    kept = await running(core, ids, "J23")
    assert kept is not None
    assert (kept.breached, kept.met_at, kept.next) == (True, legal, None)
    assert await events(core, "breach_annulled") == []


async def test_a_reply_that_was_late_in_law_is_a_breach_even_if_the_clock_did_not_say_so_yet(
    core: Core,
) -> None:
    ids = await at_work(core)
    until(core, "2026-04-03T08:00:00+08:00")
    legal = "2026-04-03T07:00:00+08:00"
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement", legal_at=legal)
    await core.read()
    assert await events(core, "deadline_breached") == ["deadline_breached"]
    await strike(core)
    assert await events(core, "deadline_breached") == ["deadline_breached"]


async def test_the_hub_makes_the_negative_receipt_when_its_limit_passes(core: Core) -> None:
    ids = core.raise_("p1")
    await core.read()
    until(core, "2026-03-02T13:00:01+08:00")
    await strike(core)
    for department in ("justice", "petition"):
        (notice,) = core.told(department, "receipt.missed")
        assert (notice[1]["rung"], notice[1]["owner"]) == ("delivered", "justice")
    core.step(ids, "justice", "task.received")
    core.step(ids, "justice", "task.received")
    await core.read()
    assert await running(core, ids, "delivered") is None
    signed = await running(core, ids, "signed")
    assert signed is not None
    assert signed.due == "2026-03-03T16:00:00.000Z"


async def test_each_step_ends_the_limit_before_it_and_starts_the_next(core: Core) -> None:
    ids = core.raise_("p1")
    rungs = []
    for step in ("", "task.received", "task.signed", "task.accepted"):
        if step:
            core.step(ids, "justice", step)
        await core.read()
        rungs.append([one.clock for one in (await state(core, ids)).deadlines.values() if one.place < 0])
    # The flow sets no limit for the reply itself: there the law's clock runs.
    assert rungs == [["delivered"], ["signed"], ["accepted"], []]
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement")
    await core.read()
    confirmed = await running(core, ids, "confirmed")
    assert confirmed is not None
    assert confirmed.owner == "petition"


async def test_a_timekeeper_that_starts_again_says_nothing_twice(core: Core) -> None:
    ids = core.raise_("p1")
    await core.read()
    until(core, "2026-03-02T13:00:01+08:00")
    keeper = core.due_moments()
    assert await core.strike(keeper) == 1
    assert await core.strike(keeper) == 0
    assert await core.strike() == 1
    await core.read()
    outcomes = [e.outcome.value for e in await core.entries() if e.type == "hub.receipt_due.v1"]
    assert outcomes == ["decided", "duplicate"]
    assert await events(core, "receipt_missed") == ["receipt_missed"]
    assert await core.strike() == 0
    assert ids.case


async def test_an_extension_that_the_rule_forbids_is_refused_by_name(core: Core) -> None:
    ids = await at_work(core)
    more = {"clock": "J23", "amount": 10, "unit": "D", "approver": "某甲", "reason": "案情复杂"}
    core.step(ids, "justice", "task.extended", **more)
    await core.read()
    last = (await core.entries())[-1]
    shard = [e for e in await core.entries() if e.type == "task.extended.v1"]
    assert [(e.outcome.value, e.reason) for e in shard] == [("refused", "clock_forbids")], last.detail

"""The life of a matter from the grid to the visit afterwards, and the window behind which many departments are."""

from collections import Counter

import pytest

from tests.support.town import Town


@pytest.mark.covers("N71", "N72", "N73", "H2", "H3", "H5")
async def test_found_reported_taken_up_urged_sent_up_settled_and_visited_again(town: Town) -> None:
    # 排查上报: the grid reports it; nobody signs, so the hub urges and the level above learns of it.
    found = await town.hand("village", "F24", "town", "six-1")
    await town.step(found, "task.received")
    await town.pass_time(days=3)
    await town.tell()
    for department in ("village", "town"):
        missed = [
            data["rung"]
            for type_, data in await town.got(department, found.case)
            if type_ == "receipt.missed"
        ]
        assert missed == ["signed"]
    # 召集调解: taken up, not settled here, sent up a level.
    await town.deliver(*town.steps(found, "task.signed", "task.accepted", "task.started"))
    await town.step(found, "task.replied", reply="handling_result", outcome="sent_up")
    await town.step(found, "reply.confirmed", "village")
    up = await town.hand("town", "F24", "centre", "six-2", after=found)
    await town.answer(up, "resolved")
    assert (await town.referral(up)).outcome == "resolved"
    # 回访: the visit finds that it is not settled, so it is open again; it is settled, and visited again.
    await town.act("town", "followup.recorded", up.case, referral=up.referral, rating=1, reached=True)
    assert (await town.referral(up)).state == "open"
    assert (await town.tasks(up))["centre"].state in ("accepted", "handling")
    await town.step(up, "task.replied", reply="handling_result", outcome="resolved")
    await town.step(up, "reply.confirmed", "town")
    await town.act("town", "followup.recorded", up.case, referral=up.referral, rating=5, reached=True)
    case = await town.state(found.case)
    assert [(one.state, one.outcome, one.reworks) for one in case.referrals.values()] == [
        ("closed", "sent_up", 0),
        ("closed", "resolved", 0),
    ]
    await town.tell()
    ratings = [
        data.get("rating")
        for type_, data in await town.got("centre", up.case)
        if type_ == "followup.recorded"
    ]
    assert ratings == [1, 5]


# By the nature of the dispute: kind of matter, whose it is, what is handled jointly.
BY_NATURE = {"0701": "labour", "0402": "housing"}


@pytest.mark.covers("N28", "N31", "N113", "H10", "H21")
async def test_one_window_takes_in_and_the_department_whose_matter_it_is_handles(town: Town) -> None:
    for matter, owner in BY_NATURE.items():
        taken_in = await town.hand(
            "centre", "F24", "route", f"window-{matter}", matter=matter, region="990101"
        )
        tasks = await town.tasks(taken_in)
        assert {who: task.role for who, task in tasks.items()} == {owner: "lead"}
        # Who takes in does not handle: the window has no step on the task.
        await town.act("centre", "task.signed", taken_in.case, referral=taken_in.referral, task=taken_in.task)
        assert [reason for reason, _ in await town.refusals(taken_in.case)] == ["not_your_task"]
        handled = await town.routed(taken_in)
        await town.answer(handled, "resolved")
        await town.tell()
        got = await town.got("centre", taken_in.case)
        assert [data["outcome"] for type_, data in got if type_ == "referral.closed"] == ["resolved"]
        assert next(data for type_, data in got if type_ == "referral.routed")["lead"] == owner


@pytest.mark.covers("N94", "H25")
async def test_opinions_are_answered_at_once_or_handed_over_and_both_are_counted(town: Town) -> None:
    answered = await town.hand("village", "F24", "town", "opinion-1")
    await town.answer(answered, "resolved")
    over = await town.hand("village", "F24", "town", "opinion-2")
    await town.take(over)
    handed = await town.hand("town", "F24", "housing", "opinion-3", after=over)
    await town.answer(handed, "resolved")
    await town.step(over, "task.replied", reply="handling_result", outcome="resolved")
    await town.step(over, "reply.confirmed", "village")
    await town.project()
    cases = {answered.case, over.case}
    rows = [row for row in await town.projected() if row["case_id"] in cases]
    assert Counter((row["lead"], row["state"], row["outcome"]) for row in rows) == {
        ("town", "closed", "resolved"): 2,
        ("housing", "closed", "resolved"): 1,
    }

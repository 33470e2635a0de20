"""Follow-up 回访: when it is due and by whom, the rating, and the referral that a citizen who is not satisfied opens again."""

from datetime import datetime
from typing import Any

import pytest

from hub.domain.case import CLOSED, OPEN, Running
from tests.unit.domain.play import LEGAL_AT, Play, play, rules, to_state

FLOW = rules().flows["F24"][-1]


def closed(code: str = "F24", sender: str = "governance", lead: str = "street") -> tuple[Play, Any, Any]:
    """A referral that has come to its end."""
    flow = rules().flows[code][-1]
    stage, referral, task = play(flow, sender=sender, lead=lead)
    to_state(stage, task, "confirmed")
    assert stage.case.referrals[referral.id].state == CLOSED
    return stage, referral, task


def ask(stage: Play, referral: Any, source: str = "governance", **more: Any) -> list[Any]:
    """A follow-up."""
    return stage.send(
        source, "followup.recorded", referral=referral.id, **{"legal_at": LEGAL_AT, "reached": True} | more
    )


def due(stage: Play) -> Running | None:
    """The limit of the follow-up."""
    return next((one for one in stage.case.deadlines.values() if one.clock == "followed_up"), None)


@pytest.mark.parametrize(
    ("code", "sender", "lead", "owner"),
    [("F24", "governance", "street", "governance"), ("F20", "petition", "mediation", "mediation")],
)
def test_it_is_due_from_the_close_for_whom_the_flow_names(
    code: str, sender: str, lead: str, owner: str
) -> None:
    stage, referral, task = closed(code, sender, lead)
    limit = due(stage)
    assert limit is not None
    assert (limit.owner, limit.task) == (owner, task.id)
    ask(stage, referral, owner, rating=5)
    assert due(stage) is None


def test_none_in_time_makes_the_negative_receipt() -> None:
    stage, referral, _ = closed()
    limit = due(stage)
    assert limit is not None
    stage.at = datetime.fromisoformat(limit.due)
    number = next(n for n, one in stage.case.deadlines.items() if one is limit)
    events = stage.send("hub", "hub.receipt_due", deadline=number, moment=limit.due)
    assert [e.rung for e in events if e.e == "receipt_missed"] == ["followed_up"]
    ask(stage, referral, rating=4)
    assert due(stage) is None


def test_who_was_not_reached_is_still_to_be_asked() -> None:
    stage, referral, _ = closed()
    ask(stage, referral, reached=False)
    assert due(stage) is not None
    assert stage.case.referrals[referral.id].rating is None


def test_the_rating_is_kept_and_told_as_satisfied_or_not() -> None:
    stage, referral, _ = closed()
    ask(stage, referral, rating=3)
    kept = stage.case.referrals[referral.id]
    assert (kept.rating, kept.satisfied, kept.state, kept.reopenings) == (3, True, CLOSED, 0)
    assert stage.told("street")[-1].own == {"satisfied": True, "reopened": False}


def test_who_is_not_satisfied_opens_it_again_once_with_the_lead_as_owner() -> None:
    stage, referral, task = closed()
    events = ask(stage, referral, rating=2)
    kept = stage.case.referrals[referral.id]
    assert (kept.state, kept.outcome, kept.satisfied, kept.reopenings) == (OPEN, None, False, 1)
    assert stage.state(task) == "handling"
    assert [e.e for e in events].count("referral_reopened") == 1
    assert due(stage) is None
    assert {"followup.recorded.v1", "rework.requested.v1", "referral.reopened.v1"} <= {
        one.type for one in stage.told("street")
    }
    assert stage.told("governance")[-1].own == {"referral": referral.id, "task": task.id, "reopenings": 1}
    # While it is open, nothing more opens.
    assert "referral_reopened" not in [e.e for e in ask(stage, referral, rating=1)]
    to_state(stage, task, "confirmed")
    assert stage.case.referrals[referral.id].state == CLOSED
    assert due(stage) is not None
    # The flow allows one.
    events = ask(stage, referral, rating=1)
    assert "referral_reopened" not in [e.e for e in events]
    assert stage.case.referrals[referral.id].state == CLOSED
    assert stage.told("street")[-1].own == {"satisfied": False, "reopened": False}


def test_a_flow_without_follow_up_only_keeps_and_tells() -> None:
    stage, referral, _ = closed("F17", "court", "mediation")
    assert due(stage) is None
    events = ask(stage, referral, "court", rating=1)
    assert [e.e for e in events] == ["followed_up", "notified"]
    assert stage.case.referrals[referral.id].state == CLOSED

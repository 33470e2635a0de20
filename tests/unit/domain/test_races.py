"""Races: every pair of a waiting request and a step that comes after it, as the table's file says (5a.10)."""

from typing import Any

import pytest
import yaml

from hub.domain.case import Referral, Task
from hub.errors import Refusal, RefusalName
from hub.rules.loader import HERE
from tests.unit.domain.play import LEGAL_AT, Play, play, rules, step_data, to_state

TABLE: dict[str, Any] = yaml.safe_load((HERE / "lifecycle.yaml").read_text(encoding="utf-8"))
FLOW = rules().flows["F21"][-1]
WITHDRAWAL = "referral.withdrawal_requested"
PAIRS = [(waiting, step) for waiting in TABLE["races"] for step in (*TABLE["steps"], WITHDRAWAL)]


def ask(stage: Play, referral: Referral, task: Task, request: str) -> None:
    """Open a request on the lead's task or its referral."""
    if request == "return":
        stage.act(task, "task.return_proposed", **step_data("task.return_proposed", FLOW))
    elif request == "supplement":
        stage.act(task, "task.supplement_requested", papers_wanted=[])
    else:
        stage.send(referral.sender, WITHDRAWAL, referral=referral.id, legal_at=LEGAL_AT, reason="另案处理")


def waits(stage: Play, referral: Referral, task: Task) -> tuple[str | None, str | None]:
    """What waits on the task and on the referral."""
    return stage.case.tasks[task.id].pending, stage.case.referrals[referral.id].pending


@pytest.mark.parametrize(("waiting", "step"), PAIRS)
def test_pair(waiting: str, step: str) -> None:
    verdict = TABLE["races"][waiting].get(step, "both")
    tried = 0
    for state in ("delivered", "signed", "accepted", "handling"):
        stage, referral, task = play(FLOW, lead="court")
        to_state(stage, task, state)
        try:
            ask(stage, referral, task, waiting)
        except Refusal:
            continue
        before = waits(stage, referral, task)
        if waiting not in before:
            continue  # taken back at once: nothing waits
        answers = TABLE["steps"].get(step, {}).get("answers")
        if step != WITHDRAWAL and (TABLE["steps"][step]["from"].get(state) is None or answers is not None):
            continue
        tried += 1
        counted = len(stage.events)

        def take(stage: Play = stage, referral: Referral = referral, task: Task = task) -> None:
            if step == WITHDRAWAL:
                ask(stage, referral, task, "withdrawal")
            else:
                stage.act(task, step, **step_data(step, FLOW, stage.case.tasks[task.id].replies))

        if verdict == "first":
            with pytest.raises(Refusal) as refused:
                take()
            assert refused.value.name is RefusalName.SUPERSEDED
            assert waits(stage, referral, task) == before
            assert len(stage.events) == counted
            continue
        take()
        closed = [e for e in stage.events[counted:] if e.e == "request_closed" and e.request == waiting]
        if verdict == "replaces":
            assert [event.verdict for event in closed] == ["given_up"]
            opened = TABLE["steps"][step].get("opens")
            assert waits(stage, referral, task) == (opened, before[1])
        elif stage.case.referrals[referral.id].state == "withdrawn":
            assert [event.verdict for event in closed] == ["superseded"]
        else:
            assert closed == []
            assert waiting in waits(stage, referral, task)
    meets = any(
        TABLE["steps"].get(step, {}).get("from", {}).get(state) is not None
        for state in ("delivered", "signed", "accepted", "handling")
    )
    assert tried or not meets or "answers" in TABLE["steps"].get(step, {}) or impossible(waiting, step)


def impossible(waiting: str, step: str) -> bool:
    """Pairs that no state of the flow allows: what is asked for and the step exclude each other."""
    asked_in = {
        "return": ("delivered", "signed", "accepted"),
        "supplement": ("signed", "accepted", "handling"),
        "withdrawal": ("accepted", "handling"),
    }[waiting]
    return not any(state in TABLE["steps"][step]["from"] for state in asked_in)


def test_answers_meet_their_requests_whatever_came_between() -> None:
    """A request is answered in whatever state the task has reached since."""
    for request, answer in (("return", "return.decided"), ("supplement", "supplement.provided")):
        stage, referral, task = play(FLOW, lead="court")
        to_state(stage, task, "delivered" if request == "return" else "signed")
        ask(stage, referral, task, request)
        stage.act(task, "task.signed" if request == "return" else "task.accepted")
        if request == "supplement":
            stage.act(task, "task.started")
        assert request in waits(stage, referral, task)
        stage.act(task, answer, **step_data(answer, FLOW))
        assert waits(stage, referral, task) == (None, None)


def test_co_handlers_too_are_held_by_a_withdrawal() -> None:
    stage, referral, task = play(FLOW, lead="court", co_handlers=["justice"])
    helping = stage.case.tasks_of(referral.id)[1]
    to_state(stage, task, "accepted")
    to_state(stage, helping, "accepted")
    ask(stage, referral, task, "withdrawal")
    with pytest.raises(Refusal) as refused:
        stage.act(helping, "task.replied", **step_data("task.replied", FLOW))
    assert refused.value.name is RefusalName.SUPERSEDED

"""The lifecycle table: every step in every state for every role, read from the file, not from the code."""

from itertools import pairwise
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from hub.domain.case import Task
from hub.errors import Refusal, RefusalName
from hub.rules.loader import HERE
from tests.unit.domain.play import Play, play, rules, step_data

TABLE: dict[str, Any] = yaml.safe_load((HERE / "lifecycle.yaml").read_text(encoding="utf-8"))
STATES, STEPS, RACES = TABLE["states"], TABLE["steps"], TABLE["races"]
FLOW = rules().flows["F21"][-1]


def possible(step: str, role: str, state: str) -> str | None:
    """The state after a step as the file says."""
    row = STEPS[step]
    after: str | None = (row.get("copy", {}) if role == "copy" else row["from"]).get(state)
    return after


def task_in(role: str, state: str) -> tuple[Play, Task]:
    """A task of a role in a state, one reply short of the final one, with what the step needs to be open."""
    stage, referral, _ = play(FLOW, lead="court", co_handlers=["procuratorate"], copies=["street"])
    task = next(t for t in stage.case.tasks_of(referral.id) if t.role == role)
    changed = replace(task, state=state, replies=len(FLOW.replies) - 1, received=True)
    stage.case.tasks[task.id] = changed
    return stage, changed


@pytest.mark.parametrize("role", ["lead", "co_handler", "copy"])
@pytest.mark.parametrize("step", STEPS)
def test_step_is_allowed_exactly_where_the_table_says(step: str, role: str) -> None:
    for state in STATES:
        stage, task = task_in(role, state)
        if answered := STEPS[step].get("answers"):
            stage.case.tasks[task.id] = replace(task, pending=answered)
        after, before = possible(step, role, state), stage.case
        if state in STEPS[step].get("again", ()):
            assert stage.act(task, step, **step_data(step, FLOW)) == []
            assert stage.state(task) == state
        elif after is not None:
            stage.act(task, step, **step_data(step, FLOW, replies=len(FLOW.replies) - 1))
            assert stage.state(task) == after
        else:
            with pytest.raises(Refusal) as refused:
                stage.act(task, step, **step_data(step, FLOW))
            assert refused.value.name is RefusalName.ILLEGAL_STEP
            assert list(refused.value.allowed) == [s for s in STEPS if possible(s, role, state)]
            assert stage.case is before


def test_a_technical_receipt_that_comes_after_the_signature_counts_once_and_moves_nothing() -> None:
    stage, _, task = play(FLOW, lead="court")
    stage.act(task, "task.signed")
    first = stage.act(task, "task.received")
    assert [event.e for event in first] == ["receipt_came_late", "notified"]
    assert stage.state(task) == "signed"
    assert stage.act(task, "task.received") == []


@pytest.mark.parametrize("step", STEPS)
def test_step_is_for_one_side_only(step: str) -> None:
    for state in STATES:
        stage, task = task_in("lead", state)
        others = {"petition", "procuratorate", "street", "court"}
        others.discard("court" if STEPS[step]["by"] == "handler" else "petition")
        for source in sorted(others):
            data = {"referral": task.referral, "task": task.id, "legal_at": "2026-03-02T09:30:00+08:00"}
            if step == "task.received":
                data["received_at"] = data.pop("legal_at")
            with pytest.raises(Refusal) as refused:
                stage.send(source, step, **data, **step_data(step, FLOW))
            assert refused.value.name is RefusalName.NOT_YOUR_TASK


@pytest.mark.parametrize(
    ("request_", "answer"), [("return", "return.decided"), ("supplement", "supplement.provided")]
)
def test_an_answer_needs_its_request(request_: str, answer: str) -> None:
    for pending in (None, *({"return", "supplement"} - {request_})):
        stage, task = task_in("lead", "accepted")
        stage.case.tasks[task.id] = replace(task, pending=pending)
        with pytest.raises(Refusal) as refused:
            stage.act(task, answer, **step_data(answer, FLOW))
        assert refused.value.name is RefusalName.ILLEGAL_STEP
        assert request_ in refused.value.detail


def test_four_facts_are_four_steps_in_order() -> None:
    """Technical receipt is not 签收 is not 受理 is not started (DESIGN 4)."""
    order = ["assigned", "delivered", "signed", "accepted", "handling"]
    steps = ["task.received", "task.signed", "task.accepted", "task.started"]
    for step, (before, after) in zip(steps, pairwise(order), strict=True):
        assert possible(step, "lead", before) == after
    assert possible("task.accepted", "lead", "delivered") is None
    assert possible("task.started", "lead", "signed") is None
    assert all(possible("task.replied", "lead", state) is None for state in order[:3])


def test_what_has_gone_takes_no_step() -> None:
    gone = [
        (s, state)
        for s in STEPS
        for state in ("returned", "cancelled")
        for role in ("lead", "copy")
        if possible(s, role, state)
    ]
    assert gone == []
    assert [s for s in STEPS if possible(s, "lead", "confirmed")] == ["rework.requested"]

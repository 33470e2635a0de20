"""Clocks and limits follow the case: what starts, moves, ends and annuls them, and what they say of it."""

from datetime import datetime
from typing import Any

import pytest

from hub.domain.case import Case, Running, Task
from hub.domain.deadline_events import BreachAnnulled, DeadlineEnded, DeadlineRecomputed
from hub.domain.evolve import fold
from hub.errors import Refusal
from tests.unit.domain.play import Play, papers, rules


def play(flow: str, opener: str, **more: Any) -> tuple[Play, Task]:
    """A referral and its lead's task."""
    one = Play(opener=opener)
    one.raise_(rules().flows[flow][0], **more)
    return one, next(iter(one.case.tasks.values()))


def step(
    one: Play, task: Task, source: str, name: str, legal_at: str = "2026-03-02T10:00:00+08:00", **more: Any
) -> Any:
    """A step on the task."""
    stated = "received_at" if name == "task.received" else "legal_at"
    data = {"referral": task.referral, "task": task.id, stated: legal_at, **more}
    return one.send(source, name, **data)


def clock(case: Case, name: str) -> Running | None:
    """The time limit of a rule or a rung."""
    return next((r for r in case.deadlines.values() if r.clock == name), None)


def comes(one: Play, name: str) -> list[Any]:
    """The hub's clock says the next moment of a time limit."""
    number, running = next((n, r) for n, r in one.case.deadlines.items() if r.clock == name)
    assert running.next is not None
    one.at = max(one.at, datetime.fromisoformat(running.next))
    return one.send("hub", "hub.deadline_due", deadline=number, moment=running.next)


def arrest() -> tuple[Play, Task]:
    """提请批准逮捕 of a person in custody, signed."""
    one, task = play("F1", "public_security", in_custody=True)
    step(one, task, "procuratorate", "task.signed")
    return one, task


def test_the_person_in_custody_has_the_clock_without_roll() -> None:
    one, _ = arrest()
    running = clock(one.case, "C22")
    assert running is not None
    assert (running.owner, running.since) == ("procuratorate", "2026-03-02")
    assert running.facts == ({"on": "2026-03-02", "held": True, "f": "custody_changed"},)
    assert clock(one.case, "C23") is None


def test_release_voids_the_one_clock_and_starts_the_other_from_the_same_day() -> None:
    one, _ = arrest()
    act = {"fact": "in_custody", "value": "false", "legal_at": "2026-03-04T09:00:00+08:00"}
    events = one.send("public_security", "case.fact_recorded", **act)
    assert [e.how for e in events if isinstance(e, DeadlineEnded)] == ["void"]
    other = clock(one.case, "C23")
    assert other is not None
    assert other.since == "2026-03-02"
    assert clock(one.case, "C22") is None


def test_a_breach_of_a_clock_that_did_not_apply_is_annulled() -> None:
    one, _ = arrest()
    comes(one, "C22")
    assert [e.e for e in comes(one, "C22")][:1] == ["deadline_breached"]
    act = {"fact": "in_custody", "value": "false", "legal_at": "2026-03-04T09:00:00+08:00"}
    events = one.send("public_security", "case.fact_recorded", **act)
    assert [e.reason for e in events if isinstance(e, BreachAnnulled)] == ["fact_changed"]
    told = {e.to for e in events if e.e == "notified" and e.type == "breach.annulled.v1"}
    assert told == {"procuratorate", "public_security"}


def test_a_ground_that_the_rule_does_not_know_leaves_it_or_is_refused_when_the_clock_is_named() -> None:
    one, task = play("F14", "procuratorate")
    step(one, task, "public_security", "task.signed", "2026-03-02T10:00:00+08:00")
    before = clock(one.case, "C13")
    assert before is not None
    assert before.due == "2026-03-09T16:00:00.000Z"
    with pytest.raises(Refusal, match="C13"):
        step(one, task, "public_security", "task.restarted", clock="C13", reason_code="x")
    step(one, task, "public_security", "task.restarted", reason_code="x")
    assert clock(one.case, "C13") == before


def test_an_extension_within_the_rule_moves_it_and_one_beyond_is_refused() -> None:
    one, task = play("F21", "petition", lead="street")
    one.send(
        "petition",
        "case.fact_recorded",
        fact="petition_class",
        value="6",
        legal_at="2026-03-02T09:00:00+08:00",
    )
    step(one, task, "street", "task.signed")
    step(one, task, "street", "task.accepted")
    first = clock(one.case, "X7")
    assert first is not None
    more = {"clock": "X7", "unit": "D", "approver": "某甲", "reason": "情况复杂"}
    events = step(one, task, "street", "task.extended", amount=30, **more)
    (moved,) = [e for e in events if isinstance(e, DeadlineRecomputed)]
    assert (moved.why, moved.before) == ("extended", first.due)
    assert moved.after > moved.before
    with pytest.raises(Refusal, match="X7"):
        step(one, task, "street", "task.extended", amount=1, **more)


def test_rework_makes_the_clock_run_again_from_its_old_start() -> None:
    one, task = play("F20", "petition", lead="mediation")
    for name in ("task.signed", "task.accepted"):
        step(one, task, "mediation", name)
    due = clock(one.case, "J23")
    step(one, task, "mediation", "task.replied", reply="mediation_result", outcome="agreement")
    assert clock(one.case, "J23") is None
    step(one, task, "petition", "rework.requested", reason="协议不全")
    assert clock(one.case, "J23") == due


def test_withdrawal_stops_every_clock() -> None:
    one, task = play("F20", "petition", lead="mediation")
    for name in ("task.signed", "task.accepted"):
        step(one, task, "mediation", name)
    request = {"referral": task.referral, "legal_at": "2026-03-02T10:00:00+08:00"}
    one.send("petition", "referral.withdrawal_requested", **request, reason="当事人撤诉")
    assert clock(one.case, "withdrawal_decided") is not None
    one.send("mediation", "referral.withdrawal_decided", **request, agreed=True)
    assert one.case.deadlines == {}


def test_a_moment_that_was_moved_or_met_changes_nothing() -> None:
    one, task = arrest()
    number, running = next((n, r) for n, r in one.case.deadlines.items() if r.clock == "C22")
    assert one.send("hub", "hub.deadline_due", deadline=number, moment="2026-03-01T00:00:00.000Z") == []
    step(one, task, "procuratorate", "task.accepted")
    reply = {"reply": "decision", "outcome": "approved"}
    step(one, task, "procuratorate", "task.replied", **reply)
    assert one.send("hub", "hub.deadline_due", deadline=number, moment=running.next) == []
    assert one.send("hub", "hub.deadline_due", deadline=999, moment=running.due) == []


def test_the_clock_of_the_sender_runs_after_the_referral_closed() -> None:
    one, task = arrest()
    step(one, task, "procuratorate", "task.accepted")
    reply = {"reply": "decision", "outcome": "not_approved_evidence"}
    step(one, task, "procuratorate", "task.replied", **reply)
    running = clock(one.case, "C26")
    assert running is not None
    assert running.owner == "public_security"
    step(one, task, "public_security", "reply.confirmed", papers=papers(["execution_receipt"]))
    assert clock(one.case, "C25") is None
    assert clock(one.case, "C26") is not None


def test_the_events_alone_give_the_case_with_its_clocks() -> None:
    one, task = arrest()
    comes(one, "C22")
    step(one, task, "procuratorate", "task.accepted")
    assert fold(Case(one.case.id), one.events).to_bytes() == one.case.to_bytes()
    assert Case.from_bytes(one.case.to_bytes()).deadlines == one.case.deadlines


def test_a_corrected_legal_date_moves_the_clock_with_before_after_and_why() -> None:
    one, task = play("F24", "governance", lead="street")
    assert clock(one.case, "L1a") is None
    act = {"fact": "difficulty", "value": "ordinary", "legal_at": "2026-03-02T09:40:00+08:00"}
    one.send("governance", "case.fact_recorded", **act)
    before = clock(one.case, "L1a")
    assert before is not None
    assert before.due == "2026-03-09T16:00:00.000Z"
    comes(one, "L1a")
    comes(one, "L1a")
    corrected = {
        "fields": ["legal_at"],
        "reason": "日期误写",
        "corrected_legal_at": "2026-03-05T09:30:00+08:00",
    }
    stated = {"referral": task.referral, "legal_at": "2026-03-09T09:30:00+08:00"}
    events = one.send("governance", "referral.corrected", **stated, **corrected)
    (moved,) = [e for e in events if isinstance(e, DeadlineRecomputed)]
    assert (moved.why, moved.before, moved.after) == ("corrected", before.due, "2026-03-12T16:00:00.000Z")
    (annulled,) = [e for e in events if isinstance(e, BreachAnnulled)]
    assert annulled.next == moved.after
    after = clock(one.case, "L1a")
    assert after is not None
    assert (after.breached, after.next) == (False, moved.after)

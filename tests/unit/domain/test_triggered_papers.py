"""A passed limit lets the other side issue a paper: 规则 564 (on the 16th day; after three months) and 287 (16th day)."""

from datetime import datetime
from typing import Any

from hub.domain.case import Case, Task
from hub.domain.evolve import fold
from tests.unit.domain.play import Play, rules

BREACHED, ANNULLED = "deadline.breached.v1", "breach.annulled.v1"


def raised(flow: str, opener: str, **more: Any) -> tuple[Play, Task]:
    """A referral, received and accepted on Monday 2 March, and its lead's task."""
    one = Play(opener=opener)
    one.raise_(rules().flows[flow][0], **more)
    task = next(iter(one.case.tasks.values()))
    one.act(task, "task.signed")
    one.act(task, "task.accepted")
    return one, task


def comes(one: Play, name: str) -> list[Any]:
    """The hub's clock speaks up to the end of a limit; what it said last."""
    number = next(n for n, r in one.case.deadlines.items() if r.clock == name)
    events: list[Any] = []
    while (moment := one.case.deadlines[number].next) is not None:
        one.at = max(one.at, datetime.fromisoformat(moment))
        events = one.send("hub", "hub.deadline_due", deadline=number, moment=moment)
    return events


def told(events: list[Any], type_: str) -> dict[str, tuple[str | None, str | None]]:
    """Who is told, and of which paper by whom."""
    notices = (e for e in events if e.e == "notified" and e.type == type_)
    return {e.to: (e.own.get("paper"), e.own.get("issuer")) for e in notices}


def triggers(event: Any) -> tuple[str, str, str | None, str | None]:
    return event.e, event.at[:16], event.paper, event.issuer


def test_on_the_sixteenth_day_without_a_case_opened_the_procuratorate_may_send_a_correction_notice() -> None:
    one, _ = raised("F14B", "procuratorate", lead="public_security")
    events = comes(one, "C16")
    # Received on 2 March: the 15th day is the 17th, and the 16th begins at 16:00 UTC.
    assert triggers(events[0]) == (
        "deadline_breached",
        "2026-03-17T16:00",
        "supervision_letter",
        "procuratorate",
    )
    notice = ("supervision_letter", "procuratorate")
    assert told(events, BREACHED) == {"public_security": notice, "procuratorate": notice}
    (article,) = {e.own["article"] for e in events if e.e == "notified" and e.type == BREACHED}
    assert "第564条第2款" in article
    assert fold(Case(one.case.id), one.events).to_bytes() == one.case.to_bytes()
    # C15 binds the police to the same day and triggers nothing of its own.
    breach = comes(one, "C15")[0]
    assert (breach.paper, breach.issuer) == (None, None)


def test_three_months_after_the_case_was_opened_the_procuratorate_may_send_the_reminder_letter() -> None:
    one, task = raised("F14B", "procuratorate", lead="public_security")
    one.act(task, "task.replied", legal_at="2026-03-10T09:00:00+08:00", reply="filing_decision")
    events = comes(one, "C17")
    assert triggers(events[0]) == (
        "deadline_breached",
        "2026-06-10T16:00",
        "reminder_letter",
        "procuratorate",
    )


def refused() -> tuple[Play, Task]:
    """不批准逮捕 since there is no crime, on 5 March."""
    one, task = raised("F1", "public_security", lead="procuratorate", in_custody=True)
    given = {"reply": "decision", "outcome": "not_approved_no_crime"}
    one.act(task, "task.replied", legal_at="2026-03-05T09:00:00+08:00", **given)
    return one, task


def test_after_a_refusal_the_procuratorate_is_told_though_it_received_the_referral() -> None:
    one, _ = refused()
    events = comes(one, "C29")
    assert triggers(events[0]) == (
        "deadline_breached",
        "2026-03-20T16:00",
        "supervision_letter",
        "procuratorate",
    )
    notice = ("supervision_letter", "procuratorate")
    assert told(events, BREACHED) == {"public_security": notice, "procuratorate": notice}
    # The case was dropped on 10 March, as comes to be known: whoever was told of the paper is told that it falls.
    events = one.send(
        "public_security",
        "case.fact_recorded",
        legal_at="2026-03-10T09:00:00+08:00",
        fact="case_dropped",
        value="true",
    )
    assert [e.reason for e in events if e.e == "breach_annulled"] == ["backdated"]
    assert set(told(events, ANNULLED)) == {"public_security", "procuratorate"}


def test_a_step_that_was_taken_too_late_is_a_breach_and_triggers_no_paper() -> None:
    one, task = raised("F14B", "procuratorate", lead="public_security")
    events = one.act(task, "task.replied", legal_at="2026-03-20T09:00:00+08:00", reply="filing_decision")
    late = {one.case.deadlines[e.deadline].clock: e for e in events if e.e == "deadline_breached"}
    assert (late["C16"].paper, late["C16"].issuer) == (None, None)
    assert set(told(events, BREACHED).values()) == {(None, None)}


def test_other_limits_trigger_nothing_and_their_events_say_no_more_than_before() -> None:
    one, task = raised("F1", "public_security", lead="procuratorate", in_custody=True)
    events = comes(one, "C22")
    assert (events[0].e, events[0].paper) == ("deadline_breached", None)
    assert {key for e in events if e.e == "notified" and e.type == BREACHED for key in e.own} == {
        *("referral", "task", "clock", "article", "owner", "due_at", "breached_at"),
    }
    assert one.state(task) == "accepted"

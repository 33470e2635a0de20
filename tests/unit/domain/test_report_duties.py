"""Reports owed regularly: which periods, to whom, until when; and what the hub's message makes of it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from hub.domain.case import MessageRef
from hub.domain.directory import Department
from hub.domain.periods import span_of
from hub.domain.report_duties import ReportDuty
from hub.domain.reports_owed import Owed, debtors, last_day, periods_ended, receiver, said
from hub.domain.rule_data import Bilingual
from hub.domain.rules import Rules
from hub.domain.view import compose
from hub.errors import Refusal, RefusalName
from hub.rules.loader import load_rules
from schemas.messages.outbound import TaskAssigned
from tests.unit.domain.play import Play

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "recurring-reports"
LATE = datetime(2026, 4, 1, 1, tzinfo=UTC)


@cache
def city() -> Rules:
    """The city of the tests with the example switched on."""
    return load_rules(ROOT / "tests" / "support" / "city.yaml", overlay=EXAMPLE)


def duty(**changes: object) -> ReportDuty:
    return ReportDuty.model_validate(city().report_duties.duties[0].model_dump() | changes)


def owed() -> Owed:
    return Owed(duty(), "court", "petition", span_of("month", date(2026, 3, 15)))


def asked() -> Play:
    """A case in which the report was asked for."""
    stage = Play(opener="hub", number=owed().number, under=city())
    stage.send("hub", "hub.report_due", **said(owed(), city().timetable))
    return stage


@pytest.mark.covers("N108")
@pytest.mark.parametrize(
    ("period", "since", "joined", "names"),
    [
        ("month", "2026-01-01", "2025-06-01", ["2026_03", "2026_02", "2026_01"]),
        # The period in which a department joins is the first that it owes, also when it joins on the last day.
        ("month", "2026-01-01", "2026-02-28", ["2026_03", "2026_02"]),
        ("month", "2026-01-01", "2026-04-01", []),
        ("month", "2026-03-31", "2025-06-01", ["2026_03"]),
        ("quarter", "2025-12-31", "2025-06-01", ["2026_Q1", "2025_Q4"]),
        ("half_year", "2025-07-01", "2025-06-01", ["2025_H2"]),
        ("year", "2024-01-01", "2025-06-01", ["2025"]),
        ("week", "2026-03-20", "2025-06-01", ["2026_W13", "2026_W12"]),
    ],
)
def test_owed_are_the_periods_that_are_over_since_the_duty_and_the_department_began(
    period: str, since: str, joined: str, names: list[str]
) -> None:
    spans = periods_ended(duty(period=period, since=since), date.fromisoformat(joined), LATE)
    assert [span.name for span in spans] == names


def test_a_period_is_over_at_midnight_in_china() -> None:
    # 16:00 UTC is midnight in China.
    before, after = datetime(2026, 3, 31, 15, 59, tzinfo=UTC), datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    joined = date(2026, 3, 1)
    assert [s.name for s in periods_ended(duty(), joined, before)] == []
    assert [s.name for s in periods_ended(duty(), joined, after)] == ["2026_03"]


@pytest.mark.parametrize(
    ("due", "day"),
    # 4 to 6 April 2026 are 清明 and its days off, the 4th and 5th a weekend.
    [("5 WD", "2026-04-08"), ("5 D", "2026-04-05"), ("1 M", "2026-04-30")],
)
def test_the_last_day_is_counted_from_the_end_of_the_period(due: str, day: str) -> None:
    span = span_of("month", date(2026, 3, 1))
    assert last_day(duty(due=due), span, city().timetable).isoformat() == day


def test_a_report_goes_to_the_nearest_above_that_takes_it_else_to_the_only_one() -> None:
    def one(name: str, roles: list[str], superior: str | None = None) -> Department:
        named = Bilingual(zh=name, en=name)
        return Department(id=name, name=named, roles=roles, region="990100", superior=superior)

    given = [
        one("city", ["petition"]),
        one("county", ["petition", "court"], "city"),
        one("town", ["justice"], "county"),
        one("alone", ["court"]),
    ]
    known = {d.id: d for d in given}
    assert list(debtors(duty(), known)) == ["town", "alone"]
    assert receiver(duty(), "town", known) == "county"
    # Two could be meant.
    assert receiver(duty(), "alone", known) is None
    assert receiver(duty(), "alone", {name: known[name] for name in ("city", "alone")}) == "city"


@pytest.mark.covers("N108")
def test_the_report_is_a_task_with_a_last_day_that_the_report_ends() -> None:
    stage = asked()
    (referral,) = stage.case.referrals.values()
    (task,) = stage.case.tasks.values()
    assert (referral.sender, referral.lead, task.department) == ("petition", "court", "court")
    (running,) = [one for one in stage.case.deadlines.values() if one.place >= 0]
    assert (running.clock, running.owner, running.due) == ("RP1", "court", "2026-04-08T16:00:00.000Z")
    assert running.warn == "2026-04-02T16:00:00.000Z"
    assert stage.told("petition") == []
    for step in ("task.received", "task.signed", "task.accepted"):
        stage.act(
            task, step, **({} if step == "task.received" else {"legal_at": "2026-04-02T10:00:00+08:00"})
        )
    # Taking it on is not giving it.
    assert [one.clock for one in stage.case.deadlines.values() if one.place >= 0] == ["RP1"]
    stage.act(
        task,
        "task.replied",
        reply="periodic_report",
        outcome="reported",
        legal_at="2026-04-08T17:00:00+08:00",
    )
    (referral,) = stage.case.referrals.values()
    assert (referral.state, referral.outcome) == ("closed", "reported")
    assert stage.case.deadlines == {}
    assert not any(event.e == "deadline_breached" for event in stage.events)
    assert [one.type for one in stage.told("petition")][-1] == "referral.closed.v1"


def test_the_department_is_told_who_wants_it_by_when() -> None:
    (told,) = [one for one in asked().told("court") if one.type == "task.assigned.v1"]
    (ref,) = told.contents
    assert ref.source == "hub"
    data = compose(told, None, {MessageRef(*ref): ("hub.report_due.v1", said(owed(), city().timetable))})
    seen = TaskAssigned.model_validate(data)
    assert (seen.sender, seen.sender_number, seen.lead) == ("petition", "liaison/court/2026_03", "court")
    assert (seen.title, str(seen.due_on)) == ("联络员工作报告 2026_03", "2026-04-08")


def test_said_twice_it_is_asked_for_once() -> None:
    stage = asked()
    assert stage.send("hub", "hub.report_due", **said(owed(), city().timetable)) == []


def test_a_return_with_a_new_lead_tells_it_the_same() -> None:
    stage = asked()
    (task,) = stage.case.tasks.values()
    stage.act(task, "task.received")
    stage.act(task, "task.return_proposed", reason_code="not_owed", reason="本单位不承担")
    stage.act(task, "return.decided", agreed=True, reassign_to="justice")
    (told,) = [one for one in stage.told("justice") if one.type == "task.assigned.v1"]
    content = "hub.report_due.v1", said(owed(), city().timetable)
    assert compose(told, None, dict.fromkeys(told.contents, content))["sender"] == "petition"


@pytest.mark.parametrize(
    ("gone", "name"),
    [("petition", RefusalName.UNKNOWN_DEPARTMENT), ("court", RefusalName.UNKNOWN_DEPARTMENT)],
)
def test_who_has_left_the_directory_meanwhile_is_asked_for_nothing(gone: str, name: RefusalName) -> None:
    left = {who: one for who, one in city().departments.items() if who != gone}
    stage = Play(opener="hub", number=owed().number, under=replace(city(), departments=left))
    with pytest.raises(Refusal) as refused:
        stage.send("hub", "hub.report_due", **said(owed(), city().timetable))
    assert refused.value.name is name
    assert not stage.case.born

"""Which reports are owed by now: department and period of each duty, and what the hub says when a period has ended. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hub.domain.deadline_facts import SHANGHAI
from hub.domain.directory import Department
from hub.domain.periods import Span, before, span_of
from hub.domain.report_duties import ReportDuty
from hub.domain.timetable import Timetable, written
from schemas.identifiers import derived_id, mint_case_id
from schemas.messages.base import ReferralKind

HUB, KIND = "hub", ReferralKind.ASSIGN.value


class Owed(NamedTuple):
    """The report of one department on one period. The ids follow from duty, department and period alone."""

    duty: ReportDuty
    department: str
    to: str
    span: Span

    @property
    def number(self) -> str:
        """Its name, as people read it."""
        return f"{self.duty.code}/{self.department}/{self.span.name}"

    @property
    def case(self) -> str:
        """The case that it is."""
        return mint_case_id(HUB, self.number)

    @property
    def message(self) -> str:
        """Id of the message that says that it is due."""
        return derived_id(HUB, self.case, "report_due")


def receiver(duty: ReportDuty, department: str, departments: Mapping[str, Department]) -> str | None:
    """To whom a department reports: the nearest one above it that plays the role, else the only one that does."""
    above = departments[department].superior
    for _ in departments:
        if above is None:
            break
        if departments[above].plays([duty.to]):
            return above
        above = departments[above].superior
    able = [one.id for one in departments.values() if one.plays([duty.to]) and one.id != department]
    return able[0] if len(able) == 1 else None


def debtors(duty: ReportDuty, departments: Mapping[str, Department]) -> Iterator[str]:
    """Who owes it: whoever plays one of the roles and has not the receiver's part itself."""
    for one in departments.values():
        if one.plays(duty.owes) and not one.plays([duty.to]):
            yield one.id


def periods_ended(duty: ReportDuty, joined: date, now: datetime) -> Iterator[Span]:
    """The periods that are over and owed, the latest first: none before that of `since`, nor of the day of joining."""
    first = max(duty.since, joined)
    span = before(duty.period, span_of(duty.period, now.astimezone(SHANGHAI).date()))
    while span.before > first:
        yield span
        span = before(duty.period, span)


def last_day(duty: ReportDuty, span: Span, timetable: Timetable) -> date:
    """The last day for a report on a period; its own last day is not counted."""
    counted_from = datetime.combine(span.before - timedelta(days=1), datetime.min.time(), SHANGHAI)
    too_late = datetime.fromisoformat(timetable.limit(duty.due, written(counted_from.astimezone(UTC))))
    return too_late.astimezone(SHANGHAI).date() - timedelta(days=1)


def said(owed: Owed, timetable: Timetable) -> dict[str, Any]:
    """The data of `hub.report_due`: the same at each time that it is said."""
    return {
        "duty": owed.duty.code,
        "period": owed.span.name,
        "flow": owed.duty.flow,
        "kind": KIND,
        "sender": owed.to,
        "local_number": owed.number,
        "title": f"{owed.duty.title} {owed.span.name}",
        "lead": owed.department,
        "legal_at": written(owed.span.ends()),
        "due_on": last_day(owed.duty, owed.span, timetable).isoformat(),
    }

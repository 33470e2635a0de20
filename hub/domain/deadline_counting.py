"""The arithmetic of time limits. Every function is pure, and takes the point where counting stands.

Points are Shanghai days; of clocks in hours, moments.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from hub.domain.calendar import Calendar
from hub.domain.calendar_year import ONE_DAY
from hub.domain.clock_basis import Basis, Span, Unit
from hub.domain.deadline_facts import SHANGHAI, Point, day_of, shanghai

HOUR = timedelta(hours=1)
Period = tuple[date, date, str]
_MONTHS = {"M": 1, "Y": 12}


def begin(at: Point, unit: Unit, basis: Basis) -> Point:
    """Where counting starts: the day of the event, which is thereby not counted; of hours the next hour or the moment."""
    if unit != "H":
        return day_of(at)
    if not isinstance(at, datetime):
        raise ValueError(f"{at}: hours need a moment")
    moment = shanghai(at)
    return moment.replace(minute=0, second=0, microsecond=0) + HOUR if basis.next_hour else moment


def count(start: Point, amount: int, unit: Unit, basis: Basis, calendar: Calendar) -> Point:
    """The last day (the end, of hours) of so much time after the start; before it, when the amount is negative."""
    if unit == "H":
        return start + amount * HOUR
    day = start.date() if isinstance(start, datetime) else start
    if unit == "D":
        return day + amount * ONE_DAY
    if unit == "WD":
        return calendar.add_working(day, amount)
    return add_months(day, amount * _MONTHS[unit], basis.month_end)


def add_months(day: date, months: int, month_end: bool) -> date:
    """The same day of another month, or its last when it has no such day.

    `month_end`: the last day of a month leads to the last day (刑诉解释 202); else 28 Feb leads to 28 Mar (民法典 202).
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = _last_day(year, month)
    if day.day > last.day or (month_end and day == _last_day(day.year, day.month)):
        return last
    return date(year, month, day.day)


def exclude(start: Point, end: Point, first: date, last: date, unit: Unit, calendar: Calendar) -> Point:
    """The end moved by what of an excluded period lies in the time that counts. A period after the end moves nothing."""
    if unit == "H":
        since = max(_midnight(first), _moment(start))
        until, stop = _midnight(last + ONE_DAY), _moment(end)
        lost = min(until, stop) - since
        return max(stop, until) + lost if lost > timedelta(0) else end
    day, stop_day = day_of(end), day_of(start)
    since_day = max(first, stop_day + ONE_DAY)
    until_day = min(last, day)
    if unit == "WD":
        lost_days = calendar.working_between(since_day, until_day)
        return calendar.add_working(max(day, last), lost_days) if lost_days else end
    lost_days = (until_day - since_day).days + 1
    return max(day, last) + lost_days * ONE_DAY if lost_days > 0 else end


def cap_end(
    start: Point, span: Span, basis: Basis, unit: Unit, excluded: Iterable[Period], calendar: Calendar
) -> Point:
    """The latest end that a cap allows: its length from its start, and the excluded periods, which it does not count."""
    end = start
    for amount, one in span.parts():
        end = count(end, amount, one, basis, calendar)
    for first, last, _ in excluded:
        end = exclude(start, end, first, last, unit, calendar)
    return end


def merged(periods: Iterable[Period]) -> Sequence[Period]:
    """Periods in order; what overlaps or touches becomes one, so that no day is taken off twice."""
    found: list[Period] = []
    for first, last, ground in sorted(periods):
        if found and first <= found[-1][1] + ONE_DAY:
            before = found.pop()
            grounds = before[2] if ground in before[2].split("+") else f"{before[2]}+{ground}"
            found.append((before[0], max(before[1], last), grounds))
        else:
            found.append((first, last, ground))
    return found


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - ONE_DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _moment(point: Point) -> datetime:
    return point if isinstance(point, datetime) else _midnight(point)

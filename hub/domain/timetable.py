"""Which time limits each flow has, and when each is due: flows, clocks and calendar joined once, at start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hub.domain.calendar import Calendar
from hub.domain.clock import Clock
from hub.domain.clock_set import Clocks
from hub.domain.deadline import Deadline, compute
from hub.domain.deadline_counting import add_months
from hub.domain.deadline_facts import SHANGHAI, Fact, Point, Started, day_of, facts_from_data, read_point
from hub.domain.deadline_warning import warn_on
from hub.domain.derivation_words import article_words
from hub.domain.flow import Flow
from hub.domain.flow_clock import FlowClock
from hub.domain.ladder import Ladder, Within

# Of many thousands of cases a day, few start one clock on different days.
_REMEMBERED = 5_000
_DAY = timedelta(days=1)


class Times(NamedTuple):
    """When a time limit is due and from when to warn of it, as events write it."""

    due: str
    warn: str | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """A clock of the law in a flow: which of the flow's clocks it is, and the rule. `article` is what notices cite."""

    place: int
    of: FlowClock
    rule: Clock
    article: str


@dataclass(slots=True)
class Timetable:
    """`watches`: by flow, version and whether they bind co-handlers, the clocks that an instant or a fact touches.

    It remembers what it computed, which makes no difference but for the pace; `ladders` likewise, by flow, version and
    department (`hub.domain.rules`).
    """

    clocks: Clocks
    calendar: Calendar
    watches: dict[tuple[str, int, bool], dict[str, tuple[Watch, ...]]]
    ladders: dict[tuple[str, int, str, str, str], dict[str, Within]] = field(default_factory=dict)
    _times: dict[tuple[str, str], Times] = field(default_factory=dict)
    _limits: dict[tuple[int, str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, flows: Iterable[Flow], clocks: Clocks, calendar: Calendar) -> "Timetable":
        """Join them. A flow may name a clock that the law gives no number: it is told of, and never due."""
        table = cls(clocks, calendar, {})
        for flow in flows:
            for helpers in (False, True):
                touched: dict[str, tuple[Watch, ...]] = {}
                table.watches[flow.flow, flow.version, helpers] = touched
                for watch in table._watches(flow, helpers):
                    for name in dict.fromkeys((watch.of.starts, *watch.of.ends, *watch.of.when)):
                        touched[name] = (*touched.get(name, ()), watch)
        return table

    def _watches(self, flow: Flow, helpers: bool) -> Iterable[Watch]:
        for place, one in enumerate(flow.clocks):
            rule = self.clocks.by_id.get(one.id) if (one.bound == "co_handler") == helpers else None
            if rule is not None and (rule.by_letter or not rule.recorded_only):
                yield Watch(place, one, rule, article_words(rule, self.clocks))

    def watch(self, flow: str, version: int, place: int) -> Watch:
        """One clock of a flow by its place."""
        return next(
            watch
            for helpers in (False, True)
            for watches in self.watches[flow, version, helpers].values()
            for watch in watches
            if watch.place == place
        )

    def times(self, rule: Clock, since: str, facts: tuple[dict[str, Any], ...] = ()) -> Times:
        """When a clock that counts from `since` and with these facts is due. Raises FactNotAllowed."""
        if facts:
            return self._of(self.deadline(rule, since, facts), rule)
        known = self._times.get((rule.id, since))
        if known is None:
            known = self._of(self.deadline(rule, since, ()), rule)
            if len(self._times) >= _REMEMBERED:
                self._times.clear()
            self._times[rule.id, since] = known
        return known

    def deadline(self, rule: Clock, since: str, facts: tuple[dict[str, Any], ...]) -> Deadline:
        """The deadline with its derivation, as it follows from the rule and what the case keeps."""
        return compute(rule, facts_of(since, facts), self.calendar)

    def _of(self, deadline: Deadline, rule: Clock) -> Times:
        warn = written(_begins(warn_on(deadline, rule, self.clocks.warnings, self.calendar)))
        due = written(deadline.passed_at)
        return Times(due, warn if warn < due else None, deadline.provisional)

    def limit(self, within: Within, at: str) -> str:
        """The first moment that is too late for a step expected since `at`: the last day lasts until 24:00."""
        asked = within.amount, within.unit, at
        known = self._limits.get(asked)
        if known is None:
            known = written(self._limit(within.amount, within.unit, datetime.fromisoformat(at)))
            if len(self._limits) >= _REMEMBERED:
                self._limits.clear()
            self._limits[asked] = known
        return known

    def _limit(self, amount: int, unit: str, at: datetime) -> datetime:
        if unit == "H":
            return at + timedelta(hours=amount)
        day = at.astimezone(SHANGHAI).date()
        if unit == "WD":
            last = self.calendar.add_working(day, amount)
        else:
            last = add_months(day, amount, False) if unit == "M" else day + amount * _DAY
        return _begins(last + _DAY)


def facts_of(since: str, facts: Iterable[Mapping[str, Any]]) -> tuple[Fact, ...]:
    """What a rule counts with. A letter that sets the term has its last day among the facts, as `until`."""
    given = [dict(fact) for fact in facts]
    letter = next((fact["until"] for fact in given if fact.get("f") == "letter"), None)
    until = None if letter is None else day_of(read_point(letter))
    return (
        Started(read_point(since), until=until),
        *facts_from_data([fact for fact in given if fact.get("f") != "letter"]),
    )


def counted_from(rule: Clock, legal_at: str) -> str:
    """What a clock keeps of a legal moment: its day, or for clocks in hours the moment."""
    return legal_at if rule.unit == "H" else day_of(read_point(legal_at)).isoformat()


def ladder_limits(ladder: Ladder) -> dict[str, Within]:
    """The limits that a ladder sets, by rung."""
    return {name: limit for name in type(ladder).model_fields if (limit := getattr(ladder, name)) is not None}


def written(moment: datetime) -> str:
    """A moment as events write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _begins(point: Point) -> datetime:
    return point if isinstance(point, datetime) else datetime.combine(point, datetime.min.time(), SHANGHAI)

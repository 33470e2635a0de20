"""Other rules or another calendar in force: time limits that run are computed anew, and only what changes is spoken of."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.domain.case import Case, Running
from hub.domain.evolve import fold
from hub.domain.rules import Rules
from hub.rules.loader import HERE, load_rules
from tests.unit.domain.play import DIRECTORY, Play, rules

NEW_YEAR = {"zh": "元旦", "en": "New Year's Day", "from": date(2027, 1, 1), "to": date(2027, 1, 3)}
IN_APRIL = {"zh": "清明节", "en": "Tomb-sweeping Day", "from": date(2026, 4, 2), "to": date(2026, 4, 6)}


def with_year(place: Path, year: int, holidays: list[dict[str, Any]], **more: Any) -> Rules:
    """The rules with one year of the calendar loaded or replaced."""
    notice = {"number": "国办发明电〔2026〕9号", "issued": date(year - 1, 11, 1), "title": "放假安排的通知"}
    data = {"year": year, "notices": [notice], "verified": True, "holidays": holidays, "working": [], **more}
    file = place / "calendar" / f"{year}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return load_rules(DIRECTORY, overlay=place)


def longer_april(place: Path) -> Rules:
    """The second of April 2026 is off, and so are the days up to the sixth."""
    days = yaml.safe_load((HERE / "calendar" / "2026.yaml").read_text("utf-8"))
    others = [one for one in days["holidays"] if one["zh"] != "清明节"]
    return with_year(place, 2026, [*others, IN_APRIL], working=days["working"])


def matter(day: str) -> Play:
    """A mediation that was accepted on a day; it has one month (J23)."""
    at = f"{day}T09:30:00+08:00"
    one = Play(at=datetime.fromisoformat(at))
    one.raise_(rules().flows["F20"][0], lead="mediation", legal_at=at)
    task = next(iter(one.case.tasks.values()))
    for step in ("task.signed", "task.accepted"):
        one.act(task, step, legal_at=at)
    return one


def limit(case: Case) -> Running:
    return next(one for one in case.deadlines.values() if one.clock == "J23")


def changed(one: Play, to: Rules) -> list[Any]:
    """The hub says that these rules are in force."""
    one.under = to
    return one.send("hub", "hub.rules_changed", rules=to.digest)


def comes(one: Play) -> None:
    """The hub's clock says what it has to say of the limit up to its end."""
    while (moment := limit(one.case).next) is not None:
        one.at = max(one.at, datetime.fromisoformat(moment))
        number = next(n for n, r in one.case.deadlines.items() if r.clock == "J23")
        one.send("hub", "hub.deadline_due", deadline=number, moment=moment)


@pytest.mark.parametrize(
    ("last", "after"), [(3, "2027-01-04T16:00:00.000Z"), (4, "2027-01-05T16:00:00.000Z")]
)
def test_a_year_that_is_loaded_makes_a_provisional_day_firm_also_where_it_stays(
    tmp_path: Path, last: int, after: str
) -> None:
    one = matter("2026-12-04")
    assert limit(one.case).provisional
    events = changed(one, with_year(tmp_path, 2027, [{**NEW_YEAR, "to": date(2027, 1, last)}]))
    (said,) = events
    assert (said.e, said.why, said.provisional) == ("deadline_recomputed", "rules_changed", False)
    assert (said.before, said.after) == ("2027-01-04T16:00:00.000Z", after)
    assert (limit(one.case).due, limit(one.case).provisional) == (after, False)
    assert limit(one.case).next == said.next
    assert changed(one, one.under) == []
    assert fold(Case(one.case.id), one.events).to_bytes() == one.case.to_bytes()


def test_rules_that_change_nothing_of_the_case_say_nothing(tmp_path: Path) -> None:
    one = matter("2026-03-02")
    before = one.case.to_bytes()
    assert changed(one, rules()) == []
    assert changed(one, with_year(tmp_path, 2027, [NEW_YEAR])) == []
    assert one.case.to_bytes() == before


def test_a_breach_that_the_new_calendar_disproves_is_annulled_by_name_and_told(tmp_path: Path) -> None:
    one = matter("2026-03-02")
    comes(one)
    assert limit(one.case).breached
    (step,) = one.case.supervisions.values()
    assert (step.trigger, step.state) == ("breached", "open")
    moved, annulled, *others = changed(one, longer_april(tmp_path))
    assert (moved.before, moved.after) == ("2026-04-02T16:00:00.000Z", "2026-04-07T16:00:00.000Z")
    assert (annulled.e, annulled.reason, annulled.next) == ("breach_annulled", "rules_changed", moved.after)
    told = [e for e in others if e.e == "notified" and e.type == "breach.annulled.v1"]
    assert {(e.to, e.type, e.own["reason"]) for e in told} == {
        ("mediation", "breach.annulled.v1", "rules_changed"),
        ("petition", "breach.annulled.v1", "rules_changed"),
    }
    assert (limit(one.case).breached, limit(one.case).next) == (False, moved.after)
    # The step of supervision that was taken on the breach falls with it.
    assert [one.state for one in one.case.supervisions.values()] == ["cleared"]


def test_what_was_found_late_stays_when_the_new_day_has_passed_too(tmp_path: Path) -> None:
    one = matter("2026-03-02")
    comes(one)
    one.at = datetime.fromisoformat("2026-04-08T00:00:00+08:00")
    (moved,) = changed(one, longer_april(tmp_path))
    assert (moved.e, moved.next) == ("deadline_recomputed", None)
    assert limit(one.case).breached

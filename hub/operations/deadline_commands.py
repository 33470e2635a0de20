"""`fengqiao deadline …`: what is due, by which article and why on that day. `compute` needs no server. Thin."""

import json
import re
from datetime import date, datetime
from typing import Annotated, Any

import typer

from hub.command_group import group
from hub.command_home import HomeOption
from hub.domain.calendar import Calendar
from hub.domain.clock import Clock
from hub.domain.clock_set import Clocks
from hub.domain.deadline import Deadline, compute
from hub.domain.deadline_admission import admit, grounds
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Point,
    Restarted,
    Started,
    day_of,
)
from hub.domain.deadline_sequel import ahead, triggered
from hub.domain.deadline_warning import warn_on
from hub.domain.derivation_words import Lang, article_words, explain, step_words
from hub.domain.rule_data import Bilingual
from hub.errors import FactNotAllowed
from hub.home import DEFAULT_HOME, Home
from hub.operations import date_commands
from hub.rules.calendar_files import load_calendar
from hub.rules.deadline_files import load_clocks

app = group("Deadlines: what is due, and why; dates that a person sets.")
app.command("show")(date_commands.show_command)
app.command("set")(date_commands.set_command)
app.command("lift")(date_commands.lift_command)


@app.command("compute")
def compute_command(
    rule: Annotated[str, typer.Argument(help="Id of the clock, like X3, C22 or J11.")],
    start: Annotated[
        str,
        typer.Option(
            metavar="DATE|DATETIME",
            help="Of the event: 2026-02-05, or 2026-02-05T10:15 for a clock in hours (Shanghai time unless it has a zone).",
        ),
    ],
    custody: Annotated[bool, typer.Option("--custody", help="The person is in custody.")] = False,
    extend: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Extended by so many units; may be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FROM..TO[:GROUND]",
            help="Days that do not count, both included; may be repeated. The clock's first ground unless one is named.",
        ),
    ] = None,
    restart: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE[:REASON]",
            help="Counted anew from then; may be repeated. The clock's first reason unless one is named.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="The earlier event from which the clock's cap counts.")
    ] = None,
    circumstance: Annotated[str | None, typer.Option(help="One that the clock's cap names.")] = None,
    nth: Annotated[
        int, typer.Option(help="Which start in the case it is, where the clock has a counter.")
    ] = 1,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="The last day, where the letter sets the term.")
    ] = None,
    lang: Annotated[str, typer.Option(metavar="zh|en", help="Language of the explanation.")] = "zh",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with every step.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """The due date of a clock, with its derivation."""
    if lang not in ("zh", "en"):
        raise FactNotAllowed("lang", lang, "allowed: zh, en")
    rules = Home(home).rules_of_city()
    clocks, calendar = load_clocks(rules), load_calendar(rules)
    clock = clocks.get(rule)
    names = clocks.terms.grounds | clocks.terms.reasons
    facts: list[Fact] = []

    def tell(fact: Fact) -> None:
        admit(clock, facts, fact, names)
        facts.append(fact)

    begun = _point("start", start)
    tell(Started(begun, _day("since", since), circumstance, nth, _day("until", until)))
    for one in restart or []:
        at, reason = _parted("restart", one, clock.restart_reasons, clock)
        tell(Restarted(_point("restart", at), reason))
    for one in exclude or []:
        period, ground = _parted("exclude", one, clock.excludes or grounds(clock), clock)
        tell(Excluded(*_period(period), ground))
    run = max([day_of(begun), *(day_of(fact.at) for fact in facts if isinstance(fact, Restarted))])
    for amount in extend or []:
        tell(Extended(amount, run))
    if custody:
        tell(CustodyChanged(day_of(begun), True))
    result = compute(clock, facts, calendar)
    chosen: Lang = "en" if lang == "en" else "zh"
    if as_json:
        around = _around(result, clock, clocks, calendar, chosen)
        shown = _json(result, clock, clocks, chosen) | around
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        _print(result, clock, clocks, chosen)


def _json(result: Deadline, clock: Clock, clocks: Clocks, lang: Lang) -> dict[str, Any]:
    words = step_words(result, clocks, lang)
    data = result.data()
    return {
        "rule": clock.id,
        "title": _in(clock.title, lang),
        "due": data["due"],
        "raw": data["raw"],
        "earliest": data["earliest"],
        "passed_at": result.passed_at.isoformat(),
        "provisional": result.provisional,
        "article": article_words(clock, clocks, lang),
        "note": None if clock.note is None else _in(clock.note, lang),
        "verified": clock.verified,
        "in_force": clock.in_force(day_of(result.steps[0].frm)),
        "explanation": explain(result, clocks, lang),
        "steps": [{**step, "text": text} for step, text in zip(data["steps"], words, strict=True)],
        "facts": data["facts"],
    }


def _around(result: Deadline, clock: Clock, clocks: Clocks, calendar: Calendar, lang: Lang) -> dict[str, Any]:
    """When to warn, what is due ahead of it, and what the day after triggers."""
    around: dict[str, Any] = {"warn_on": warn_on(result, clock, clocks.warnings, calendar).isoformat()}
    around["ahead"] = [
        {"rule": one.clock, "title": _in(clocks.get(one.clock).title, lang), "due": one.due.isoformat()}
        for one in ahead(result, clocks, calendar)
    ]
    if (after := triggered(result, clock)) is not None:
        around["triggers"] = {"on": after.on.isoformat(), "paper": _in(after.trigger.paper, lang)}
    return around


def _in(name: Bilingual, lang: Lang) -> str:
    return name.zh if lang == "zh" else name.en


def _print(result: Deadline, clock: Clock, clocks: Clocks, lang: Lang) -> None:
    zh = lang == "zh"
    due = (
        result.due.strftime("%Y-%m-%d %H:%M") if isinstance(result.due, datetime) else result.due.isoformat()
    )
    mark = (" (暂定)" if zh else " (provisional)") if result.provisional else ""
    typer.echo(f"{clock.id} {_in(clock.title, lang)}: {due}{mark}")
    typer.echo(explain(result, clocks, lang))
    start = day_of(result.steps[0].frm)
    if not clock.in_force(start):
        span = f"{clock.valid_from or '…'} – {clock.valid_to or '…'}"
        typer.echo(
            f"注意: 所引条文 {start} 不在施行期间 ({span})"
            if zh
            else f"note: not in force on {start} ({span})"
        )
    if not clock.verified:
        typer.echo("注意: 条文未核对" if zh else "note: the text was not verified")
    if result.earliest != result.due:
        typer.echo(f"从严: {result.earliest}" if zh else f"strictest reading: {result.earliest}")


def _parted(field: str, text: str, codes: tuple[str, ...], clock: Clock) -> tuple[str, str]:
    """The value and the code behind its last colon; without one the first that the clock allows."""
    found = re.fullmatch(r"(.*\d):([a-z_]+)", text)
    if found:
        return found[1], found[2]
    if not codes:
        raise FactNotAllowed(field, text, f"{clock.id} knows no ground for it")
    return text, codes[0]


def _period(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    if not dots:
        raise FactNotAllowed("exclude", text, "give FROM..TO, as in 2026-03-01..2026-03-05")
    return _given_day("exclude", first), _given_day("exclude", last)


def _day(field: str, text: str | None) -> date | None:
    return None if text is None else _given_day(field, text)


def _given_day(field: str, text: str) -> date:
    point = _point(field, text)
    if isinstance(point, datetime):
        raise FactNotAllowed(field, text, "give a day, as in 2026-02-05")
    return point


def _point(field: str, text: str) -> Point:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FactNotAllowed(field, text, "give a day 2026-02-05 or a moment 2026-02-05T10:15") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)

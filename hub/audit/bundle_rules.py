"""The rules in a bundle: their text by digest, the files that they were read from, and what they make of time limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hub.domain.case import Case
from hub.domain.derivation_words import explain
from hub.domain.entry import Entry
from hub.domain.evolve import evolve
from hub.domain.rules import Rules
from hub.rules.canonical import canonical_texts
from hub.rules.loader import HERE, load_rules


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Rules as they are loaded, and where from."""

    rules: Rules
    city: Path
    overlay: Path | None

    @classmethod
    def of(cls, city: Path, overlay: Path | None) -> Self:
        """Load them. Raises RuleFileError, ConfigurationError."""
        return cls(load_rules(city, overlay=overlay), city, overlay)


def rule_files(sources: Iterable[RuleSource]) -> dict[str, bytes]:
    """Texts by digest, and the files as people write them."""
    found: dict[str, bytes] = {}
    for source in sources:
        rules, clocks, calendar = canonical_texts(source.rules, source.overlay)
        timetable = source.rules.timetable
        found[f"rules/{source.rules.digest}.json"] = rules.encode()
        found[f"clocks/{timetable.clocks.digest}.json"] = clocks.encode()
        found[f"calendar/{timetable.calendar.digest}.json"] = calendar.encode()
    for source in sources:
        place = f"sources/{source.rules.digest[:12]}"
        found[f"{place}/departments.yaml"] = source.city.read_bytes()
        roots = {"hub": HERE} if source.overlay is None else {"hub": HERE, "city": source.overlay}
        for name, root in roots.items():
            for path in sorted(root.glob("**/*.yaml")):
                found[f"{place}/{name}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    return found


def derivations(entries: Sequence[Entry], rules: Mapping[str, Rules]) -> list[dict[str, Any]]:
    """How each due moment came about, in both languages, by the rules of its entry where they are at hand."""
    if not entries:
        return []
    case = Case(entries[0].case or "")
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for entry in entries:
        for event in entry.events:
            case = evolve(case, event)
            if event.e in ("deadline_started", "deadline_recomputed") and entry.rules in rules:
                one = _derivation(case, event.deadline, rules[entry.rules])
                found[entry.seq, event.deadline] = {"entry": entry.seq, "deadline": event.deadline, **one}
    return list(found.values())


def _derivation(case: Case, number: int, rules: Rules) -> dict[str, Any]:
    running = case.deadlines[number]
    task = case.tasks[running.task]
    referral = case.referrals[task.referral]
    flow, version = referral.flow, referral.flow_version
    if running.place < 0:
        asked = flow, version, running.owner, referral.track, referral.priority
        limit = rules.limits(*asked).get(running.clock)
        zh, en = f"平台规定：{limit}（{flow}）", f"house rule: {limit} ({flow})"
    else:
        rule = rules.timetable.watch(flow, version, running.place).rule
        deadline = rules.timetable.deadline(rule, running.since or "", running.facts)
        clocks = rules.timetable.clocks
        zh, en = explain(deadline, clocks, "zh"), explain(deadline, clocks, "en")
    due = running.computed or running.due
    return {"clock": running.clock, "owner": running.owner, "due": due, "zh": zh, "en": en}

"""The files of clocks into one `Clocks`: those that ship with the hub, and those of a home in place of or beside them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path

from pydantic import Field, RootModel

from hub.domain.clock import Clock, natural
from hub.domain.clock_set import Clocks, Law, Terms, clocks_text
from hub.domain.deadline_warning import WarnRule
from hub.domain.rule_data import Bilingual, CodeText, RuleData
from hub.errors import RuleFileError
from hub.rules.files import line_in, load_model

HERE = Path(__file__).parent / "deadlines"
Place = tuple[Path, int]


class ClockFile(RuleData):
    """A file of clocks, grouped as one reads them."""

    title: Bilingual
    clocks: list[Clock] = Field(min_length=1)


class LawFile(RootModel[dict[CodeText, Law]]):
    """The laws by their codes."""


class WarnFile(RuleData):
    """The policy of warnings."""

    warnings: tuple[WarnRule, ...]


def load_clocks(
    home_rules: Path | None = None, shipped: Path = HERE, papers: Set[str] | None = None
) -> Clocks:
    """The shipped clocks, and those under `home_rules`/deadlines in place of or beside them; words and policy likewise.

    `papers`: the catalogue that triggered papers must be in; None: it is not at hand.
    Raises RuleFileError with file and line for the first thing that is wrong or contradicts another.
    """
    roots = [shipped] if home_rules is None else [shipped, home_rules / "deadlines"]
    laws, terms, warnings = _words(roots)
    found: dict[str, tuple[Clock, Place]] = {}
    for root in roots:
        found |= _read(root)
    clocks = {name: found[name][0] for name in sorted(found, key=natural)}
    for clock, place in found.values():
        for field, problem in _problems(clock, clocks, laws.root, terms):
            raise _wrong(place, field, problem)
        if papers is not None and clock.trigger is not None and clock.trigger.code not in papers:
            raise _wrong(place, "trigger", f"{clock.trigger.code!r} is not in the catalogue of papers")
    digest = hashlib.sha256(clocks_text(clocks, laws, terms, warnings).encode()).hexdigest()
    return Clocks(clocks, laws.root, terms, warnings.warnings, digest)


def clocks_files_text(clocks: Clocks) -> str:
    """The text whose SHA-256 is the digest of these clocks."""
    words = (LawFile(dict(clocks.laws)), clocks.terms, WarnFile(warnings=clocks.warnings))
    return clocks_text(clocks.by_id, *words)


def _words(roots: Sequence[Path]) -> tuple[LawFile, Terms, WarnFile]:
    """Laws and terms of all directories together; the warnings of the last that has any."""
    laws = load_model(roots[0] / "terms" / "laws.yaml", LawFile)
    terms = load_model(roots[0] / "terms" / "terms.yaml", Terms)
    warnings = load_model(roots[0] / "terms" / "warnings.yaml", WarnFile)
    for own in (root / "terms" for root in roots[1:]):
        if (path := own / "laws.yaml").exists():
            laws = LawFile(laws.root | load_model(path, LawFile).root)
        if (path := own / "terms.yaml").exists():
            more = load_model(path, Terms)
            terms = Terms(**{name: getattr(terms, name) | getattr(more, name) for name in Terms.model_fields})
        if (path := own / "warnings.yaml").exists():
            warnings = load_model(path, WarnFile)
    return laws, terms, warnings


def _read(directory: Path) -> dict[str, tuple[Clock, Place]]:
    found: dict[str, tuple[Clock, Place]] = {}
    for path in sorted(directory.glob("*.yaml")):
        for index, clock in enumerate(load_model(path, ClockFile).clocks):
            if clock.id in found:
                problem = f"{clock.id} is also in {found[clock.id][1][0].name}"
                raise _wrong((path, index), "id", problem)
            found[clock.id] = clock, (path, index)
    return found


def _problems(
    clock: Clock, clocks: Mapping[str, Clock], laws: Mapping[str, Law], terms: Terms
) -> Iterator[tuple[str, str]]:
    """What a clock names and nothing knows, and what two clocks say against each other."""
    named: tuple[tuple[str, list[str], Mapping[str, object]], ...] = (
        ("sources", [source.law for source in clock.sources], laws),
        ("starts", [clock.starts.event] if clock.starts else [], terms.events),
        ("starts", list(clock.starts.ends_of) if clock.starts else [], clocks),
        ("excludes", list(clock.excludes), terms.grounds),
        ("restarts", list(clock.restart_reasons), terms.reasons),
        ("from", clock.from_, terms.roles),
        ("to", clock.to, terms.roles),
    )
    for field, codes, known in named:
        for code in codes:
            if code not in known:
                yield field, f"{code!r} is not known; allowed: {', '.join(sorted(known))}"
    for other in clock.starts.ends_of if clock.starts else ():
        if clocks[other].recorded_only:
            yield "starts", f"{other} has no time that could end"
    if clock.counter is not None:
        for one in clocks.values():
            same = one.counter is not None and one.counter.code == clock.counter.code
            if same and one.counter != clock.counter:
                yield "counter", f"{clock.counter.code} is capped otherwise by {one.id}"


def _wrong(place: Place, field: str, problem: str) -> RuleFileError:
    path, index = place
    return RuleFileError(str(path), line_in(path, "clocks", index, field), f"{field}: {problem}")

"""The files of clocks into one `Clocks`: those that ship with the hub, and those of a home in place of or beside them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, RootModel

from hub.domain.clock import Clock, natural
from hub.domain.clock_set import Clocks, Law, Terms, digest_of
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


def load_clocks(home_rules: Path | None = None, shipped: Path = HERE) -> Clocks:
    """The shipped clocks, and those under `home_rules`/deadlines in place of or beside them.

    Raises RuleFileError with file and line for the first thing that is wrong or contradicts another.
    """
    laws = load_model(shipped / "terms" / "laws.yaml", LawFile).root
    terms = load_model(shipped / "terms" / "terms.yaml", Terms)
    found = _read(shipped)
    if home_rules is not None:
        found |= _read(home_rules / "deadlines")
    clocks = {name: found[name][0] for name in sorted(found, key=natural)}
    for clock, place in found.values():
        for field, problem in _problems(clock, clocks, laws, terms):
            raise _wrong(place, field, problem)
    return Clocks(clocks, laws, terms, digest_of(clocks, laws, terms))


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

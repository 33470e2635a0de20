"""All rule files into one `Rules` value. Run at start: a set that contradicts itself never gets as far as a message."""

from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from pathlib import Path

from hub.domain.calendar import Calendar
from hub.domain.clock_set import Clocks
from hub.domain.directory import EVERY_FLOW, Department, Directory
from hub.domain.flow import Flow
from hub.domain.lifecycle import Lifecycle
from hub.domain.record_sealing import RecordSealing
from hub.domain.roster import roster_problems
from hub.domain.rules import Rules
from hub.domain.telling import Telling
from hub.domain.timetable import Timetable
from hub.errors import ConfigurationError, RuleFileError
from hub.rules.calendar_files import load_calendar
from hub.rules.canonical import digest_of, rules_text
from hub.rules.catalogues import Catalogues, load_catalogues
from hub.rules.clock_ids import clock_ids
from hub.rules.deadline_files import load_clocks
from hub.rules.duplicate_file import load_duplicates
from hub.rules.files import last_of, layered, line_in, load_model
from hub.rules.flow_checks import flow_problems
from hub.rules.report_duty_file import load_report_duties
from hub.rules.routing_files import load_routing, place_problems
from hub.rules.supervision_files import load_supervision
from hub.rules.urgency_file import load_urgency
from schemas.messages.base import ROUTE

HERE = Path(__file__).parent


def load_rules(directory_file: Path, rules_dir: Path = HERE, overlay: Path | None = None) -> Rules:
    """Lifecycle, flows, clocks, calendar and the city's directory. `overlay`: the city's own rules over those of the hub.

    Raises RuleFileError with file and line, ConfigurationError for an overlay that is no directory.
    """
    roots = rule_roots(rules_dir, overlay)
    lifecycle = load_model(rules_dir / "lifecycle.yaml", Lifecycle)
    codes = load_catalogues(roots)
    flows = load_flows(roots, codes)
    directory = load_model(directory_file, Directory)
    for problem in directory_problems(directory_file, directory, codes, {flow.flow for flow in flows}):
        raise problem
    telling = load_model(last_of((HERE, *roots), "telling.yaml"), Telling)
    routing = load_routing(roots, codes, {flow.flow for flow in flows})
    for problem in place_problems(roots, {department.id for department in directory.departments}):
        raise problem
    record_sealing = load_record_sealing(roots)
    urgency = load_urgency(roots, codes)
    supervision = load_supervision(
        (HERE, *roots), codes.roles.keys(), {flow.flow for flow in flows}, clock_ids(roots)
    )
    duplicates = load_duplicates((HERE, *roots), {flow.flow for flow in flows})
    clocks, calendar = _time(overlay, frozenset(codes.papers))
    report_duties = load_report_duties((HERE, *roots), codes, flows, clocks, directory)
    by_code: dict[str, list[Flow]] = {}
    for flow in flows:
        by_code.setdefault(flow.flow, []).append(flow)
    return Rules(
        flows={
            code: tuple(sorted(versions, key=lambda flow: flow.version)) for code, versions in by_code.items()
        },
        departments={department.id: department for department in directory.departments},
        lifecycle=lifecycle,
        directory=directory,
        timetable=Timetable.of(flows, clocks, calendar),
        telling=telling,
        routing=routing,
        record_sealing=record_sealing,
        urgency=urgency,
        supervision=supervision,
        duplicates=duplicates,
        report_duties=report_duties,
        digest=digest_of(
            rules_text(
                (
                    lifecycle,
                    directory,
                    telling,
                    record_sealing,
                    urgency,
                    supervision,
                    duplicates,
                    report_duties,
                ),
                flows,
                routing,
                clocks.digest,
                calendar.digest,
            )
        ),
    )


def rule_roots(rules_dir: Path = HERE, overlay: Path | None = None) -> tuple[Path, ...]:
    """The directories that rules are read from, later ones over earlier ones."""
    if overlay is not None and not overlay.is_dir():
        raise ConfigurationError(f"rules {overlay}: is no directory")
    return (rules_dir,) if overlay is None else (rules_dir, overlay)


def load_record_sealing(roots: Sequence[Path]) -> RecordSealing:
    """What may be sealed and who may look. Raises RuleFileError."""
    return load_model(last_of((HERE, *roots), "record_sealing.yaml"), RecordSealing)


def load_flows(roots: Sequence[Path], codes: Catalogues) -> list[Flow]:
    """Every version of every flow, checked against each other and the catalogues. Raises RuleFileError."""
    flows = {path: load_model(path, Flow) for path in layered("flows", roots)}
    for problem in flow_problems(flows, codes, clock_ids(roots)):
        raise problem
    return list(flows.values())


def directory_problems(
    file: Path, directory: Directory, codes: Catalogues, flows: Set[str]
) -> Iterator[RuleFileError]:
    """What the directory of departments contradicts, with file and line."""
    seen: set[str] = set()
    superiors = {department.id: department.superior for department in directory.departments}
    for n, department in enumerate(directory.departments):
        for place, problem in _of_department(department, superiors, codes, flows):
            where = ("departments", n, *place)
            yield RuleFileError(str(file), line_in(file, *where), f"{'.'.join(map(str, where))}: {problem}")
        if department.id in seen:
            problem = f"departments.{n}.id: {department.id!r} is given twice"
            yield RuleFileError(str(file), line_in(file, "departments", n, "id"), problem)
        seen.add(department.id)
    for where, problem in roster_problems(directory.roster, seen):
        place = ("roster", *where)
        yield RuleFileError(str(file), line_in(file, *place), f"{'.'.join(map(str, place))}: {problem}")


def _of_department(
    department: Department, superiors: Mapping[str, str | None], codes: Catalogues, flows: Set[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if department.id == ROUTE:
        yield ("id",), f"{ROUTE!r} stands for the owner by the duty list: give the department another id"
    for n, role in enumerate(department.roles):
        if role not in codes.roles:
            yield ("roles", n), f"{role!r} is no role; allowed: {sorted(codes.roles)}"
    if department.superior is not None and department.superior not in superiors:
        yield ("superior",), f"{department.superior!r} is no department of this directory"
    above = department.superior
    for _ in superiors:
        if above == department.id:
            yield ("superior",), f"{department.id!r} would be above itself"
            break
        above = superiors.get(above or "")
    for flow in department.within:
        if flow != EVERY_FLOW and flow not in flows:
            yield ("within", flow), f"{flow!r} is no flow; allowed: {EVERY_FLOW!r} and {sorted(flows)}"


def _time(overlay: Path | None, papers: frozenset[str]) -> tuple[Clocks, Calendar]:
    """Clocks and calendar; those that ship with the hub are read once, since they are many."""
    if overlay is None:
        return _shipped_time(papers)
    return load_clocks(overlay, papers=papers), load_calendar(overlay)


@cache
def _shipped_time(papers: frozenset[str]) -> tuple[Clocks, Calendar]:
    return load_clocks(papers=papers), load_calendar()

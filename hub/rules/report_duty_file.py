"""`report_duties.yaml` into `ReportDuties`, held against flows, clocks, roles and the directory. A city's replaces the hub's."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.domain.clock_set import Clocks
from hub.domain.directory import Directory
from hub.domain.flow import Flow
from hub.domain.report_duties import ReportDuties, ReportDuty
from hub.domain.reports_owed import KIND, debtors, receiver
from hub.errors import RuleFileError
from hub.rules.catalogues import Catalogues
from hub.rules.files import last_of, line_in, load_model

NAME = "report_duties.yaml"
_Problem = tuple[str, str]


def load_report_duties(
    roots: Sequence[Path], codes: Catalogues, flows: Sequence[Flow], clocks: Clocks, directory: Directory
) -> ReportDuties:
    """The file, checked. Raises RuleFileError with file and line."""
    file = report_duty_file(roots)
    held = load_model(file, ReportDuties)
    for problem in report_duty_problems(file, held, codes, flows, clocks, directory):
        raise problem
    return held


def report_duty_file(roots: Sequence[Path]) -> Path:
    """The file that is in force: of the last directory that has one."""
    return last_of(roots, NAME)


def report_duty_problems(
    file: Path,
    held: ReportDuties,
    codes: Catalogues,
    flows: Sequence[Flow],
    clocks: Clocks,
    directory: Directory | None,
) -> Iterator[RuleFileError]:
    """What the file names and nothing knows, or what could never be warned of. Without a directory that is not looked at."""
    for n, duty in enumerate(held.duties):
        of_flow = [flow for flow in flows if flow.flow == duty.flow]
        problems = [*_roles(duty, codes), *_flow(duty, of_flow, clocks)]
        if not problems and directory is not None:
            problems += _departments(duty, directory)
        for field, problem in problems:
            place = ("duties", n, field)
            yield RuleFileError(str(file), line_in(file, *place), f"duties.{n}.{field}: {problem}")


def _roles(duty: ReportDuty, codes: Catalogues) -> Iterator[_Problem]:
    for field, roles in (("owes", duty.owes), ("to", [duty.to])):
        for role in roles:
            if role not in codes.roles:
                yield field, f"{role!r} is no role; allowed: {sorted(codes.roles)}"


def _flow(duty: ReportDuty, versions: Sequence[Flow], clocks: Clocks) -> Iterator[_Problem]:
    if not any(flow.in_force(duty.since) for flow in versions):
        yield "flow", f"{duty.flow!r} is no flow that is in force on {duty.since}"
    for flow in versions:
        named = f"{flow.flow} version {flow.version}"
        if KIND not in flow.kinds:
            yield "flow", f"{named} has no kind {KIND!r}"
        if duty.to not in flow.senders:
            yield "to", f"{duty.to!r} does not raise {named}; allowed: {flow.senders}"
        if strange := [role for role in duty.owes if role not in flow.lead]:
            yield "owes", f"{strange} is no lead of {named}; allowed: {flow.lead}"
        if required := [paper.code for paper in flow.papers if paper.required]:
            yield "flow", f"{named} wants papers that the hub does not have: {required}"
        if not any(
            clock.bound == "lead" and clock.starts == "raised" and "replied" in clock.ends and not clock.when
            for clock in flow.clocks
            if clock.id in clocks.by_id and clocks.by_id[clock.id].by_letter
        ):
            yield (
                "flow",
                f"{named} has no clock of the lead from `raised` to `replied` with `by_letter: true`: "
                "nothing would warn of the last day",
            )


def _departments(duty: ReportDuty, directory: Directory) -> Iterator[_Problem]:
    departments = {one.id: one for one in directory.departments}
    owing = list(debtors(duty, departments))
    if not owing:
        yield "owes", f"no department owes it: none plays {duty.owes} without {duty.to!r}"
    lost = [one for one in owing if receiver(duty, one, departments) is None]
    if lost:
        able = [one.id for one in departments.values() if one.plays([duty.to])]
        yield "to", f"to whom {lost} report is open: none above plays {duty.to!r}, and {able} do"

"""Everything that is wrong with a set of rules at once, for people who write them. A start stops at the first thing."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from hub.domain.directory import Directory
from hub.domain.flow import Flow
from hub.domain.report_duties import ReportDuties
from hub.domain.supervision import Supervision
from hub.errors import RuleFileError
from hub.rules.catalogues import load_catalogues
from hub.rules.clock_ids import clock_ids
from hub.rules.deadline_files import load_clocks
from hub.rules.duplicate_file import duplicate_problems
from hub.rules.files import layered, load_model
from hub.rules.flow_checks import flow_problems
from hub.rules.loader import HERE, directory_problems, rule_roots
from hub.rules.report_duty_file import report_duty_file, report_duty_problems
from hub.rules.routing_files import place_problems, routing_problems
from hub.rules.supervision_files import supervision_file, supervision_problems
from hub.rules.urgency_file import urgency_problems

M = TypeVar("M", bound=BaseModel)


def rule_problems(
    directory_file: Path | None, overlay: Path | None = None, rules_dir: Path = HERE
) -> list[RuleFileError]:
    """All problems of flows, codes, supervision, duties to report and, if given, of the directory; none when a start would go on.

    What the files contradict in each other is looked at only once each of them can be read.
    """
    roots = rule_roots(rules_dir, overlay)
    problems: list[RuleFileError] = []

    def read(path: Path, model: type[M]) -> M | None:
        try:
            return load_model(path, model)
        except RuleFileError as problem:
            problems.append(problem)
            return None

    try:
        codes = load_catalogues(roots)
    except RuleFileError as problem:
        return [problem]
    flows = {path: flow for path in layered("flows", roots) if (flow := read(path, Flow)) is not None}
    directory = read(directory_file, Directory) if directory_file is not None else None
    ladder_file = supervision_file((HERE, *roots))
    ladder = read(ladder_file, Supervision)
    duty_file = report_duty_file((HERE, *roots))
    duties = read(duty_file, ReportDuties)
    if problems:
        return problems
    known = {flow.flow for flow in flows.values()}
    problems += flow_problems(flows, codes, clock_ids(roots))
    problems += routing_problems(roots, codes, known)
    problems += urgency_problems(roots, codes)
    problems += duplicate_problems((HERE, *roots), known)
    if ladder is not None:
        problems += supervision_problems(ladder_file, ladder, codes.roles.keys(), known, clock_ids(roots))
    if duties is not None and duties.duties:
        try:
            clocks = load_clocks(overlay)
        except RuleFileError as problem:
            return [*problems, problem]
        problems += report_duty_problems(duty_file, duties, codes, list(flows.values()), clocks, directory)
    if directory_file is not None and directory is not None:
        problems += directory_problems(directory_file, directory, codes, known)
    if directory is not None and not problems:
        problems += place_problems(roots, {department.id for department in directory.departments})
    return problems

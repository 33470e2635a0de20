"""All rule files into one `Rules` value. Run at start: a set that contradicts itself never gets as far as a message."""

import hashlib
import json
from pathlib import Path

from hub.domain.directory import Directory
from hub.domain.flow import Flow
from hub.domain.lifecycle import Lifecycle
from hub.domain.rules import Rules
from hub.errors import RuleFileError
from hub.rules.files import line_in, load_model

HERE = Path(__file__).parent


def load_rules(directory_file: Path, rules_dir: Path = HERE) -> Rules:
    """Lifecycle, flows and the city's directory. Raises RuleFileError with file and line."""
    lifecycle = load_model(rules_dir / "lifecycle.yaml", Lifecycle)
    files = sorted((rules_dir / "flows").glob("*.yaml"))
    flows = {path: load_model(path, Flow) for path in files}
    _check_flows(flows)
    directory = load_model(directory_file, Directory)
    departments = {department.id: department for department in directory.departments}
    if len(departments) != len(directory.departments):
        raise _wrong(directory_file, "departments", "an id is given twice")
    by_code: dict[str, list[Flow]] = {}
    for flow in flows.values():
        by_code.setdefault(flow.flow, []).append(flow)
    return Rules(
        flows={
            code: tuple(sorted(versions, key=lambda flow: flow.version)) for code, versions in by_code.items()
        },
        departments=departments,
        lifecycle=lifecycle,
        directory=directory,
        digest=_digest(lifecycle, list(flows.values()), directory),
    )


def _check_flows(flows: dict[Path, Flow]) -> None:
    codes = {flow.flow for flow in flows.values()}
    seen: dict[tuple[str, int], Path] = {}
    for path, flow in flows.items():
        if path.stem.split("@")[0] != flow.flow:
            raise _wrong(path, "flow", f"{flow.flow!r} does not match the file name {path.name}")
        if (flow.flow, flow.version) in seen:
            raise _wrong(path, "version", f"{flow.version} is also in {seen[flow.flow, flow.version].name}")
        seen[flow.flow, flow.version] = path
    for path, flow in flows.items():
        unknown = sorted({code for opened in flow.opens.values() for code in opened} - codes)
        if unknown:
            raise _wrong(path, "opens", f"{unknown} is no flow; allowed: {sorted(codes)}")
        for other in flows.values():
            overlaps = flow.effective_from <= (other.effective_to or flow.effective_from)
            if other.flow == flow.flow and other.version < flow.version and overlaps:
                problem = f"version {other.version} is still in force; give it an effective_to before"
                raise _wrong(path, "effective_from", problem)


def _wrong(path: Path, field: str, problem: str) -> RuleFileError:
    return RuleFileError(str(path), line_in(path, field), f"{field}: {problem}")


def _digest(lifecycle: Lifecycle, flows: list[Flow], directory: Directory) -> str:
    parts = [lifecycle, directory, *sorted(flows, key=lambda flow: (flow.flow, flow.version))]
    text = json.dumps([part.model_dump(mode="json", by_alias=True) for part in parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()

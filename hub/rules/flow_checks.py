"""What the flow files must agree on with each other, with the catalogues and with the clocks of the law."""

from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from hub.domain.codes import WHEN_REFERRAL
from hub.domain.flow import Flow
from hub.domain.flow_clock import FlowClock
from hub.errors import RuleFileError
from hub.rules.catalogues import Catalogues
from hub.rules.files import line_in
from schemas.messages.base import Priority, Track

Place = tuple[str | int, ...]
Problem = tuple[Place, str]
ByCode = Mapping[str, list[Flow]]


def flow_problems(
    flows: Mapping[Path, Flow], codes: Catalogues, clocks: Set[str] | None
) -> Iterator[RuleFileError]:
    """Every contradiction, with file and line. `clocks`: the ids of the clocks of the law; None: they are not there."""
    versions: dict[tuple[str, int], Path] = {}
    by_code: dict[str, list[Flow]] = {}
    for path, flow in flows.items():
        if path.stem.split("@")[0] != flow.flow:
            yield _wrong(path, ("flow",), f"{flow.flow!r} does not match the file name {path.name}")
        if (other := versions.setdefault((flow.flow, flow.version), path)) != path:
            yield _wrong(path, ("version",), f"{flow.version} is also in {other.name}")
        by_code.setdefault(flow.flow, []).append(flow)
    for path, flow in flows.items():
        checks = (
            _codes(flow, codes),
            _clocks(flow, codes, clocks),
            _openings(flow, by_code),
            _times(flow, by_code),
        )
        for problems in checks:
            for place, problem in problems:
                yield _wrong(path, place, problem)


def _wrong(path: Path, place: Place, problem: str) -> RuleFileError:
    return RuleFileError(str(path), line_in(path, *place), f"{'.'.join(map(str, place))}: {problem}")


def _codes(flow: Flow, codes: Catalogues) -> Iterator[Problem]:
    for name in ("senders", "lead", "co_handlers", "copies"):
        for n, role in enumerate(getattr(flow, name)):
            if role not in codes.roles:
                yield (name, n), f"{role!r} is no role; allowed: {sorted(codes.roles)}"
    named: dict[Place, list[str]] = {
        ("papers",): [paper.code for paper in flow.papers],
        ("replies",): [reply.code for reply in flow.replies],
        ("confirm", "papers"): [paper.code for paper in flow.confirm.papers],
    }
    for place, papers in named.items():
        for n, paper in enumerate(papers):
            if paper not in codes.papers:
                yield (*place, n), f"{paper!r} is not in the catalogue of papers"
    for n, reason in enumerate(flow.return_reasons):
        if reason.code not in codes.return_reasons:
            allowed = sorted(codes.return_reasons)
            yield ("return_reasons", n), f"{reason.code!r} is no return reason; allowed: {allowed}"


def _clocks(flow: Flow, codes: Catalogues, clocks: Set[str] | None) -> Iterator[Problem]:
    for n, clock in enumerate(flow.clocks):
        if clocks is not None and clock.id not in clocks:
            yield ("clocks", n, "id"), f"{clock.id!r} is no clock of the law"
        if unknown := sorted(clock.facts() - set(codes.facts) - set(WHEN_REFERRAL)):
            yield ("clocks", n), f"{unknown} is no fact; allowed: {sorted(codes.facts)}"
            continue
        for asked, value in clock.when.items():
            allowed = _values(flow, clock, asked, codes)
            if value not in allowed:
                yield ("clocks", n, "when", asked), f"{value!r} is never so; allowed: {allowed}"


def _values(flow: Flow, clock: FlowClock, asked: str, codes: Catalogues) -> list[str]:
    own: dict[str, list[str]] = {
        "kind": [kind.value for kind in flow.kinds],
        "sender": flow.senders,
        "lead": flow.lead,
        "track": [track.value for track in Track],
        "priority": [priority.value for priority in Priority],
    }
    return own[asked] if asked in own else codes.facts[asked].values


def _openings(flow: Flow, by_code: ByCode) -> Iterator[Problem]:
    for outcome, openings in flow.opens.items():
        for n, opening in enumerate(openings):
            place: Place = ("opens", outcome, n)
            opened = by_code.get(opening.flow)
            if opened is None:
                yield (*place, "flow"), f"{opening.flow!r} is no flow; allowed: {sorted(by_code)}"
                continue
            raisers = flow.senders if opening.by == "sender" else flow.lead
            senders = {role for version in opened for role in version.senders}
            if not senders & set(raisers):
                allowed = f"{opening.flow} is raised by {sorted(senders)}"
                yield place, f"{allowed}, not by the {opening.by} of {flow.flow}, which is {raisers}"


def _times(flow: Flow, by_code: ByCode) -> Iterator[Problem]:
    for other in by_code[flow.flow]:
        overlaps = flow.effective_from <= (other.effective_to or flow.effective_from)
        if other.version < flow.version and overlaps:
            problem = f"version {other.version} is still in force; give it an effective_to before"
            yield ("effective_from",), problem

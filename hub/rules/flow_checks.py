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


def check_flows(flows: Mapping[Path, Flow], codes: Catalogues, clocks: Set[str] | None) -> None:
    """Raise RuleFileError with file and line for the first contradiction. `clocks`: the known ids; None: not loaded."""
    versions: dict[tuple[str, int], Path] = {}
    for path, flow in flows.items():
        if path.stem.split("@")[0] != flow.flow:
            raise _wrong(path, ("flow",), f"{flow.flow!r} does not match the file name {path.name}")
        if (other := versions.get((flow.flow, flow.version))) is not None:
            raise _wrong(path, ("version",), f"{flow.version} is also in {other.name}")
        versions[flow.flow, flow.version] = path
    by_code: dict[str, list[Flow]] = {}
    for flow in flows.values():
        by_code.setdefault(flow.flow, []).append(flow)
    for path, flow in flows.items():
        for problems in (
            _codes(flow, codes),
            _clocks(flow, codes, clocks),
            _openings(flow, by_code),
            _times(flow, by_code),
        ):
            for place, problem in problems:
                raise _wrong(path, place, problem)


def _wrong(path: Path, place: Place, problem: str) -> RuleFileError:
    return RuleFileError(str(path), line_in(path, *place), f"{'.'.join(map(str, place))}: {problem}")


def _codes(flow: Flow, codes: Catalogues) -> Iterator[Problem]:
    for name in ("senders", "lead", "co_handlers", "copies"):
        for n, role in enumerate(getattr(flow, name)):
            if role not in codes.roles:
                yield (name, n), f"{role!r} is no role; allowed: {sorted(codes.roles)}"
    papers = [
        *((("papers", n), p) for n, p in enumerate(flow.papers)),
        *((("replies", n), r) for n, r in enumerate(flow.replies)),
    ]
    papers += [(("confirm", "papers", n), p) for n, p in enumerate(flow.confirm.papers)]  # type: ignore[misc]
    for place, paper in papers:
        if paper.code not in codes.papers:
            yield place, f"{paper.code!r} is not in the catalogue of papers"
    for n, reason in enumerate(flow.return_reasons):
        if reason.code not in codes.return_reasons:
            yield (
                ("return_reasons", n),
                f"{reason.code!r} is no return reason; allowed: {sorted(codes.return_reasons)}",
            )


def _clocks(flow: Flow, codes: Catalogues, clocks: Set[str] | None) -> Iterator[Problem]:
    for n, clock in enumerate(flow.clocks):
        if clocks is not None and clock.id not in clocks:
            yield ("clocks", n, "id"), f"{clock.id!r} is no clock of hub/rules/deadlines"
        unknown = sorted(clock.facts() - set(codes.facts) - set(WHEN_REFERRAL))
        if unknown:
            yield ("clocks", n), f"{unknown} is no fact; allowed: {sorted(codes.facts)}"
        for asked, value in clock.when.items():
            allowed = _values(flow, clock, asked, codes)
            if value not in allowed:
                yield ("clocks", n, "when", asked), f"{value!r} is never so; allowed: {allowed}"


def _values(flow: Flow, clock: FlowClock, asked: str, codes: Catalogues) -> list[str]:
    own = {
        "kind": [kind.value for kind in flow.kinds],
        "sender": flow.senders,
        "lead": flow.lead,
        "track": [track.value for track in Track],
        "priority": [priority.value for priority in Priority],
    }
    return list(own[asked]) if asked in own else codes.facts[asked].values


def _openings(flow: Flow, by_code: Mapping[str, list[Flow]]) -> Iterator[Problem]:
    for outcome, openings in flow.opens.items():
        for n, opening in enumerate(openings):
            place: Place = ("opens", outcome, n)
            if opening.flow not in by_code:
                yield (*place, "flow"), f"{opening.flow!r} is no flow; allowed: {sorted(by_code)}"
                continue
            raisers = flow.senders if opening.by == "sender" else flow.lead
            if not any(set(raisers) & set(opened.senders) for opened in by_code[opening.flow]):
                senders = sorted({role for opened in by_code[opening.flow] for role in opened.senders})
                yield (
                    place,
                    f"{opening.flow} is raised by {senders}, not by the {opening.by} of {flow.flow} {raisers}",
                )


def _times(flow: Flow, by_code: Mapping[str, list[Flow]]) -> Iterator[Problem]:
    for other in by_code[flow.flow]:
        if other.version < flow.version and flow.effective_from <= (
            other.effective_to or flow.effective_from
        ):
            yield (
                ("effective_from",),
                f"version {other.version} is still in force; give it an effective_to before",
            )

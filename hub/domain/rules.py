"""The rules as one immutable value with a digest: what `decide` is given beside the case and the message."""

from dataclasses import dataclass
from datetime import date

from hub.domain.directory import Department, Directory
from hub.domain.duplicates import Duplicates
from hub.domain.flow import Flow
from hub.domain.ladder import Ladder, Within
from hub.domain.lifecycle import Lifecycle
from hub.domain.record_sealing import RecordSealing
from hub.domain.report_duties import ReportDuties
from hub.domain.routing import Routing
from hub.domain.supervision import Supervision
from hub.domain.telling import Telling
from hub.domain.timetable import Timetable, ladder_limits
from hub.domain.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Rules:
    """Flows by code and version, departments, lifecycle, time limits and who is told of them, whose matter is whose,
    the ladder of supervision, what makes two matters look like one, which reports are due regularly.

    `digest` is recorded with every decision (5a.9); it covers clocks and calendar too.
    """

    flows: dict[str, tuple[Flow, ...]]
    departments: dict[str, Department]
    lifecycle: Lifecycle
    directory: Directory
    timetable: Timetable
    telling: Telling
    routing: Routing
    record_sealing: RecordSealing
    urgency: Urgency
    supervision: Supervision
    duplicates: Duplicates
    report_duties: ReportDuties
    digest: str

    def flow_on(self, code: str, on: date) -> Flow | None:
        """The version of a flow that is in force on the legal date of its trigger."""
        return next((flow for flow in self.flows.get(code, ()) if flow.in_force(on)), None)

    def flow_version(self, code: str, version: int) -> Flow:
        """The version under which a referral was raised. KeyError if the files no longer hold it."""
        for flow in self.flows[code]:
            if flow.version == version:
                return flow
        raise KeyError(f"flow {code} version {version} is not loaded")

    def ladder(self, flow: Flow, department: str) -> Ladder:
        """Within what a department is expected to take each step of a flow: its own limits where it has some."""
        known = self.departments.get(department)
        return flow.within if known is None else known.ladder(flow.flow).over(flow.within)

    def limits(
        self, flow: str, version: int, department: str, track: str = "ordinary", priority: str = "normal"
    ) -> dict[str, Within]:
        """The same by rung for a matter of this track and priority, without those that have no limit."""
        asked = flow, version, department, track, priority
        known = self.timetable.ladders.get(asked)
        if known is None:
            own = self.ladder(self.flow_version(flow, version), department)
            known = ladder_limits(self.urgency.over(own, track, priority))
            self.timetable.ladders[asked] = known
        return known

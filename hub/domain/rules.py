"""The rules as one immutable value with a digest: what `decide` is given beside the case and the message."""

from dataclasses import dataclass
from datetime import date

from hub.domain.directory import Department, Directory
from hub.domain.flow import Flow
from hub.domain.ladder import Ladder
from hub.domain.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class Rules:
    """Flows by code and version, departments, lifecycle. `digest` is recorded with every decision (5a.9)."""

    flows: dict[str, tuple[Flow, ...]]
    departments: dict[str, Department]
    lifecycle: Lifecycle
    directory: Directory
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

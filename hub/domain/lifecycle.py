"""The lifecycle table of a task as a value. The data is `hub/rules/lifecycle.yaml`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hub.domain.flow import RuleData

Race = Literal["first", "replaces", "both"]
Request = Literal["return", "supplement", "withdrawal"]
Told = Literal["sender", "handler", "lead"]
Rung = Literal["delivered", "signed", "accepted", "replied", "confirmed"]


class State(RuleData):
    """One state: its names, who is accountable, and whether the task ends in it."""

    zh: str
    en: str
    owner: Literal["handler", "sender"]
    end: bool = False


class Step(RuleData):
    """One step: who may take it, from which state to which, what it opens or answers, and who is told."""

    zh: str
    by: Literal["handler", "sender"]
    from_: dict[str, str] = Field(alias="from")
    copy_: dict[str, str] = Field(alias="copy", default_factory=dict)
    again: list[str] = Field(default=[])
    rung: Rung | None = None
    opens: Request | None = None
    answers: Request | None = None
    tells: list[Told] = Field(default=[])

    def target(self, role: str, state: str) -> str | None:
        """The state after this step, None where the table does not allow it."""
        return (self.copy_ if role == "copy" else self.from_).get(state)


class Lifecycle(RuleData):
    """The whole table."""

    states: Annotated[dict[str, State], Field(min_length=1)]
    steps: Annotated[dict[str, Step], Field(min_length=1)]
    races: dict[Request, dict[str, Race]]
    reopens: dict[str, str]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for name, step in self.steps.items():
            used = {*step.from_, *step.from_.values(), *step.copy_, *step.copy_.values(), *step.again}
            unknown = sorted(used - set(self.states))
            if unknown:
                raise ValueError(f"steps.{name}: {unknown} is no state; allowed: {sorted(self.states)}")
        columns = {frozenset(row) for row in self.races.values()}
        if len(columns) != 1:
            raise ValueError("races: every waiting request needs a verdict for the same steps")
        reached = {"assigned"}
        for _ in self.states:
            reached |= {
                after
                for step in self.steps.values()
                for table in (step.from_, step.copy_)
                for before, after in table.items()
                if before in reached
            }
        unknown = sorted({*self.reopens, *self.reopens.values()} - set(self.states))
        if unknown or not all(self.states[name].end for name in self.reopens):
            wrong = unknown or sorted(self.reopens)
            raise ValueError(f"reopens: {wrong}: from an end to a state; allowed: {sorted(self.states)}")
        lost = sorted(set(self.states) - reached - {"returned", "cancelled"})
        if lost:
            raise ValueError(f"states: {lost} is never reached from 'assigned'")
        return self

    def allowed(self, role: str, state: str) -> list[str]:
        """The steps that are possible for a task of this role in this state, for telling a sender what would be."""
        return [name for name, step in self.steps.items() if step.target(role, state) is not None]

    def ended(self, state: str) -> bool:
        """Whether nobody owes anything in this state."""
        return self.states[state].end

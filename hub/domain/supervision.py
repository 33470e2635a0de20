"""The ladder of supervision 督办 as data: its steps, who may take and clear them, and what makes the hub take one."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from hub.domain.ladder import Within
from hub.domain.rule_data import Coded, CodeText, RuleData, WholeFile, twice

Period = Literal["week", "month", "quarter", "year"]
OF_THE_CASE = ("sender", "superior", "raiser")
"""Who is meant by their part in the case; any other name is a role of departments."""
_COUNT = Annotated[int, Field(ge=1)]


class SupervisionStep(Coded):
    """One rung of the ladder. `ends: cause`: the hub clears it when what it was raised for is done."""

    law: str
    articles: list[str]
    verified: bool
    answer: Within | None = None
    limit: bool = False
    ends: Literal["cause", "person"]
    tells: list[Literal["sender", "superior"]]
    raises: Annotated[list[CodeText], Field(min_length=1)]
    clears: Annotated[list[CodeText], Field(min_length=1)]


class AtLimit(RuleData):
    """By time: a limit is near or has passed. `clocks`: only these clocks of the law, or rungs; `flows`: only in these."""

    when: Literal["warned", "breached", "missed"]
    step: CodeText
    clocks: list[CodeText] = Field(default=[])
    flows: list[CodeText] = Field(default=[])


class AfterStep(RuleData):
    """By time: a lower step had no answer, or stands uncleared for so long."""

    when: Literal["unanswered", "uncleared"]
    of: CodeText
    step: CodeText
    after: Within | None = None


class AtReturns(RuleData):
    """By count: the task of a referral is to be returned for the n-th time."""

    when: Literal["returns"]
    count: _COUNT
    step: CodeText
    flows: list[CodeText] = Field(default=[])


class AtBreaches(RuleData):
    """By count, over all cases: a department's n-th breach in a calendar period."""

    when: Literal["breaches"]
    count: _COUNT
    period: Period
    step: CodeText


Trigger = AtLimit | AfterStep | AtReturns | AtBreaches


class Supervision(WholeFile):
    """The whole ladder, the lowest step first."""

    steps: Annotated[list[SupervisionStep], Field(min_length=1)]
    triggers: list[Annotated[Trigger, Field(discriminator="when")]]

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        """Each contradiction by the field in which it shows."""
        codes = [step.code for step in self.steps]
        if again := twice(codes):
            yield "steps", f"code {again} is given twice"
        for n, step in enumerate(self.steps):
            if step.limit and step.answer is None:
                yield f"steps.{n}.limit", "a day is set for the answer, but no answer is owed"
            if "raiser" in step.raises:
                yield f"steps.{n}.raises", "nobody is the raiser before the step is raised"
        seen: set[tuple[object, ...]] = set()
        for n, trigger in enumerate(self.triggers):
            named = [trigger.step, *([trigger.of] if isinstance(trigger, AfterStep) else [])]
            if unknown := [code for code in named if code not in codes]:
                yield f"triggers.{n}", f"{unknown} is no step; allowed: {codes}"
                continue
            if isinstance(trigger, AfterStep):
                yield from self._climbs(n, trigger, codes)
            same = _same(trigger)
            if same in seen:
                yield f"triggers.{n}", "another trigger is for the same"
            seen.add(same)

    def _climbs(self, n: int, trigger: AfterStep, codes: list[str]) -> Iterator[tuple[str, str]]:
        if codes.index(trigger.step) <= codes.index(trigger.of):
            yield f"triggers.{n}.step", f"{trigger.step!r} is not above {trigger.of!r}"
        if (trigger.when == "uncleared") != (trigger.after is not None):
            yield f"triggers.{n}.after", "is given for `uncleared` and for nothing else"
        if trigger.when == "unanswered" and self.step(trigger.of).answer is None:
            yield f"triggers.{n}.of", f"no answer is owed to {trigger.of!r}"

    def step(self, code: str) -> SupervisionStep:
        """A step by its code. KeyError when the files hold it no longer."""
        for step in self.steps:
            if step.code == code:
                return step
        raise KeyError(f"supervision step {code} is not loaded")

    def rank(self, code: str) -> int:
        """How high a step stands; -1 for one that the files hold no longer."""
        return next((n for n, step in enumerate(self.steps) if step.code == code), -1)

    def at_limit(self, on: str, clock: str, flow: str) -> str | None:
        """The step that a time limit triggers: one that names the clock before one for all, then the first."""
        found = [
            one
            for one in self.triggers
            if isinstance(one, AtLimit)
            and one.when == on
            and (not one.clocks or clock in one.clocks)
            and (not one.flows or flow in one.flows)
        ]
        found.sort(key=lambda one: (not one.clocks, not one.flows))
        return found[0].step if found else None

    def after(self, on: str, of: str) -> AfterStep | None:
        """What follows on a step that had no answer, or stands."""
        return next(
            (one for one in self.triggers if isinstance(one, AfterStep) and (one.when, one.of) == (on, of)),
            None,
        )

    def at_returns(self, count: int, flow: str) -> str | None:
        """The step that the n-th return in a referral triggers."""
        return next(
            (
                one.step
                for one in self.triggers
                if isinstance(one, AtReturns) and one.count == count and (not one.flows or flow in one.flows)
            ),
            None,
        )

    def at_breaches(self) -> list[AtBreaches]:
        """What the breaches of a department are counted for."""
        return [one for one in self.triggers if isinstance(one, AtBreaches)]


def _same(trigger: Trigger) -> tuple[object, ...]:
    if isinstance(trigger, AfterStep):
        return trigger.when, trigger.of
    if isinstance(trigger, AtLimit):
        return trigger.when, tuple(sorted(trigger.clocks)), tuple(sorted(trigger.flows))
    if isinstance(trigger, AtReturns):
        return trigger.when, trigger.count, tuple(sorted(trigger.flows))
    return trigger.when, trigger.count, trigger.period

"""A flow as data: who may hand what to whom, with which papers, replies, outcomes, clocks and limits."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from hub.domain.flow_clock import FlowClock, clock_problem
from hub.domain.ladder import Ladder
from hub.domain.rule_data import Bilingual as Bilingual
from hub.domain.rule_data import Coded, WholeFile, twice
from hub.domain.rule_data import CodeText as CodeText
from hub.domain.rule_data import RuleData as RuleData
from schemas.classes import FieldClass
from schemas.messages.base import ReferralKind

ClassName = Literal["public", "internal", "personal", "sensitive"]


class FlowPaper(Coded):
    """A document of the flow, by its code in the catalogue (`hub/rules/codes/papers.yaml`)."""

    required: bool = True


class FlowReply(Coded):
    """One answer that the receivers owe, in this order. The last one is final and carries the outcome."""

    final: bool
    required: bool = True


class Confirmation(RuleData):
    """Whether the sender must confirm the final reply, and with which papers of its own."""

    required: bool
    papers: list[Coded] = Field(default=[])


class Withdrawal(RuleData):
    """Up to which state of the lead's task the sender may take the referral back alone, and who decides after it."""

    before: Literal["signed", "accepted", "replied"]
    after: Literal["lead", "nobody"] = "lead"


class OnLeadClose(RuleData):
    """What becomes of co-handlers' open tasks when the lead closes."""

    co_handlers: Literal["keep", "close"]


_CLASSES = {level.name.lower(): level for level in FieldClass}


class Visibility(RuleData):
    """The highest field class that each role of receiver sees, and the sender of what comes back."""

    lead: ClassName
    co_handler: ClassName
    copy_: ClassName = Field(alias="copy")
    sender: ClassName = "sensitive"

    def ceiling(self, role: str) -> FieldClass:
        """The ceiling of a role; the lead's superior sees as the lead does."""
        if role == "co_handler":
            return _CLASSES[self.co_handler]
        if role == "copy":
            return _CLASSES[self.copy_]
        return _CLASSES[self.sender if role == "sender" else self.lead]


class Limits(RuleData):
    """Counters with caps. `raised_per_case`: how often the flow may be raised in one case (退补 at most 2)."""

    returns: Annotated[int, Field(ge=1)]
    reworks: Annotated[int, Field(ge=0)]
    raised_per_case: Annotated[int, Field(ge=1)] | None = None


class Followup(RuleData):
    """回访 after the close: who owes it, from which rating on a citizen is satisfied, how often another one reopens."""

    by: Literal["sender", "lead"]
    satisfied: Annotated[int, Field(ge=1, le=5)] = 3
    reopenings: Annotated[int, Field(ge=0)] = 1


class Opening(RuleData):
    """The next referral that an outcome opens: under which flow, who raises it, and whether it must."""

    flow: CodeText
    by: Literal["sender", "lead"]
    duty: Literal["must", "may"] = "may"


class Flow(WholeFile):
    """One version of one flow (domain F1–F28 and local ones).

    `first_receiver`: whether who received the matter first owns it until another has accepted it (首接首办).
    """

    flow: CodeText
    title: Bilingual
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_to: date | None = None
    law: str
    articles: Annotated[list[str], Field(min_length=1)]
    verified: bool
    kinds: Annotated[list[ReferralKind], Field(min_length=1)]
    senders: Annotated[list[CodeText], Field(min_length=1)]
    lead: Annotated[list[CodeText], Field(min_length=1)]
    co_handlers: list[CodeText] = Field(default=[])
    copies: list[CodeText] = Field(default=[])
    papers: list[FlowPaper] = Field(default=[])
    replies: Annotated[list[FlowReply], Field(min_length=1)]
    outcomes: Annotated[list[Coded], Field(min_length=1)]
    return_reasons: Annotated[list[Coded], Field(min_length=1)]
    confirm: Confirmation
    withdraw: Withdrawal
    on_lead_close: OnLeadClose
    visibility: Visibility
    first_receiver: Literal["keeps", "passes"] = "passes"
    limits: Limits
    within: Ladder = Ladder()
    clocks: list[FlowClock] = Field(default=[])
    opens: dict[CodeText, list[Opening]] = Field(default={})
    followup: Followup | None = None

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        """Each contradiction by the field in which it shows."""
        if [reply.final for reply in self.replies] != [False] * (len(self.replies) - 1) + [True]:
            yield "replies", "exactly the last one must be final"
        if not self.replies[-1].required:
            yield (
                f"replies.{len(self.replies) - 1}.required",
                "the final reply carries the outcome: it can't be optional",
            )
        for name in ("papers", "replies", "outcomes", "return_reasons"):
            if again := twice([item.code for item in getattr(self, name)]):
                yield name, f"code {again} is given twice"
        if again := twice([paper.code for paper in self.confirm.papers]):
            yield "confirm.papers", f"code {again} is given twice"
        for name in ("kinds", "senders", "lead", "co_handlers", "copies"):
            if again := twice([str(item) for item in getattr(self, name)]):
                yield name, f"{again} is given twice"
        if self.confirm.papers and not self.confirm.required:
            yield "confirm.papers", "papers for a confirmation that the flow does not want"
        if self.visibility.ceiling("co_handler") > self.visibility.ceiling("lead"):
            yield "visibility.co_handler", "a co-handler would see more than the lead"
        if self.visibility.ceiling("copy") > self.visibility.ceiling("lead"):
            yield "visibility.copy", "a copy would show more than the lead sees"
        if self.effective_to is not None and self.effective_to < self.effective_from:
            yield "effective_to", f"{self.effective_to} is before effective_from {self.effective_from}"
        yield from self._contradictions_in_time()
        yield from self._contradictions_in_openings()

    def _contradictions_in_time(self) -> Iterator[tuple[str, str]]:
        if self.within.confirmed is not None and not self.confirm.required:
            yield "within.confirmed", "nobody has to confirm in this flow"
        for later in ("superior_decided", "conference_decided"):
            if getattr(self.within, later) is not None and self.within.return_decided is None:
                yield f"within.{later}", "nothing comes before it: give `return_decided` too"
        if self.within.withdrawal_decided is not None and self.withdraw.after == "nobody":
            yield "within.withdrawal_decided", "nobody decides on a withdrawal in this flow"
        if (self.within.followed_up is None) != (self.followup is None):
            yield "within.followed_up", "a follow-up and its limit go together: give both or neither"
        codes, outcomes = [r.code for r in self.replies], [o.code for o in self.outcomes]
        seen: list[tuple[object, ...]] = []
        for n, clock in enumerate(self.clocks):
            if problem := clock_problem(clock, codes, outcomes):
                yield f"clocks.{n}.{problem[0]}", problem[1]
            if clock.bound == "co_handler" and not self.co_handlers:
                yield f"clocks.{n}.bound", "the flow has no co-handlers"
            if "confirmed" in (clock.starts, *clock.ends) and not self.confirm.required:
                yield f"clocks.{n}", "'confirmed' never comes: nobody has to confirm in this flow"
            same = (clock.id, clock.bound, clock.when, clock.outcomes)
            if same in seen:
                yield f"clocks.{n}.id", f"{clock.id} runs already, for the same and under the same conditions"
            seen.append(same)

    def _contradictions_in_openings(self) -> Iterator[tuple[str, str]]:
        unknown = sorted(set(self.opens) - {outcome.code for outcome in self.outcomes})
        if unknown:
            yield "opens", f"{unknown} is no outcome of the flow"
        for outcome, openings in self.opens.items():
            if again := twice([opening.flow for opening in openings]):
                yield f"opens.{outcome}", f"{again} is given twice"
        for n, clock in enumerate(self.clocks):
            after = clock.outcomes or [outcome.code for outcome in self.outcomes]
            for place, end in enumerate(clock.ends):
                kind, _, flow = end.partition(".")
                by = {o.by for code in after for o in self.opens.get(code, ()) if o.flow == flow}
                if kind == "opened" and not by:
                    yield (
                        f"clocks.{n}.ends.{place}",
                        f"no outcome opens {flow!r} here: nothing could stop the clock",
                    )
                if kind == "opened" and clock.bound not in by:
                    yield f"clocks.{n}.bound", f"{flow} is raised by {sorted(by)}, not by {clock.bound!r}"

    def in_force(self, on: date) -> bool:
        """Whether this version is the law of that day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def roles(self) -> Iterator[tuple[str, CodeText]]:
        """Every role of a department that the flow names, with the field that names it."""
        for name in ("senders", "lead", "co_handlers", "copies"):
            for place, role in enumerate(getattr(self, name)):
                yield f"{name}.{place}", role

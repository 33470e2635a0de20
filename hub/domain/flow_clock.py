"""Which clock of the law runs in a flow: from what to what, and who is bound by it.

The clock itself (amount, unit, article) is a record of `hub/rules/deadlines/`, named here by its id.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hub.domain.rule_data import CodeText, RuleData

ClockId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}\d+[a-z]?$")]
Instant = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[A-Za-z0-9_]{1,40})?$")]
Bound = Literal["sender", "lead", "co_handler"]

_HANDLER, _SENDER = "handler", "sender"
STEPS: dict[str, str] = {
    "raised": _SENDER,
    "delivered": _HANDLER,
    "signed": _HANDLER,
    "accepted": _HANDLER,
    "started": _HANDLER,
    "replied": _HANDLER,
    "confirmed": _SENDER,
    "return_proposed": _HANDLER,
    "return_decided": _SENDER,
    "supplement_requested": _HANDLER,
    "supplement_provided": _SENDER,
    "withdrawal_requested": _SENDER,
    "withdrawal_decided": _HANDLER,
}
"""The instants that a step makes, and whose step it is."""
_BEFORE_REPLIES, _AFTER_REPLIES = (
    ("raised", "delivered", "signed", "accepted", "started"),
    ("replied", "confirmed"),
)


class FlowClock(RuleData):
    """A clock that runs while a referral of the flow lives.

    `starts` and each of `ends` is an instant: a step (`STEPS`; `replied` is the final reply), `reply.<code>` for an earlier
    reply, `fact.<code>` for a recorded fact of the case, or, as an end, `opened.<flow>` for the next referral.
    The first of `ends` that comes stops the clock.
    It runs only when all facts of `when` are recorded so and, if `outcomes` are given, only after one of them.
    """

    id: ClockId
    bound: Bound
    starts: Instant
    ends: Annotated[list[Instant], Field(min_length=1)]
    when: dict[CodeText, str] = Field(default={})
    outcomes: list[CodeText] = Field(default=[])

    def facts(self) -> set[str]:
        """The facts of the case that it looks at."""
        named = {one.partition(".")[2] for one in (self.starts, *self.ends) if one.startswith("fact.")}
        return named | set(self.when)


def clock_problem(
    clock: FlowClock, replies: Sequence[str], outcomes: Sequence[str]
) -> tuple[str, str] | None:
    """The first thing in which a clock contradicts its flow: the field and what is wrong with it."""
    way = [*_BEFORE_REPLIES, *(f"reply.{code}" for code in replies[:-1]), *_AFTER_REPLIES]
    if problem := _instant_problem(clock.starts, replies):
        return "starts", problem
    if clock.starts.startswith("opened."):
        return "starts", f"{clock.starts!r} can only end a clock: what is opened runs under its own flow"
    begins = way.index(clock.starts) if clock.starts in way else -1
    for n, end in enumerate(clock.ends):
        if problem := _instant_problem(end, replies):
            return f"ends.{n}", problem
        by = _HANDLER if end.startswith("reply.") else STEPS.get(end)
        if by is not None and (by == _SENDER) != (clock.bound == "sender"):
            return "bound", f"{clock.bound!r} does not take the step {end!r}, which ends the clock"
        if end in way and way.index(end) <= begins:
            return f"ends.{n}", f"{end!r} is not after {clock.starts!r}: nothing could stop the clock"
    if unknown := sorted(set(clock.outcomes) - set(outcomes)):
        return "outcomes", f"{unknown} is no outcome of the flow"
    if clock.outcomes and 0 <= begins < way.index("replied"):
        return "outcomes", f"{clock.starts!r} is before there is an outcome"
    return None


def _instant_problem(instant: str, replies: Sequence[str]) -> str | None:
    kind, dot, code = instant.partition(".")
    if kind == "reply" and code == replies[-1]:
        return f"{instant!r} is the final reply: write `replied`"
    if kind == "reply" and code not in replies:
        return f"{code!r} is no reply of the flow; allowed: {list(replies)}"
    if (kind not in ("reply", "fact", "opened")) if dot else (kind not in STEPS):
        return f"{instant!r} is no instant; allowed: reply.…, fact.…, opened.… and {list(STEPS)}"
    return None

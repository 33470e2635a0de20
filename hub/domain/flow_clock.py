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
    The first of `ends` stops the clock; nothing stops one without ends but its running out (it is a trigger).
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
    for field, instant in (
        ("starts", clock.starts),
        *((f"ends.{n}", end) for n, end in enumerate(clock.ends)),
    ):
        kind, _, code = instant.partition(".")
        if kind == "reply" and code == replies[-1]:
            return field, f"{instant!r} is the final reply: write `replied`"
        if kind == "reply" and code not in replies:
            return field, f"{code!r} is no reply of the flow; allowed: {list(replies)}"
        if code and kind not in ("reply", "fact", "opened"):
            return field, f"{instant!r} is no instant; allowed: reply.…, fact.…, opened.… and {list(STEPS)}"
        if not code and kind not in STEPS:
            return field, f"{instant!r} is no instant; allowed: reply.…, fact.…, opened.… and {list(STEPS)}"
        if kind == "opened" and field == "starts":
            return field, f"{instant!r} can only end a clock: what is opened runs under its own flow"
        by = STEPS.get(kind, _HANDLER if kind == "reply" else None)
        if field != "starts" and by is not None and (by == _SENDER) != (clock.bound == "sender"):
            return "bound", f"{clock.bound!r} does not take the step {instant!r}, which ends the clock"
        if (
            field != "starts"
            and instant in way
            and clock.starts in way
            and way.index(instant) <= way.index(clock.starts)
        ):
            return field, f"{instant!r} is not after {clock.starts!r}: nothing could stop the clock"
    unknown = sorted(set(clock.outcomes) - set(outcomes))
    if unknown:
        return "outcomes", f"{unknown} is no outcome of the flow"
    if clock.outcomes and clock.starts in way and way.index(clock.starts) < way.index("replied"):
        return "outcomes", f"{clock.starts!r} is before there is an outcome"
    return None

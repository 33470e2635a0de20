"""`decide(case, message, rules, received_at)`: what a message does to its case. The one entry to the domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from hub.domain import (
    decide_case,
    decide_date,
    decide_due,
    decide_duplicate,
    decide_followup,
    decide_order,
    decide_raised,
    decide_referral,
    decide_report,
    decide_rules,
    decide_supervision,
    decide_task,
)
from hub.domain import events as ev
from hub.domain.case import Case
from hub.domain.decide_clock_fact import follow_facts
from hub.domain.decide_deadline import follow_clocks
from hub.domain.decide_receipt import follow_receipts
from hub.domain.decision import Draft, Message, moment
from hub.domain.rules import Rules
from hub.domain.supervising import follow_supervision
from hub.domain.touched import Touched
from hub.errors import Parking, ParkingName, Refusal, RefusalName

HUB, ALIAS = "hub", "alias:"
NO_ALIASES: Mapping[str, Sequence[str]] = MappingProxyType({})
_HANDLERS = {
    **decide_raised.HANDLERS,
    **decide_referral.HANDLERS,
    **decide_task.HANDLERS,
    **decide_case.HANDLERS,
    **decide_due.HANDLERS,
    **decide_order.HANDLERS,
    **decide_date.HANDLERS,
    **decide_supervision.HANDLERS,
    **decide_followup.HANDLERS,
    **decide_rules.HANDLERS,
    **decide_duplicate.HANDLERS,
    **decide_report.HANDLERS,
}


@dataclass(slots=True)
class Decision:
    """The events of an allowed message and the case after them; `fold(case, events) == case after`."""

    events: list[ev.Event]
    case: Case


def decide(
    case: Case,
    message: Message,
    rules: Rules,
    received_at: datetime,
    aliases: Mapping[str, Sequence[str]] = NO_ALIASES,
) -> Decision:
    """Decide one message on its case. Pure: the same arguments give the same events.

    A message whose case is named by a department's number (`alias:<department>:<kind>:<number>`) is passed on to the
    case that `aliases` gives for it.

    Raises `Refusal` when the message is not allowed now and `Parking` (early) when it names what the hub does not know yet.
    """
    draft = Draft(case, message, rules, moment(received_at))
    if case.merged_into is not None:
        raise Refusal(
            RefusalName.CASE_MERGED, f"case {case.id} goes on as {case.merged_into}", [case.merged_into]
        )
    if case.id.startswith(ALIAS) and message.source != HUB:
        _pass_on(draft, aliases.get(case.id, ()))
        return Decision(draft.events, draft.case)
    if not case.born and message.step not in decide_raised.OPENS_A_CASE and message.source != HUB:
        raise Parking(ParkingName.EARLY, f"case {case.id} is not known", "decide")
    handler = _HANDLERS.get(message.step) or decide_task.step_on_task
    handler(draft)
    if draft.events:
        touched, last = Touched(draft), draft.case.numbered
        follow_clocks(draft, touched)
        follow_facts(draft, touched, last)
        follow_receipts(draft, touched)
        if draft.case.supervisions:
            follow_supervision(draft)
    return Decision(draft.events, draft.case)


def _pass_on(draft: Draft, cases: Sequence[str]) -> None:
    number = draft.case.id.removeprefix(ALIAS)
    if not cases:
        raise Parking(ParkingName.EARLY, f"no case is known by the number {number!r}", "decide")
    if len(cases) > 1:
        raise Refusal(
            RefusalName.AMBIGUOUS_NUMBER, f"number {number!r} names {len(cases)} cases", sorted(cases)
        )
    draft.add(ev.PassedOn(cases[0]))


def handles(step: str, rules: Rules) -> bool:
    """Whether the domain has a rule for a step; the contract test goes through all message types with it."""
    return step in _HANDLERS or step in rules.lifecycle.steps

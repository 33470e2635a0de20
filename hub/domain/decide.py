"""`decide(case, message, rules, received_at)`: what a message does to its case. The one entry to the domain."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain import decide_case, decide_referral, decide_task
from hub.domain import events as ev
from hub.domain.case import Case
from hub.domain.decision import Draft, Message, moment
from hub.domain.rules import Rules
from hub.errors import Parking, ParkingName, Refusal, RefusalName

_HANDLERS = {**decide_referral.HANDLERS, **decide_task.HANDLERS, **decide_case.HANDLERS}


@dataclass(slots=True)
class Decision:
    """The events of an allowed message and the case after them; `fold(case, events) == case after`."""

    events: list[ev.Event]
    case: Case


def decide(case: Case, message: Message, rules: Rules, received_at: datetime) -> Decision:
    """Decide one message on its case. Pure: the same arguments give the same events.

    Raises `Refusal` when the message is not allowed now and `Parking` (early) when it names what the hub does not know yet.
    """
    draft = Draft(case, message, rules, moment(received_at))
    if case.merged_into is not None:
        raise Refusal(
            RefusalName.CASE_MERGED, f"case {case.id} goes on as {case.merged_into}", [case.merged_into]
        )
    if not case.born and message.step not in decide_referral.OPENS_A_CASE and message.source != HUB:
        raise Parking(ParkingName.EARLY, f"case {case.id} is not known", "decide")
    handler = _HANDLERS.get(message.step) or decide_task.step_on_task
    handler(draft)
    return Decision(draft.events, draft.case)


HUB = "hub"


def handles(step: str, rules: Rules) -> bool:
    """Whether the domain has a rule for a step; the contract test goes through all message types with it."""
    return step in _HANDLERS or step in rules.lifecycle.steps

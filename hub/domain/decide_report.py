"""A report has become due 定期报告: a case of its own with one referral; its clocks and receipts are the usual ones."""

from collections.abc import Callable

from hub.domain import events as ev
from hub.domain.decide_referral import assign, check_receiver
from hub.domain.decision import Draft, legal_day
from hub.errors import Refusal, RefusalName


def due(draft: Draft) -> None:
    """Ask the department for its report, for the one that it goes to. Said twice, it is asked for once.

    The department's final reply ends it like any task; the receiver is the sender of the referral, so it may correct,
    withdraw and decide on a return.
    """
    if draft.case.born:
        return
    data, rules = draft.message.open, draft.rules
    sender, lead = data["sender"], data["lead"]
    day = legal_day(data["legal_at"])
    flow = rules.flow_on(data["flow"], day)
    if flow is None:
        raise Refusal(
            RefusalName.UNKNOWN_FLOW, f"flow {data['flow']!r} is not in force on {day}", sorted(rules.flows)
        )
    check_receiver(draft, sender, "sender", flow.senders)
    check_receiver(draft, lead, "lead", flow.lead)
    referral = draft.message.derive("referral")
    draft.add(ev.CaseOpened(sender))
    draft.add(
        ev.ReferralRaised(
            referral=referral,
            flow=flow.flow,
            flow_version=flow.version,
            kind=data["kind"],
            sender=sender,
            lead=lead,
            local_number=data["local_number"],
            legal_at=data["legal_at"],
            raised_at=draft.at,
            content=draft.message.ref,
            due_on=data["due_on"],
        )
    )
    assign(draft, referral, draft.message.derive("task"), lead, "lead")


HANDLERS: dict[str, Callable[[Draft], None]] = {"hub.report_due": due}

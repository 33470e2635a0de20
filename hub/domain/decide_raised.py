"""Deciding on a referral that is raised: whether it may be, and who gets a task."""

from collections.abc import Callable, Sequence

from hub.domain import events as ev
from hub.domain.decide_owner import RISK, at_the_window, follow_risk, received_by_leader
from hub.domain.decide_referral import assign, check_receiver
from hub.domain.decide_route import asked_by, check_admission, check_level, route, tell_routed
from hub.domain.decision import Draft, legal_day
from hub.domain.flow import Flow
from hub.errors import Parking, ParkingName, Refusal, RefusalName
from schemas.identifiers import mint_case_id
from schemas.messages.base import LEAD, ROUTE

OPENS_A_CASE = frozenset({"referral.raised", "warning.raised"})


def raised(draft: Draft) -> None:
    """A new referral: every receiver gets a task, and the referral counts as open from here on."""
    data, source = draft.message.open, draft.message.source
    _case_is_this(draft)
    flow = _flow(draft)
    lead, routed = data["lead"], None
    governed = lead == ROUTE or flow.flow in draft.rules.routing.governed
    asked = asked_by(draft, flow) if governed else None
    if asked is not None and lead == ROUTE:
        routed = route(draft, flow, asked)
        lead = routed.lead
    receivers = _receivers(draft, flow, lead, () if routed is None else routed.helpers)
    if asked is not None:
        check_level(draft, flow, asked, lead)
    _check_admission(draft, flow, receivers)
    _check_whom_papers_are_for(draft, receivers)
    for_lead = {x["code"] for x in data.get("papers", ()) if not x.get("to") or LEAD in x["to"]}
    missing = [p.title for p in flow.papers if p.required and p.code not in for_lead]
    if missing:
        raise Refusal(RefusalName.PAPER_MISSING, f"papers: {missing} missing for flow {flow.flow}", missing)
    cap = flow.limits.raised_per_case
    if cap is not None and sum(r.flow == flow.flow for r in draft.case.referrals.values()) >= cap:
        raise Refusal(RefusalName.LIMIT_REACHED, f"flow {flow.flow} may be raised {cap} times in one case")
    opened_by = data.get("opened_by")
    if opened_by is not None and opened_by not in draft.case.referrals:
        raise Parking(ParkingName.EARLY, f"opened_by {opened_by!r} is not known in this case", "decide")

    referral = draft.message.derive("referral")
    if not draft.case.born:
        draft.add(ev.CaseOpened(source))
    draft.add(
        ev.ReferralRaised(
            referral=referral,
            flow=flow.flow,
            flow_version=flow.version,
            kind=data["kind"],
            sender=source,
            lead=lead,
            local_number=data["local_number"],
            legal_at=data["legal_at"],
            raised_at=draft.at,
            content=draft.message.ref,
            opened_by=opened_by,
            due_on=data.get("due_on"),
            track=data.get("track", "ordinary"),
            priority=data.get("priority", "normal"),
            matter=draft.rules.routing.kind_of(data.get("matter"), data.get("cause")),
            region=data.get("region"),
            weight=data.get("weight"),
        )
    )
    draft.add(
        ev.NumberLearned(source, data.get("number_kind", "case_number"), data["local_number"], referral)
    )
    if data.get("in_custody") is not None:
        draft.add(ev.FactRecorded("in_custody", str(data["in_custody"]).lower(), data["legal_at"]))
    for ordinal, (department, role) in enumerate(receivers):
        assign(draft, referral, draft.message.derive("task", ordinal), department, role)
    if routed is not None:
        tell_routed(draft, referral, routed)
    received_by_leader(draft, draft.case.referrals[referral])
    at_the_window(draft, draft.case.referrals[referral])
    if (risk := draft.case.facts.get(RISK)) is not None:
        follow_risk(draft, risk, referral)


def _case_is_this(draft: Draft) -> None:
    """On a new case the id must be minted from the sender's own number, so that a re-send is the same case."""
    data, source = draft.message.open, draft.message.source
    if source in draft.case.parties() or draft.case.id == mint_case_id(source, data["local_number"]):
        return
    if draft.case.born:
        raise Refusal(RefusalName.NOT_A_PARTY, f"{source!r} has no part in case {draft.case.id}")
    detail = f"case {draft.case.id} is not known and is not minted from local_number"
    raise Parking(ParkingName.EARLY, detail, "decide")


def _flow(draft: Draft) -> Flow:
    data, source, rules = draft.message.open, draft.message.source, draft.rules
    day = legal_day(data["legal_at"])
    flow = rules.flow_on(data["flow"], day)
    if flow is None:
        raise Refusal(
            RefusalName.UNKNOWN_FLOW, f"flow {data['flow']!r} is not in force on {day}", sorted(rules.flows)
        )
    if data["kind"] not in flow.kinds:
        raise Refusal(
            RefusalName.KIND_NOT_IN_FLOW,
            f"kind {data['kind']!r} in {flow.flow}",
            [k.value for k in flow.kinds],
        )
    sender = rules.departments.get(source)
    if sender is None or not sender.plays(flow.senders):
        raise Refusal(RefusalName.SENDER_NOT_IN_FLOW, f"{source!r} may not raise {flow.flow}", flow.senders)
    return flow


def _receivers(draft: Draft, flow: Flow, lead: str, helpers: Sequence[str]) -> list[tuple[str, str]]:
    """Lead, co-handlers and copies. Helpers that the duty list adds give way to what the sender says."""
    data = draft.message.open
    co_handlers, copies = data.get("co_handlers", ()), data.get("copies", ())
    added = [one for one in helpers if one not in (draft.message.source, lead, *co_handlers, *copies)]
    named = [(lead, "lead", flow.lead)]
    named += [(department, "co_handler", flow.co_handlers) for department in (*co_handlers, *added)]
    named += [(department, "copy", flow.copies) for department in copies]
    seen = {draft.message.source}
    for department, role, roles in named:
        check_receiver(draft, department, role, roles)
        if department in seen:
            raise Refusal(RefusalName.RECEIVER_TWICE, f"{department!r} is the sender or is named twice")
        seen.add(department)
    return [(department, role) for department, role, _ in named]


def _check_whom_papers_are_for(draft: Draft, receivers: list[tuple[str, str]]) -> None:
    """The lead is named by what it is: it may change, and its papers go with the task."""
    allowed = [LEAD, *(department for department, role in receivers if role != "lead")]
    for paper in draft.message.open.get("papers", ()):
        if strange := [one for one in paper.get("to", ()) if one not in allowed]:
            detail = f"papers: {paper['code']} is for {strange}"
            raise Refusal(RefusalName.PAPER_FOR_NOBODY, detail, allowed)


def _check_admission(draft: Draft, flow: Flow, receivers: list[tuple[str, str]]) -> None:
    routing, departments = draft.rules.routing, draft.rules.departments
    handed = [one for one, role in receivers if role != "copy"]
    barred = routing.barred_roles
    if all(barred.isdisjoint(departments[one].roles) for one in handed):
        return
    data = draft.message.open
    for department in handed:
        check_admission(draft, department, asked_by(draft, flow), data["legal_at"], data.get("admission"))


HANDLERS: dict[str, Callable[[Draft], None]] = {"referral.raised": raised}

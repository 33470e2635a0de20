"""Whose matter a referral is: the lead by the duty list where the sender names none, and what may go where.

Asked only in flows that a duty list or a table of levels governs, and of receivers that not everything may be handed to.
"""

from hub.domain import events as ev
from hub.domain.case import OPEN
from hub.domain.decision import Draft, legal_day
from hub.domain.flow import Flow
from hub.domain.region import Level, above, level_of, rank
from hub.domain.routing import Routed, Unrouted
from hub.domain.routing_rows import Asked
from hub.errors import Refusal, RefusalName
from schemas.classes import FieldClass
from schemas.messages.base import ROUTE


def asked_by(draft: Draft, flow: Flow) -> Asked:
    """The matter of a referral that is being raised, with the level on which it is to be settled."""
    data, routing = draft.message.open, draft.rules.routing
    asked = Asked(
        routing.kind_of(data.get("matter"), data.get("cause")),
        data.get("region"),
        data.get("weight"),
        data.get("track", "ordinary"),
        data.get("priority", "normal"),
    )
    settled = routing.settles(flow.flow, legal_day(data["legal_at"]), asked)
    level = _tried(draft, None if settled is None else settled.settles)
    return asked if level is None else asked._replace(level=level)


def _tried(draft: Draft, level: Level | None) -> Level | None:
    """What ended below without being settled may go up one level."""
    before = draft.case.referrals.get(draft.message.open.get("opened_by") or "")
    lead = None if before is None or before.state == OPEN else draft.rules.departments.get(before.lead)
    if level is None or lead is None:
        return level
    return max(level, above(level_of(lead.region)), key=rank)


def route(draft: Draft, flow: Flow, asked: Asked) -> Routed:
    """The owner by the duty list. Raises Refusal (no_route) with what would help."""
    found = _find(draft, flow, asked)
    if isinstance(found, Unrouted):
        raise Refusal(RefusalName.NO_ROUTE, f"lead {ROUTE!r}: {found.why}", found.would)
    if found.lead == draft.message.source:
        raise Refusal(RefusalName.NO_ROUTE, f"lead {ROUTE!r}: by the duty list it is the sender's own matter")
    return found


def check_level(draft: Draft, flow: Flow, asked: Asked, lead: str) -> None:
    """Refuse what goes up past the level on which it is to be settled, unless the duty list gives it to that lead."""
    departments = draft.rules.departments
    sender, receiver = departments[draft.message.source], departments[lead]
    if asked.level is None:
        return
    to = rank(level_of(receiver.region))
    if to <= rank(asked.level) or to <= rank(level_of(sender.region)):
        return
    owner = _find(draft, flow, asked)
    if isinstance(owner, Routed) and owner.lead == lead:
        return
    raise Refusal(
        RefusalName.ABOVE_ITS_LEVEL,
        f"lead {lead!r} is of level {level_of(receiver.region)}: the matter is to be settled at {asked.level} level, and"
        " goes up one level when a referral that ended there is named in opened_by",
        [owner.lead] if isinstance(owner, Routed) else owner.would,
    )


def check_admission(draft: Draft, department: str, asked: Asked, on: str, approval: str | None) -> None:
    """Refuse what may not be handed to a community without the approval of the county (准入)."""
    receiver, routing = draft.rules.departments[department], draft.rules.routing
    if approval is not None or routing.barred_roles.isdisjoint(receiver.roles):
        return
    row = routing.barred(receiver, legal_day(on), asked)
    if row is not None:
        owners = [one.id for one in draft.rules.departments.values() if one.plays(row.instead)]
        detail = f"{department!r}: {row.reason.en} {row.reason.zh} ({row.article}); admission: no approval is named"
        raise Refusal(RefusalName.NOT_ADMITTED, detail, owners)


def tell_routed(draft: Draft, referral: str, found: Routed) -> None:
    """The sender learns whom the list gave, and by which row."""
    place = found.by.rows.index(found.row) + 1
    draft.add(ev.ReferralRouted(referral, found.lead, found.by.name, place, found.row.article))
    own = {
        "referral": referral,
        "task": draft.message.derive("task"),
        "lead": found.lead,
        "by": found.by.name,
        "article": found.row.article,
    }
    draft.tell(draft.message.source, FieldClass.INTERNAL, "referral.routed.v1", own)


def _find(draft: Draft, flow: Flow, asked: Asked) -> Routed | Unrouted:
    rules, data = draft.rules, draft.message.open
    return rules.routing.route(
        flow.flow,
        legal_day(data["legal_at"]),
        asked,
        rules.departments,
        rules.directory.city.region,
        flow.lead,
        flow.co_handlers,
    )

"""预警 about a matter, never a score of a person: what its colour triggers is data."""

from hub.domain import events as ev
from hub.domain.decide_owner import RISK, follow_risk
from hub.domain.decision import Draft, legal_day
from hub.domain.routing import Routed, nearest_of
from hub.domain.routing_rows import Asked
from hub.domain.urgency import OWNER, SUPERIOR
from schemas.classes import FieldClass
from schemas.messages.case import WarningColour

# Whose matter it would be if the governance centre sent it on.
FLOW = "F24"


def warning_raised(draft: Draft) -> None:
    """It opens a case of its own or is added to a known one; sets the risk of the case; is told to whom the colour names."""
    data, source = draft.message.open, draft.message.source
    if not draft.case.born:
        draft.add(ev.CaseOpened(source))
    colour = draft.rules.urgency.colours[WarningColour(data["colour"])]
    told = dict.fromkeys(sorted(draft.case.parties()))
    told |= dict.fromkeys(_named(draft, colour.tells))
    told.pop(source, None)
    for department in told:
        draft.tell(department, FieldClass.INTERNAL)
    if colour.risk is not None:
        draft.add(ev.FactRecorded(RISK, colour.risk, data["legal_at"]))
        follow_risk(draft, colour.risk)


def _named(draft: Draft, tells: list[str]) -> list[str]:
    rules, data = draft.rules, draft.message.open
    sender = rules.departments.get(draft.message.source)
    place = data.get("region") or (rules.directory.city.region if sender is None else sender.region)
    found: list[str] = []
    for one in tells:
        if one == OWNER:
            found += _owner(draft, place)
        elif one == SUPERIOR:
            found += [] if sender is None or sender.superior is None else [sender.superior]
        else:
            found += nearest_of([one], rules.departments, place, None, [one])
    return found


def _owner(draft: Draft, place: str) -> list[str]:
    rules, data = draft.rules, draft.message.open
    on = legal_day(data["legal_at"])
    flow = rules.flow_on(FLOW, on)
    if flow is None:
        return []
    asked = Asked(data.get("matter"), place)
    city = rules.directory.city.region
    routed = rules.routing.route(FLOW, on, asked, rules.departments, city, flow.lead, [])
    return [routed.lead] if isinstance(routed, Routed) else []

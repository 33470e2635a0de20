"""The mediation system's own words: names of JSON fields, codes, kinds of events and notices.

Moments are milliseconds since 1970, days `yyyy/MM/dd`, yes and no are Y and N.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from deploy.sandbox.core.matter import BEIJING, Fields, Step

UNIT = {
    "justice": "SFJ",
    "court": "RMFY",
    "procuratorate": "RMJCY",
    "public_security": "GAJ",
    "petition": "XFJ",
    "mediation": "TJZX",
}
_BUSINESS = {"F17": "SUTIAO", "F20": "FANGTIAO", "F21": "XINFANG", "F22": "SUFANG", "LSC": "QUEREN"}
_MODE = {
    "forward": "ZHUANSONG",
    "assign": "JIAOBAN",
    "transfer": "YISONG",
    "request": "SHENQING",
    "entrust": "WEITUO",
    "notify": "GAOZHI",
}
_RESULT = {
    "agreement": "CHENGGONG",
    "no_agreement": "WEICHENG",
    "refused": "JUJUE",
    "unreachable": "SHILIAN",
    "expired": "QIMAN",
    "refused_signature": "JUQIAN",
    "settled": "BANJIE",
    "partly_settled": "BUFEN",
    "not_supported": "BUZHICHI",
    "not_accepted": "BUSHOULI",
    "reconsideration": "FUYI",
    "confirmed": "QUEREN",
    "rejected": "BOHUI",
}
_HANDLING = {"ordinary": "1", "complex": "2"}
_URGENCY = {"normal": "0", "urgent": "1", "emergency": "2"}
EVENTS = {
    "raise": "DISPATCHED",
    "sign": "SIGNED",
    "accept": "ACCEPTED",
    "propose_return": "RETURN_REQUESTED",
    "decide_return": "RETURN_ANSWERED",
    "request_supplement": "MATERIAL_REQUESTED",
    "provide_supplement": "MATERIAL_SUPPLIED",
    "start": "STARTED",
    "progress": "PROGRESSED",
    "reply": "REPLIED",
    "confirm": "CONFIRMED",
    "rework": "REWORK",
    "extend": "TERM_EXTENDED",
    "exclude": "TERM_EXCLUDED",
    "restart": "TERM_RESTARTED",
    "hand_over": "HANDLER_CHANGED",
    "fact": "FACT_CHANGED",
    "request_withdrawal": "WITHDRAW_REQUESTED",
    "decide_withdrawal": "WITHDRAW_ANSWERED",
    "correct": "CORRECTED",
    "followup": "FOLLOWED_UP",
}
_REFERENCES = {"ext_case": "caseRef", "ext_referral": "dispatchRef", "ext_task": "taskRef"}
_PARTICIPANT = {
    "role": "identity",
    "name": "fullName",
    "id_type": "idKind",
    "id_number": "idNo",
    "credit_code": "orgCode",
    "gender": "sex",
    "birth": "birthday",
    "phone": "mobile",
    "address": "homeAddress",
}
_MATERIAL = {
    "code": "materialType",
    "title": "fileName",
    "media_type": "mime",
    "sha256": "fileId",
    "size": "bytes",
}
Form = tuple[Callable[[Any], Any], Callable[[Any], Any]]


def _coded(codes: Mapping[str, str]) -> Form:
    known = {code: name for name, code in codes.items()}
    return lambda name: codes.get(name, name), lambda code: known.get(code, code)


def _each(form: Form) -> Form:
    return lambda names: [form[0](one) for one in names], lambda codes: [form[1](one) for one in codes]


def _parts(names: Mapping[str, str]) -> Form:
    back = {theirs: ours for ours, theirs in names.items()}
    return (
        lambda parts: [
            {names[k]: v for k, v in part.items() if k in names and v is not None} for part in parts
        ],
        lambda parts: [{back[k]: v for k, v in part.items() if k in back} for part in parts],
    )


_PLAIN: Form = (lambda value: value, lambda value: value)
_UNIT = _coded(UNIT)
_YES: Form = (lambda value: "Y" if value else "N", lambda value: {"Y": True, "N": False}[value])
_DAY: Form = (lambda day: day.replace("-", "/"), lambda day: day.replace("/", "-"))
_TIME: Form = (
    lambda moment: round(datetime.fromisoformat(moment).timestamp() * 1000),
    lambda number: datetime.fromtimestamp(number / 1000, BEIJING).isoformat(),
)

DETAIL: Mapping[str, tuple[str, Form]] = {
    "legal_at": ("effectiveAt", _TIME),
    "backdated_reason": ("lateReason", _PLAIN),
    "document": ("docNo", _PLAIN),
    "officer": ("handler", _PLAIN),
    "note": ("remark", _PLAIN),
    "flow": ("bizType", _coded(_BUSINESS)),
    "kind": ("mode", _coded(_MODE)),
    "role": ("part", _PLAIN),
    "sender": ("fromOrg", _UNIT),
    "sender_number": ("fromNo", _PLAIN),
    "title": ("subject", _PLAIN),
    "summary": ("digest", _PLAIN),
    "matter": ("disputeType", _PLAIN),
    "cause": ("cause", _PLAIN),
    "region": ("district", _PLAIN),
    "parties": ("participants", _parts(_PARTICIPANT)),
    "papers": ("materials", _parts(_MATERIAL)),
    "lead": ("leadOrg", _UNIT),
    "co_handlers": ("assistOrgs", _each(_UNIT)),
    "copies": ("informOrgs", _each(_UNIT)),
    "due_on": ("deadline", _DAY),
    "in_custody": ("detained", _YES),
    "track": ("handling", _coded(_HANDLING)),
    "priority": ("urgency", _coded(_URGENCY)),
    "opened_by": ("origin", _PLAIN),
    "local_number": ("theirNo", _PLAIN),
    "reason_code": ("reasonType", _PLAIN),
    "reason": ("reasonText", _PLAIN),
    "suggested_to": ("suggestedOrg", _UNIT),
    "agreed": ("approved", _YES),
    "reassign_to": ("newOrg", _UNIT),
    "papers_wanted": ("wanted", _PLAIN),
    "step_code": ("stepType", _PLAIN),
    "reply_code": ("replyType", _PLAIN),
    "outcome": ("outcome", _coded(_RESULT)),
    "result": ("resultText", _PLAIN),
    "clock": ("term", _PLAIN),
    "amount": ("amount", _PLAIN),
    "unit": ("unit", _PLAIN),
    "approver": ("approver", _PLAIN),
    "exclude_kind": ("excludeType", _PLAIN),
    "from_on": ("fromDate", _DAY),
    "to_on": ("toDate", _DAY),
    "to_officer": ("newHandler", _PLAIN),
    "fact": ("factType", _PLAIN),
    "value": ("factValue", _PLAIN),
    "fields": ("corrected", _PLAIN),
    "reached": ("reached", _YES),
    "rating": ("stars", _PLAIN),
    "opinion": ("opinion", _PLAIN),
    "state": ("state", _PLAIN),
    "allowed": ("allowed", _PLAIN),
}
_NOTICE_NAMES = {"step_code": "step", "reply_code": "reply", "exclude_kind": "kind"}
_NOTICE_REASONS = {"cancelled", "refused"}


def event(step: Step) -> Fields:
    """One step of our mediators as the interface lists it."""
    detail = {}
    for name, value in step.fields.items():
        if name in DETAIL and value is not None:
            theirs, (write, _) = DETAIL[name]
            detail[theirs] = write(value)
    refs = {theirs: step.fields.get(ours) for ours, theirs in _REFERENCES.items()}
    return {
        "eventId": step.key,
        "eventType": EVENTS[step.kind],
        "occurredAt": round(datetime.fromisoformat(step.at).timestamp() * 1000),
        "caseNo": step.number,
        "refs": {name: value for name, value in refs.items() if value is not None},
        "detail": detail,
    }


def notice(body: Mapping[str, Any]) -> tuple[str, Fields]:
    """What came in, in our officers' words: kind and fields. Raises ValueError that names the field."""
    kind = {"MATTER": "task"}.get(str(body.get("noticeType")), str(body.get("noticeType")).lower())
    refs, detail = body.get("refs") or {}, body.get("detail") or {}
    fields: Fields = {ours: refs.get(theirs) for ours, theirs in _REFERENCES.items()}
    fields |= {"number": body.get("caseNo"), "message_type": body.get("messageType")}
    if body.get("actorOrg"):
        fields["actor"] = _UNIT[1](body["actorOrg"])
    for ours, (theirs, (_, read)) in DETAIL.items():
        if detail.get(theirs) is not None:
            try:
                fields[ours if kind == "task" else _NOTICE_NAMES.get(ours, ours)] = read(detail[theirs])
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                raise ValueError(f"detail.{theirs} {detail[theirs]!r} can't be read") from None
    if kind == "refused":
        fields["detail_zh"] = fields.pop("reason", None)
    if kind in _NOTICE_REASONS:
        fields["reason"] = fields.pop("reason_code", None)
    return kind, {name: value for name, value in fields.items() if value is not None}

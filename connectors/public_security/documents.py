"""Which elements each document of the system has, and the contract's message that it stands for."""

from collections.abc import Mapping, Sequence

from connectors.public_security import codes
from connectors.public_security.forms import Coded, Day, Flag, Group, Item, Time, Whole

_UNIT = Coded(codes.UNIT)

REFERENCES = (Item("wbajbh", "case"), Item("wbysbh", "referral"), Item("wbrwbh", "task"))
ACT = (
    Item("czsj", "legal_at", Time()),
    Item("blsy", "backdated_reason"),
    Item("wh", "document"),
    Item("jbr", "officer"),
    Item("bz", "note"),
)
PERSON = Group(
    (
        Item("rylb", "role", Coded(codes.PARTY_ROLE)),
        Item("xm", "name"),
        Item("zjzl", "id_type"),
        Item("zjhm", "id_number"),
        Item("tyshxydm", "credit_code"),
        Item("xb", "gender"),
        Item("csrq", "birth", Day()),
        Item("lxdh", "phone"),
        Item("xzz", "address"),
    )
)
PAPER = Group(
    (
        Item("wsdm", "code", Coded(codes.PAPER)),
        Item("wsmc", "title"),
        Item("wjzy", "sha256"),
        Item("wjdx", "size", Whole()),
        Item("mtlx", "media_type"),
    )
)
PAPERS = Item("ws", "papers", PAPER, many=True)
WHY = Item("sm", "reason")
MATTER = (
    Item("ywlb", "flow", Coded(codes.FLOW)),
    Item("ysfs", "kind", Coded(codes.KIND)),
    Item("ajmc", "title"),
    Item("jyaq", "summary"),
    Item("aqlb", "matter"),
    Item("ay", "cause"),
    Item("qhdm", "region"),
    Item("ry", "parties", PERSON, many=True),
    PAPERS,
    Item("zbdw", "lead", _UNIT),
    Item("xbdw", "co_handlers", _UNIT, many=True),
    Item("blqx", "due_on", Day()),
    Item("zyzt", "in_custody", Flag()),
    Item("bllx", "track", Coded(codes.TRACK)),
    Item("jjcd", "priority", Coded(codes.PRIORITY)),
    Item("glysbh", "opened_by"),
)

BODIES: Mapping[str, Sequence[Item]] = {
    "referral.raised.v1": (*MATTER, Item("csdw", "copies", _UNIT, many=True)),
    "task.signed.v1": (),
    "task.accepted.v1": (Item("zbh", "local_number"),),
    "task.return_proposed.v1": (
        Item("thly", "reason_code", Coded(codes.REASON)),
        WHY,
        Item("jydw", "suggested_to", _UNIT),
    ),
    "return.decided.v1": (Item("sfty", "agreed", Flag()), Item("gpdw", "reassign_to", _UNIT), WHY),
    "task.supplement_requested.v1": (Item("bccl", "papers_wanted", many=True), WHY),
    "supplement.provided.v1": (PAPERS,),
    "task.started.v1": (),
    "task.progressed.v1": (Item("jzdm", "step"), PAPERS),
    "task.replied.v1": (
        Item("blhj", "reply", Coded(codes.REPLY)),
        Item("cljg", "outcome", Coded(codes.OUTCOME)),
        PAPERS,
        Item("jgsm", "result"),
    ),
    "reply.confirmed.v1": (PAPERS,),
    "rework.requested.v1": (WHY,),
    "task.extended.v1": (
        Item("sxdm", "clock"),
        Item("sl", "amount", Whole()),
        Item("dw", "unit"),
        Item("spr", "approver"),
        WHY,
    ),
    "task.excluded.v1": (
        Item("kclb", "kind"),
        Item("ksrq", "from_on", Day()),
        Item("jsrq", "to_on", Day()),
        Item("sxdm", "clock"),
    ),
    "task.restarted.v1": (Item("cxly", "reason_code"), Item("sxdm", "clock")),
    "task.handed_over.v1": (Item("jsr", "to_officer"), WHY),
    "case.fact_recorded.v1": (Item("ssdm", "fact"), Item("ssz", "value")),
    "referral.withdrawal_requested.v1": (WHY,),
    "referral.withdrawal_decided.v1": (Item("sfty", "agreed", Flag()), WHY),
    "referral.corrected.v1": (
        Item("gzxm", "fields", many=True),
        WHY,
        *(i for i in MATTER if i.name in ("title", "summary", "matter", "region", "in_custody", "parties")),
    ),
    "followup.recorded.v1": (
        Item("sfld", "reached", Flag()),
        Item("pf", "rating", Whole()),
        Item("yj", "opinion"),
    ),
    "task.assigned.v1": (
        Item("cbfs", "role", Coded(codes.TASK_ROLE)),
        Item("fqdw", "sender", _UNIT),
        Item("fqdwbh", "sender_number"),
        *MATTER,
    ),
    "task.cancelled.v1": (Item("zzly", "reason", Coded(codes.REASON)),),
    "referral.closed.v1": (Item("ztdm", "state"), Item("cljg", "outcome", Coded(codes.OUTCOME))),
    "message.refused.v1": (
        Item("ybwbh", "message"),
        Item("ylx", "type"),
        Item("jsdm", "reason"),
        Item("jssm", "detail_zh"),
        Item("yxcz", "allowed", many=True),
    ),
}
"""Elements of the body by message type, beside those of the act and the references."""

FROM_SYSTEM: Mapping[str, str] = {
    "YS01": "referral.raised.v1",
    "YS02": "referral.withdrawal_requested.v1",
    "YS03": "referral.withdrawal_decided.v1",
    "YS04": "referral.corrected.v1",
    "YS05": "followup.recorded.v1",
    "RW01": "task.signed.v1",
    "RW02": "task.accepted.v1",
    "RW03": "task.return_proposed.v1",
    "RW04": "return.decided.v1",
    "RW05": "task.supplement_requested.v1",
    "RW06": "supplement.provided.v1",
    "RW07": "task.started.v1",
    "RW08": "task.progressed.v1",
    "RW09": "task.replied.v1",
    "RW10": "reply.confirmed.v1",
    "RW11": "rework.requested.v1",
    "SX01": "task.extended.v1",
    "SX02": "task.excluded.v1",
    "SX03": "task.restarted.v1",
    "RW12": "task.handed_over.v1",
    "AJ01": "case.fact_recorded.v1",
}
"""报文类型 by which the system writes its steps."""

TO_SYSTEM: Mapping[str, str] = {
    **{type_: f"W{code}" for code, type_ in FROM_SYSTEM.items() if type_ != "referral.raised.v1"},
    "task.assigned.v1": "WRW00",
    "task.cancelled.v1": "WRW99",
    "referral.closed.v1": "WYS99",
    "message.refused.v1": "WJS99",
}
"""报文类型 of what comes from outside; a type without one travels as 通知 (WTZ00) with its data as JSON."""
NOTICE = "WTZ00"

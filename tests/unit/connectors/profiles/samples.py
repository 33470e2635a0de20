"""One of each: every step that officers can take, and every message that a department can get."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.sdk.ports import Delivery
from deploy.sandbox.core.matter import Matter, Step
from deploy.sandbox.core.people import id_number
from deploy.sandbox.core.records import Records
from schemas.messages import BY_TYPE

CASE, REFERRAL, TASK, OTHER = (f"{n}ab6a7a5-9a27-5d8c-8c3a-0a3f4b6f2d11" for n in range(1, 5))
LEGAL_AT = "2026-11-02T09:30:00+08:00"
ACT = {"legal_at": LEGAL_AT, "document": "枫示〔2026〕1号", "officer": "示例经办人", "note": "示例备注"}
PERSON = {
    "role": "petitioner",
    "name": "王安平（示例）",
    "id_type": "111",
    "id_number": id_number("99010019900101101"),
    "gender": "1",
    "phone": "19900000001",
    "address": "枫桥市示例一路1号",
}
CONTENT = "示例文书".encode()
PAPER = {"code": "opinion", "title": "意见书", "media_type": "text/plain"}
MATTER = {
    "flow": "F21",
    "kind": "assign",
    "title": "示例事项",
    "summary": "合成数据",
    "matter": "0203",
    "region": "990100",
    "lead": "justice",
    "co_handlers": ["court", "public_security"],
    "due_on": "2026-12-31",
    "in_custody": False,
    "track": "complex",
    "priority": "urgent",
    "opened_by": OTHER,
}
STEPS: Mapping[str, Mapping[str, Any]] = {
    "sign": {},
    "accept": {},
    "propose_return": {"reason_code": "not_in_remit", "reason": "不属本机关", "suggested_to": "justice"},
    "decide_return": {"ext_task": TASK, "agreed": True, "reassign_to": "justice", "reason": "同意"},
    "request_supplement": {"papers_wanted": ["身份证复印件", "起诉状"], "reason": "材料不齐"},
    "provide_supplement": {"ext_task": TASK, "papers": [{**PAPER, "content": CONTENT}]},
    "start": {},
    "progress": {"step_code": "visit", "papers": [{**PAPER, "content": CONTENT}]},
    "reply": {
        "reply_code": "opinion",
        "outcome": "settled",
        "papers": [{**PAPER, "content": CONTENT}],
        "result": "办结",
    },
    "confirm": {"ext_task": TASK, "papers": [{**PAPER, "content": CONTENT}]},
    "rework": {"ext_task": TASK, "reason": "请补充说明"},
    "extend": {"clock": "handle", "amount": 30, "unit": "day", "approver": "示例领导", "reason": "情况复杂"},
    "exclude": {
        "exclude_kind": "appraisal",
        "from_on": "2026-11-03",
        "to_on": "2026-11-09",
        "clock": "handle",
    },
    "restart": {"reason_code": "new_facts", "clock": "handle"},
    "hand_over": {"to_officer": "示例乙", "reason": "轮岗"},
    "fact": {"fact": "custody", "value": "released"},
    "request_withdrawal": {"reason": "信访人撤回"},
    "decide_withdrawal": {"agreed": False, "reason": "已办结"},
    "correct": {
        "fields": ["title", "in_custody"],
        "reason": "录入有误",
        "title": "新标题",
        "in_custody": True,
    },
    "followup": {"reached": True, "rating": 4, "opinion": "满意"},
}
RENAMED = {"step_code": "step", "reply_code": "reply", "exclude_kind": "kind"}
"""Fields of steps that have another name in the contract."""


def steps_of(records: Records) -> Iterator[Step]:
    """A raised matter and then every kind of step, on a task that came from outside."""
    number = records.raise_matter(
        Matter(
            key="m", parties=[PERSON], papers=[{**PAPER, "content": CONTENT}], copies=["petition"], **MATTER
        )
    )
    yield from records.steps_of(number)
    references = {"ext_case": CASE, "ext_referral": REFERRAL, "ext_task": TASK}
    received = records.receive("task", "d-1", {**references, "role": "lead", "flow": "F21", "title": "示例"})
    assert received is not None
    for kind, fields in STEPS.items():
        yield records.step(received, kind, **fields, **ACT)


def message_data(sha256: str) -> dict[str, dict[str, Any]]:
    """Data of every type that has fields of its own, by type; each valid in the contract."""
    paper = {**PAPER, "sha256": sha256, "size": len(CONTENT)}
    task = {"referral": REFERRAL, "task": TASK, **ACT}
    whole = {"referral": REFERRAL, **ACT}
    data: dict[str, dict[str, Any]] = {
        "task.assigned.v1": {
            **MATTER,
            "referral": REFERRAL,
            "task": TASK,
            "role": "lead",
            "sender": "petition",
            "sender_number": "XF-2026-000001",
            "legal_at": LEGAL_AT,
            "document": "枫信交〔2026〕1号",
            "parties": [PERSON],
            "papers": [paper],
        },
        "task.signed.v1": task,
        "task.accepted.v1": {**task, "local_number": "示例受理1号"},
        "task.return_proposed.v1": {
            **task,
            "reason_code": "not_in_remit",
            "reason": "不属",
            "suggested_to": "court",
        },
        "return.decided.v1": {**task, "agreed": True, "reassign_to": "justice", "reason": "同意"},
        "task.supplement_requested.v1": {**task, "papers_wanted": ["甲", "乙"], "reason": "不齐"},
        "supplement.provided.v1": {**task, "papers": [paper]},
        "task.started.v1": task,
        "task.progressed.v1": {**task, "step": "visit", "papers": [paper]},
        "task.replied.v1": {
            **task,
            "reply": "opinion",
            "outcome": "settled",
            "papers": [paper],
            "result": "办结",
        },
        "reply.confirmed.v1": {**task, "papers": [paper]},
        "rework.requested.v1": {**task, "reason": "重办"},
        "referral.withdrawal_requested.v1": {**whole, "reason": "撤回"},
        "task.cancelled.v1": {"referral": REFERRAL, "task": TASK, "reason": "withdrawn"},
        "referral.closed.v1": {"referral": REFERRAL, "state": "closed", "outcome": "settled"},
        "message.refused.v1": {
            "message": "m-1",
            "type": "task.signed.v1",
            "reason": "illegal_step",
            "detail": "not now",
            "detail_zh": "当前状态不允许",
            "allowed": ["task.accepted.v1"],
        },
    }
    for type_, fields in data.items():
        BY_TYPE[type_].model.model_validate(fields)
    return data


def deliveries(sha256: str) -> list[Delivery]:
    """One delivery of each type, the assignment first."""
    return [
        Delivery(f"d-{type_}", type_, CASE, None if type_ == "task.assigned.v1" else "petition", n, data)
        for n, (type_, data) in enumerate(message_data(sha256).items(), 1)
    ]


def open_records(home: Path, department: str) -> Records:
    return Records(home / "records.db", department)

"""Deliveries as the hub would make them, for the suite."""

from datetime import UTC, datetime
from uuid import uuid4

from connectors.sdk.ports import Delivery
from schemas.identifiers import derived_id, mint_case_id
from schemas.messages.base import Data, Party, ReferralKind
from schemas.messages.outbound import TaskAssigned, TaskCancelled, TaskRole
from schemas.messages.task import TaskAccepted

SENDER = "conformance_sender"
LEGAL_AT = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)


def _delivery(type_: str, case: str, sequence: int, data: Data, actor: str | None) -> Delivery:
    return Delivery(
        message_id=str(uuid4()),
        type=type_,
        case=case,
        actor=actor,
        sequence=sequence,
        data=data.model_dump(mode="json", exclude_none=True),
    )


def assignment(flow: str, kind: ReferralKind) -> Delivery:
    """A task as lead in a case of its own, with a synthetic party and without papers."""
    number = f"示例{uuid4().hex[:8]}"
    data = TaskAssigned(
        referral=derived_id(SENDER, number, "referral"),
        task=derived_id(SENDER, number, "task"),
        role=TaskRole.LEAD,
        flow=flow,
        kind=kind,
        sender=SENDER,
        sender_number=number,
        lead="conformance_lead",
        legal_at=LEGAL_AT,
        document="示例函〔2026〕1号",
        title=f"示例：邻里纠纷 {number}",
        summary="合成数据，不涉及真实的人和事",
        region="990100",
        parties=[Party(role="applicant", name="示例甲", phone="00000000000")],
    )
    return _delivery("task.assigned.v1", mint_case_id(SENDER, number), 1, data, None)


def cancellation(assigned: Delivery) -> Delivery:
    """The task of `assigned` ends: withdrawn by the sender."""
    data = TaskCancelled(referral=assigned.data["referral"], task=assigned.data["task"], reason="withdrawn")
    return _delivery("task.cancelled.v1", assigned.case, 2, data, None)


def acceptance(case: str, referral: str) -> Delivery:
    """Another department has accepted its task under a referral that the department under test raised."""
    data = TaskAccepted(
        referral=referral,
        task=derived_id(SENDER, referral, "task"),
        legal_at=LEGAL_AT,
        officer="示例承办人",
        local_number=f"示例受理{uuid4().hex[:6]}",
    )
    return _delivery("task.accepted.v1", case, 1, data, SENDER)

"""Every message type, its model and who writes it. The wire name is `<type>.v<version>`."""

from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ConfigDict

from schemas.messages import case, deadline, order, outbound, own, referral, task
from schemas.messages.base import Data

Model = type[Data]


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One type of the contract. `inbound`: a department may send it; `outbound`: the hub writes it to one."""

    type: str
    title_zh: str
    model: Model
    inbound: bool
    outbound: bool


def _both(type_: str, title_zh: str, model: type[Data]) -> MessageKind:
    return MessageKind(type_, title_zh, model, inbound=True, outbound=True)


def _in(type_: str, title_zh: str, model: type[Data]) -> MessageKind:
    return MessageKind(type_, title_zh, model, inbound=True, outbound=False)


def _out(type_: str, title_zh: str, model: type[Data]) -> MessageKind:
    return MessageKind(type_, title_zh, model, inbound=False, outbound=True)


KINDS: tuple[MessageKind, ...] = (
    _in("referral.raised.v1", "移送", referral.ReferralRaised),
    _both("referral.withdrawal_requested.v1", "申请撤回", referral.WithdrawalRequested),
    _both("referral.withdrawal_decided.v1", "撤回决定", referral.WithdrawalDecided),
    _both("referral.corrected.v1", "更正", referral.ReferralCorrected),
    _both("task.received.v1", "技术回执", task.TaskReceived),
    _both("task.signed.v1", "签收", task.TaskSigned),
    _both("task.accepted.v1", "受理", task.TaskAccepted),
    _both("task.return_proposed.v1", "异议 / 退回", task.ReturnProposed),
    _both("return.decided.v1", "退回决定", task.ReturnDecided),
    _both("return.consulted.v1", "协商结果", task.ReturnConsulted),
    _both("task.supplement_requested.v1", "补正", task.SupplementRequested),
    _both("supplement.provided.v1", "补充材料", task.SupplementProvided),
    _both("task.started.v1", "开始办理", task.TaskStarted),
    _both("task.progressed.v1", "办理进展", task.TaskProgressed),
    _both("task.extended.v1", "延期", task.TaskExtended),
    _both("task.excluded.v1", "扣除期限", task.TaskExcluded),
    _both("task.restarted.v1", "重新计算期限", task.TaskRestarted),
    _both("task.handed_over.v1", "移交承办人", task.TaskHandedOver),
    _both("task.replied.v1", "办理结果", task.TaskReplied),
    _both("reply.confirmed.v1", "结果确认", referral.ReplyConfirmed),
    _both("rework.requested.v1", "退回重办", referral.ReworkRequested),
    _in("redelivery.requested.v1", "请求重新投递", task.RedeliveryRequested),
    _both("case.fact_recorded.v1", "案件事实", task.CaseFactRecorded),
    _both("case.linked.v1", "关联案件", case.CaseLinked),
    _both("case.merged.v1", "并案", case.CaseMerged),
    _both("case.split.v1", "分案", case.CaseSplit),
    _both("duplicate.dismissed.v1", "不是重复件", case.DuplicateDismissed),
    _both("followup.recorded.v1", "回访", referral.FollowupRecorded),
    _both("supervision.raised.v1", "督办", case.SupervisionRaised),
    _both("supervision.answered.v1", "督办答复", case.SupervisionAnswered),
    _both("supervision.cleared.v1", "督办解除", case.SupervisionCleared),
    _both("warning.raised.v1", "预警", case.WarningRaised),
    _out("task.assigned.v1", "任务", outbound.TaskAssigned),
    _out("referral.routed.v1", "归口结果", outbound.ReferralRouted),
    _out("task.cancelled.v1", "任务终止", outbound.TaskCancelled),
    _out("referral.closed.v1", "移送办结", outbound.ReferralClosed),
    _out("referral.reopened.v1", "移送重启", outbound.ReferralReopened),
    _out("referral.escalated.v1", "移送升级", outbound.ReferralEscalated),
    _out("ownership.changed.v1", "责任单位变更", outbound.OwnershipChanged),
    _out("owner.named.v1", "包案人", outbound.OwnerNamed),
    _out("owner.wanted.v1", "提级包案", outbound.OwnerWanted),
    _out("duplicate.offered.v1", "疑似重复件", outbound.DuplicateOffered),
    _out("receipts.issued.v1", "接收回执", outbound.ReceiptsIssued),
    _out("deadline.warned.v1", "时限预警", deadline.DeadlineWarned),
    _out("deadline.breached.v1", "逾期", deadline.DeadlineBreached),
    _out("breach.annulled.v1", "逾期撤销", deadline.BreachAnnulled),
    _out("deadline.set.v1", "另定期限", deadline.DeadlineSet),
    _out("receipt.missed.v1", "回执逾期", deadline.ReceiptMissed),
    _out("message.refused.v1", "拒收", outbound.MessageRefused),
)

# On the hub's own source topics only; no department may send them.
OWN_KINDS: tuple[MessageKind, ...] = (
    _in("hub.link_mirrored.v1", "关联另一端", own.LinkMirrored),
    _in("hub.alias_known.v1", "编号已知", own.AliasKnown),
    _in("hub.passed_on.v1", "按编号转入", own.MessagePassedOn),
    _in("hub.early_expired.v1", "先到报文超期", own.EarlyExpired),
    _in("hub.deadline_due.v1", "时限时刻到", own.DeadlineDue),
    _in("hub.receipt_due.v1", "回执时刻到", own.ReceiptDue),
    _in("hub.breaches_counted.v1", "部门逾期累计", own.BreachesCounted),
    _in("hub.report_due.v1", "定期报告到期", own.ReportDue),
    _in("hub.duplicate_found.v1", "发现疑似重复件", own.DuplicateFound),
    _in("hub.redelivery_ordered.v1", "指令重新投递", own.RedeliveryOrdered),
    _in("hub.rules_changed.v1", "规则变更", own.RulesChanged),
    _in("hub.parked_retried.v1", "搁置报文重新受理", own.ParkedRetried),
    _in("hub.parked_dismissed.v1", "搁置报文撤销", own.ParkedDismissed),
    _in("hub.data_erased.v1", "抹除", order.DataErased),
    _in("hub.hold_set.v1", "保全", order.HoldSet),
    _in("hub.hold_released.v1", "解除保全", order.HoldReleased),
    _in("hub.record_sealed.v1", "封存", order.RecordSealed),
    _in("hub.record_unsealed.v1", "解除封存", order.RecordUnsealed),
    _in("hub.date_set.v1", "指令另定期限", order.DateSet),
    _in("hub.date_lifted.v1", "撤销另定期限", order.DateLifted),
)

OWN_BY_TYPE: dict[str, MessageKind] = {kind.type: kind for kind in OWN_KINDS}
BY_TYPE: dict[str, MessageKind] = {kind.type: kind for kind in KINDS}


def kind_of(type_: str) -> MessageKind:
    """The kind of a type, of departments or of the hub's own. Raises KeyError."""
    return BY_TYPE.get(type_) or OWN_BY_TYPE[type_]


@cache
def reader(model: type[Data]) -> type[Data]:
    """The reading form of a model: the same fields and checks, but unknown fields are ignored at every level.

    A later version of a type may add optional fields; whoever reads must not fail on them. Producers use the
    model itself, which refuses fields that the contract does not name.
    """
    config = ConfigDict(extra="ignore", use_attribute_docstrings=False)
    names: dict[str, Any] = {"model_config": config, "__module__": model.__module__, "__doc__": model.__doc__}
    annotations: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        reading = _reading(info.annotation)
        if reading != info.annotation:
            annotations[name] = Annotated[(reading, *info.metadata)]
            if not info.is_required():
                names[name] = info.default
    return type(model.__name__, (model,), {**names, "__annotations__": annotations})


def _reading(annotation: Any) -> Any:
    """The annotation with each model in it replaced by its reading form."""
    if isinstance(annotation, type) and issubclass(annotation, Data):
        return reader(annotation)
    inner = get_args(annotation)
    reading = tuple(_reading(part) for part in inner)
    if reading == inner:
        return annotation
    if get_origin(annotation) is UnionType:
        return Union[reading]  # noqa: UP007 - a union of parts known only at run time
    return get_origin(annotation)[reading]

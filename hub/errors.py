"""The tree of errors, and the names under which the hub refuses or parks a message.

    HubError
    ├── ConfigurationError        settings or data files that contradict themselves: the process does not start
    │   ├── RuleFileError         names the file and the line
    │   └── ShardCountMismatch    the store was made for another number of shards
    ├── Stopped                   a partition must not be read on without a person: carries the remedy
    │   ├── TopicWentBack         the log ends before our position, or was recreated
    │   ├── LogStartPassed        records that we never read were deleted
    │   ├── RulesNotLoaded        the journal used a rule digest that this process does not have
    │   └── HistoryDiffers        the journal is not the one that was signed: no checkpoint is made of it
    ├── Trouble                   something of the hub's own is away: wait with backoff, skip nothing
    │   ├── StoreTrouble
    │   ├── BusTrouble
    │   └── CheckerTrouble
    ├── SwapBlocked               rebuilt tables could not take their place: somebody reads the present ones for long
    ├── LostShard                 another worker moved the positions on: drop what is held, read again
    ├── LookRefused               a person is not shown a case: names what is missing
    ├── FactNotAllowed            a clock's rule does not allow what it is told: names field, value, what is allowed
    ├── Erased                    the keys of what is asked for were destroyed
    ├── RecordSealed              the record of the case is sealed, and no ground was named that opens it
    └── EmbeddedServerError       a child server could not be started or stopped
    Refusal                       readable, but not allowed now: journaled and answered (not an error of the hub)
    Parking                       cannot be handled: kept whole with the reason

`Refusal` and `Parking` are outcomes of a message. They are raised inside the reading and deciding code
only, caught at one place in intake, and never reach the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class HubError(Exception):
    """Base of every error that the hub raises on purpose."""


class ConfigurationError(HubError):
    """Settings or data files contradict themselves. Raised at start, never in mid-stream."""


class RuleFileError(ConfigurationError):
    """A rule, flow or code file is wrong. Names the file, the line and what is allowed."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file, self.line, self.problem = file, line, problem


class ShardCountMismatch(ConfigurationError):
    """The number of shards is fixed when the store is created (DESIGN rule 5a.2)."""


class Stopped(HubError):
    """A partition can't be read on without a person's decision. `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. Remedy: {remedy}")
        self.what, self.remedy = what, remedy


class TopicWentBack(Stopped):
    """The topic ends before the stored position, holds another record there, or is of another cluster."""


class LogStartPassed(Stopped):
    """The log starts after the stored position: records that were never read are gone."""


class RulesNotLoaded(Stopped):
    """The journal was decided with a rule digest that this process has not loaded."""


class HistoryDiffers(Stopped):
    """A shard's journal does not continue the one of its last checkpoint, or is not what intake wrote.

    Of shard −1, the log of reads, likewise.
    """

    def __init__(self, shard: int, what: str) -> None:
        where = "log of reads" if shard < 0 else f"shard {shard}"
        super().__init__(f"{where}: {what}; no checkpoint is made", "fengqiao audit verify")


class Trouble(HubError):
    """Something that the hub stands on is away for now. Nothing is skipped; try again with backoff."""


class StoreTrouble(Trouble):
    """PostgreSQL did not answer or broke the connection; what happened to a running commit is unknown."""


class BusTrouble(Trouble):
    """Kafka did not answer or refused for now."""


class CheckerTrouble(Trouble):
    """The process that checks signatures has ended; another is started."""


class LostShard(HubError):
    """Positions under the shard lock are not the ones this worker holds: another worker has the shard."""


class SwapBlocked(HubError):
    """Rebuilt tables can't take their place while somebody holds the present ones. Nothing was changed: try again."""


class FactNotAllowed(HubError):
    """A clock's rule does not allow what it is told."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field} {value}: {allowed}")
        self.field, self.value, self.allowed = field, value, allowed


class Erased(HubError):
    """What is asked for can't be opened any more: its keys were destroyed by an erasure."""


class RecordSealed(HubError):
    """The record of a case is sealed 封存: it is shown on the grounds that the law names, which the message lists."""


class LookRefusal(StrEnum):
    """Why a person is not shown a case."""

    OPERATOR_MISSING = "operator_missing"
    PURPOSE_MISSING = "purpose_missing"
    UNREADABLE_NOTE = "unreadable_note"
    NOT_RECORDED = "not_recorded"
    NOT_AUTHORISED = "not_authorised"


class LookRefused(HubError):
    """A person is not shown what is in a case."""

    def __init__(self, name: LookRefusal, detail: str) -> None:
        zh, en = LOOK_REFUSALS[name]
        super().__init__(f"{name.value}: {detail} ({zh}; {en})")
        self.name, self.detail = name, detail


class EmbeddedServerError(HubError):
    """An embedded Kafka or PostgreSQL could not be started, found or stopped."""


class RefusalName(StrEnum):
    """Why a readable, signed message was not allowed. The value is the wire name, the docstring the meaning."""

    ILLEGAL_STEP = "illegal_step"
    NOT_A_PARTY = "not_a_party"
    NOT_YOUR_TASK = "not_your_task"
    UNKNOWN_DEPARTMENT = "unknown_department"
    UNKNOWN_FLOW = "unknown_flow"
    KIND_NOT_IN_FLOW = "kind_not_in_flow"
    SENDER_NOT_IN_FLOW = "sender_not_in_flow"
    RECEIVER_NOT_IN_FLOW = "receiver_not_in_flow"
    RECEIVER_TWICE = "receiver_twice"
    PAPER_MISSING = "paper_missing"
    PAPER_FOR_NOBODY = "paper_for_nobody"
    UNKNOWN_OUTCOME = "unknown_outcome"
    UNKNOWN_RETURN_REASON = "unknown_return_reason"
    REPLY_OUT_OF_ORDER = "reply_out_of_order"
    LIMIT_REACHED = "limit_reached"
    NO_ROUTE = "no_route"
    NOT_ADMITTED = "not_admitted"
    ABOVE_ITS_LEVEL = "above_its_level"
    OWNER_RANK_TOO_LOW = "owner_rank_too_low"
    UNKNOWN_RISK = "unknown_risk"
    SUPERSEDED = "superseded"
    REFERRAL_CLOSED = "referral_closed"
    CASE_MERGED = "case_merged"
    CLOCK_FORBIDS = "clock_forbids"
    UNKNOWN_SUPERVISION = "unknown_supervision"
    NOT_ENTITLED = "not_entitled"
    ID_REUSED = "id_reused"
    WRONG_PARTITION = "wrong_partition"
    SECRECY_TOO_HIGH = "secrecy_too_high"
    EARLY_EXPIRED = "early_expired"
    AMBIGUOUS_NUMBER = "ambiguous_number"
    NOT_AUTHORISED = "not_authorised"
    LEGAL_HOLD = "legal_hold"
    CASE_OPEN = "case_open"
    UNKNOWN_SEALING = "unknown_sealing"
    UNKNOWN_DEADLINE = "unknown_deadline"
    DATE_PASSED = "date_passed"


class ParkingName(StrEnum):
    """Why a message could not be handled."""

    MISSING_KEY = "missing_key"
    BAD_ENVELOPE = "bad_envelope"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_SCHEMA = "wrong_schema"
    FOREIGN_SOURCE = "foreign_source"
    UNKNOWN_SIGNER = "unknown_signer"
    BAD_SIGNATURE = "bad_signature"
    EARLY = "early"
    HELD = "held"
    DEFECT = "hub.defect"


REFUSALS: dict[RefusalName, tuple[str, str]] = {
    RefusalName.ILLEGAL_STEP: ("当前状态不允许这一步骤", "the task's state does not allow this step now"),
    RefusalName.NOT_A_PARTY: ("不是本案参与单位", "the sender is not a party to the case"),
    RefusalName.NOT_YOUR_TASK: ("不是本单位承办的任务", "the task rests with another department"),
    RefusalName.UNKNOWN_DEPARTMENT: ("接收单位未登记", "a named department is not in the directory"),
    RefusalName.UNKNOWN_FLOW: ("业务流程未登记或未生效", "no such flow is in force on the legal date"),
    RefusalName.KIND_NOT_IN_FLOW: ("本流程没有这种移送方式", "the flow has no referral of this kind"),
    RefusalName.SENDER_NOT_IN_FLOW: ("本单位不能发起该流程", "the sender's role may not raise this flow"),
    RefusalName.RECEIVER_NOT_IN_FLOW: (
        "该单位不能接收该流程",
        "a receiver's role is not allowed in this flow",
    ),
    RefusalName.RECEIVER_TWICE: ("同一单位被重复列为接收方", "a department is named as a receiver twice"),
    RefusalName.PAPER_MISSING: ("缺少必备文书", "a paper that the flow requires is missing"),
    RefusalName.PAPER_FOR_NOBODY: (
        "文书的发送对象不是接收方",
        "a paper is for a department that receives nothing in this referral",
    ),
    RefusalName.UNKNOWN_OUTCOME: ("结果代码不属于本流程", "the outcome is not one of the flow's"),
    RefusalName.UNKNOWN_RETURN_REASON: (
        "退回理由代码不属于本流程",
        "the return reason is not one of the flow's",
    ),
    RefusalName.REPLY_OUT_OF_ORDER: ("回复次序不符", "another reply of the flow is due first"),
    RefusalName.LIMIT_REACHED: ("已达次数上限", "a counter of the flow has reached its cap"),
    RefusalName.NO_ROUTE: (
        "权责清单未能确定唯一的主办单位",
        "no duty list gives exactly one owner for the matter",
    ),
    RefusalName.NOT_ADMITTED: (
        "该事项未经准入，不得交由社区（村）办理",
        "the matter may not be handed to a community without an approval",
    ),
    RefusalName.ABOVE_ITS_LEVEL: (
        "应先在本级化解，不得越级上交",
        "the matter is to be settled on a lower level before it goes up",
    ),
    RefusalName.OWNER_RANK_TOO_LOW: (
        "承办人层级低于该事项的要求",
        "the new owner is of a lower rank than the matter wants",
    ),
    RefusalName.UNKNOWN_RISK: ("风险等级未登记", "the rules know no such level of risk"),
    RefusalName.SUPERSEDED: ("已被先提交的请求取代", "a request committed before it has won"),
    RefusalName.REFERRAL_CLOSED: ("移送事项已办结", "the referral is closed, returned or withdrawn"),
    RefusalName.CASE_MERGED: ("本案已并入他案", "the case was merged into another"),
    RefusalName.CLOCK_FORBIDS: (
        "该时限的规则不允许如此延长、扣除或重新计算",
        "the rule of the clock does not allow this extension, exclusion or restart",
    ),
    RefusalName.UNKNOWN_SUPERVISION: (
        "督办方式不在督办阶梯中",
        "the step of supervision is not one of the ladder's",
    ),
    RefusalName.NOT_ENTITLED: (
        "本单位无权作出或解除该督办",
        "the department may not take or clear this step of supervision",
    ),
    RefusalName.ID_REUSED: ("报文标识曾用于其他内容", "the message id was used before for other content"),
    RefusalName.WRONG_PARTITION: ("分区与案件标识不符", "the record is not on the partition of its case"),
    RefusalName.SECRECY_TOO_HIGH: (
        "密级超出本平台允许范围",
        "the secrecy level is above what the hub may carry",
    ),
    RefusalName.AMBIGUOUS_NUMBER: ("该编号对应多个案件", "the department's number names more than one case"),
    RefusalName.NOT_AUTHORISED: (
        "操作员未登记、无此权限或签名不符",
        "the operator is not registered, may not order this, or did not sign it",
    ),
    RefusalName.LEGAL_HOLD: (
        "本案处于保全状态，不得抹除",
        "the case is under a legal hold: nothing of it is erased",
    ),
    RefusalName.CASE_OPEN: ("本案尚有未办结事项", "the case has referrals that are open still"),
    RefusalName.UNKNOWN_SEALING: ("封存种类未登记", "the rules know no such kind of sealing"),
    RefusalName.UNKNOWN_DEADLINE: (
        "本案没有该编号的在计时限",
        "no time limit of this number runs in the case",
    ),
    RefusalName.DATE_PASSED: ("另定的期限已过", "the date that was set has passed already"),
    RefusalName.EARLY_EXPIRED: (
        "所依据的事项未在期限内到达",
        "what the message builds on did not arrive in time",
    ),
}

PARKINGS: dict[ParkingName, tuple[str, str]] = {
    ParkingName.MISSING_KEY: ("缺少分区键", "the record has no key"),
    ParkingName.BAD_ENVELOPE: ("信封属性不合规", "the CloudEvents attributes are missing or wrong"),
    ParkingName.TOO_LARGE: ("报文过大", "the record has more bytes than the hub carries"),
    ParkingName.UNREADABLE: ("内容无法读取", "the data is not UTF-8 JSON"),
    ParkingName.UNKNOWN_TYPE: ("报文类型或版本未知", "the hub knows no such message type or version"),
    ParkingName.WRONG_SCHEMA: ("内容不符合模式", "the data does not fit the schema of its type"),
    ParkingName.FOREIGN_SOURCE: ("来源与主题不符", "the source does not own the topic"),
    ParkingName.UNKNOWN_SIGNER: (
        "签名密钥未登记或已失效",
        "the key is not registered for the source, or not valid then",
    ),
    ParkingName.BAD_SIGNATURE: ("签名不符", "the signature does not verify"),
    ParkingName.EARLY: (
        "先到：所依据的事项尚未到达",
        "names a case, referral, task or message not known yet",
    ),
    ParkingName.HELD: (
        "等待本单位同案先前报文",
        "waits behind an earlier message of the same sender and case",
    ),
    ParkingName.DEFECT: ("平台缺陷", "the hub's own code failed on this record alone"),
}

LOOK_REFUSALS: dict[LookRefusal, tuple[str, str]] = {
    LookRefusal.OPERATOR_MISSING: (
        "未注明查阅人：以 --operator 或 FENGQIAO_OPERATOR 写明本人",
        "who looks must be named: --operator or FENGQIAO_OPERATOR, the person, not a shared account",
    ),
    LookRefusal.PURPOSE_MISSING: (
        "未注明查阅目的：以 --purpose 写明，将予记录",
        "what for must be said: --purpose; it is recorded",
    ),
    LookRefusal.UNREADABLE_NOTE: (
        "查阅人、目的、依据应为一行可读文字",
        "operator, purpose and reference are one printable line each",
    ),
    LookRefusal.NOT_RECORDED: (
        "查阅无法记录，故不予显示",
        "the look can't be recorded here, so nothing is shown",
    ),
    LookRefusal.NOT_AUTHORISED: (
        "请求未由有查阅授权（read）的操作员签名，或已超过六十秒",
        "the request is not signed by an operator who may read, or is more than sixty seconds old",
    ),
}


@dataclass(eq=False)
class Refusal(Exception):
    """A readable message that is not allowed now. `allowed` says what would be."""

    name: RefusalName
    detail: str
    allowed: Sequence[str] = field(default=())


@dataclass(eq=False)
class Parking(Exception):
    """A message that cannot be handled. `step` is the part of intake that gave up."""

    name: ParkingName
    detail: str
    step: str

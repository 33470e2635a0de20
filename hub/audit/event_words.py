"""What the hub decided, in words that a person reads: each event in Chinese and in English."""

from datetime import datetime
from typing import Any

from hub.domain.decision import CHINA
from hub.domain.events import Event
from hub.domain.rules import Rules
from schemas.messages import BY_TYPE, OWN_BY_TYPE

Both = tuple[str, str]
_REQUESTS = {
    "return": ("退回", "return"),
    "supplement": ("补充材料", "supplement"),
    "withdrawal": ("撤回", "withdrawal"),
}
_ENDS = {
    "closed": ("办结", "closed"),
    "returned": ("退回", "returned"),
    "withdrawn": ("撤回", "withdrawn"),
    "open": ("重新办理", "open"),
}
_ROLES = {"lead": ("主办", "lead"), "co_handler": ("协办", "co-handler"), "copy": ("抄送", "copy")}
_MET = {"met": ("已履行", "met"), "void": ("不再适用", "void"), "stopped": ("已终止", "stopped")}
_PLACES = {
    "parties": ("当事人", "party"),
    "officer": ("经办人", "officer"),
    "to_officer": ("接办人", "new officer"),
    "approver": ("批准人", "approver"),
    "citizen": ("被回访人", "citizen"),
    "contact": ("联系人", "contact"),
}
OUTCOMES = {
    "decided": ("已处理", "decided"),
    "refused": ("拒收", "refused"),
    "parked": ("搁置", "parked"),
    "duplicate": ("重复", "duplicate"),
}


class Words:
    """Names of departments, flows and states by the rules; without rules the codes themselves."""

    def __init__(self, rules: Rules | None) -> None:
        self._rules = rules

    def department(self, code: str) -> Both:
        """Its name."""
        known = None if self._rules is None else self._rules.departments.get(code)
        if code == "hub":
            return "中枢", "hub"
        return (code, code) if known is None else (known.name.zh, known.name.en)

    def flow(self, code: str) -> Both:
        """Its code and title."""
        versions = () if self._rules is None else self._rules.flows.get(code, ())
        return (
            (f"{code} {versions[-1].title.zh}", f"{code} {versions[-1].title.en}")
            if versions
            else (code, code)
        )

    def state(self, code: str) -> Both:
        """The name of a task's state."""
        known = None if self._rules is None else self._rules.lifecycle.states.get(code)
        return (code, code) if known is None else (known.zh, known.en)

    def message(self, type_: str) -> Both:
        """The name of a type of message."""
        kind = BY_TYPE.get(type_) or OWN_BY_TYPE.get(type_)
        bare = type_.removesuffix(".v1")
        return (bare if kind is None else kind.title_zh), bare

    def clock(self, code: str) -> Both:
        """The title of a clock of the law; a rung of the ladder of receipts by its step."""
        known = None if self._rules is None else self._rules.timetable.clocks.by_id.get(code)
        if known is None:
            zh, en = self.state(code)
            return f"回执（{zh}）", f"receipt ({en})"
        return f"{code} {known.title.zh}", f"{code} {known.title.en}"

    def paper(self, code: str) -> Both:
        """What the law calls the paper that a passed limit triggers; the code itself where several are called otherwise."""
        clocks = () if self._rules is None else self._rules.timetable.clocks.by_id.values()
        triggers = (one.trigger for one in clocks)
        names = {(one.paper.zh, one.paper.en) for one in triggers if one is not None and one.code == code}
        return names.pop() if len(names) == 1 else (code, code)

    def outcome(self, flow: str, code: str) -> Both:
        """The title of an outcome of a flow."""
        versions = () if self._rules is None else self._rules.flows.get(flow, ())
        known = next((one for each in reversed(versions) for one in each.outcomes if one.code == code), None)
        return (code, code) if known is None else (known.title, known.en)

    def step(self, code: str) -> Both:
        """The title of a step of the ladder of supervision."""
        steps = () if self._rules is None else self._rules.supervision.steps
        known = next((one for one in steps if one.code == code), None)
        return (code, code) if known is None else (known.title, known.en)

    def place(self, place: str) -> Both:
        """Where a message names a person."""
        holder, _, number = place.partition("/")
        zh, en = _PLACES.get(holder, (holder, holder))
        return (f"{zh} {int(number) + 1}", f"{en} {int(number) + 1}") if number else (zh, en)

    def event(self, event: Event) -> Both:
        """One event."""
        say = SAYINGS.get(event.e)
        return (event.e, event.e) if say is None else say(self, event)


def _raised(w: Words, e: Any) -> Both:
    (flow_zh, flow_en), (from_zh, from_en), (to_zh, to_en) = (
        w.flow(e.flow),
        w.department(e.sender),
        w.department(e.lead),
    )
    return f"移送成立：{flow_zh}，{from_zh} → {to_zh}", f"referral raised: {flow_en}, {from_en} → {to_en}"


def _assigned(w: Words, e: Any) -> Both:
    (zh, en), (role_zh, role_en) = w.department(e.department), _ROLES.get(e.role, (e.role, e.role))
    return f"派发任务：{zh}（{role_zh}）", f"task assigned: {en} ({role_en})"


def _stepped(w: Words, e: Any) -> Both:
    zh, en = w.state(e.state)
    return f"任务状态：{zh}", f"task is now: {en}"


def _opened(w: Words, e: Any) -> Both:
    (zh, en), (by_zh, by_en) = _REQUESTS.get(e.request, (e.request, e.request)), w.department(e.by)
    return f"{by_zh}提出{zh}，待答复", f"{by_en} asks for {en}, open"


def _closed(w: Words, e: Any) -> Both:
    zh, en = _REQUESTS.get(e.request, (e.request, e.request))
    return f"{zh}请求结束：{e.verdict}", f"request for {en} ends: {e.verdict}"


def _reply(w: Words, e: Any) -> Both:
    outcome = f"：{e.outcome}" if e.outcome else ""
    return f"回复 {e.reply}{outcome}", f"reply {e.reply}{outcome.replace('：', ': ')}"


def _ended(w: Words, e: Any) -> Both:
    (zh, en), outcome = _ENDS.get(e.state, (e.state, e.state)), f" {e.outcome}" if e.outcome else ""
    return f"移送{zh}{outcome}", f"referral {en}{outcome}"


def _lead(w: Words, e: Any) -> Both:
    zh, en = w.department(e.lead)
    return f"主办改为{zh}", f"the lead is now {en}"


def _escalated(w: Words, e: Any) -> Both:
    zh, en = ("无上级", "nobody") if e.to is None else w.department(e.to)
    return f"第 {e.returns} 次退回，提请{zh}", f"returned {e.returns} times, goes to {en}"


def _number(w: Words, e: Any) -> Both:
    zh, en = w.department(e.department)
    return f"{zh}编号 {e.number}", f"number at {en}: {e.number}"


def _corrected(w: Words, e: Any) -> Both:
    return f"更正：{'、'.join(e.fields)}", f"corrected: {', '.join(e.fields)}"


def _fact(w: Words, e: Any) -> Both:
    return f"案件事实 {e.fact} = {e.value}（{e.legal_at}）", f"fact {e.fact} = {e.value} ({e.legal_at})"


def _clock(zh: str, en: str) -> Any:
    return lambda w, e: (f"时限 #{e.deadline} {zh}", f"time limit #{e.deadline} {en}")


def _breached(w: Words, e: Any) -> Both:
    zh, en = _clock("逾期", "is breached")(w, e)
    if e.paper is None:
        return zh, en
    (paper_zh, paper_en), (by_zh, by_en) = w.paper(e.paper), w.department(e.issuer)
    return f"{zh}：{by_zh}可出具{paper_zh}", f"{en}: {by_en} may issue {paper_en}"


def _recomputed(w: Words, e: Any) -> Both:
    zh, en = _clock("重新计算", "computed anew")(w, e)
    return (f"{zh}，另定的期限不变", f"{en}; the date that was set stays") if e.beside else (zh, en)


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _date(zh: str, en: str) -> Any:
    def said(w: Words, e: Any) -> Both:
        moved = f"{_moment(e.before)} → {_moment(e.after)}"
        beside = _moment(e.computed) if e.e == "date_set" else None
        zh_beside, en_beside = ("", "") if beside is None else (f"，推算 {beside}", f", computed {beside}")
        return (
            f"时限 #{e.deadline} {zh}：{moved}{zh_beside}（{e.operator}，{e.article}：{e.reason}）",
            f"time limit #{e.deadline} {en}: {moved}{en_beside} ({e.operator}, {e.article}: {e.reason})",
        )

    return said


def _started(w: Words, e: Any) -> Both:
    (zh, en), (by_zh, by_en) = w.clock(e.clock), w.department(e.owner)
    return f"时限 #{e.deadline} 起算：{zh}，{by_zh}", f"time limit #{e.deadline} starts: {en}, {by_en}"


def _met(w: Words, e: Any) -> Both:
    zh, en = _MET.get(e.how, (e.how, e.how))
    return f"时限 #{e.deadline} {zh}", f"time limit #{e.deadline} {en}"


def _waits(zh: str, en: str) -> Any:
    return lambda w, e: (f"{zh} {e.message.source}/{e.message.id}", f"{en} {e.message.source}/{e.message.id}")


def _owned(w: Words, e: Any) -> Both:
    if e.officer is None:
        return "承办人未具名", "no person is named as owner"
    rank = f"（{e.rank}）" if e.rank else ""
    return f"承办人 {e.officer}{rank}", f"owned by {e.officer}{rank and f' ({e.rank})'}"


def _kept(w: Words, e: Any) -> Both:
    if e.by is None:
        return "首接责任解除", "who received it first no longer owns it"
    zh, en = w.department(e.by)
    return f"首接首办：{zh}负责至他方受理", f"{en} received it first and owns it until another accepts"


def _settled(w: Words, e: Any) -> Both:
    zh, en = w.department(e.by)
    return f"联席会议议定归属（{zh}）", f"the conference has decided whose matter it is ({en})"


def _supervised(w: Words, e: Any) -> Both:
    (step_zh, step_en), (to_zh, to_en) = w.step(e.step), w.department(e.against)
    by_zh, by_en = w.department(e.by)
    return f"{by_zh}对{to_zh}{step_zh}", f"{to_en}: {step_en}, by {by_en}"


def _visited(w: Words, e: Any) -> Both:
    said = {None: ("", ""), True: ("，满意", ", satisfied"), False: ("，不满意", ", not satisfied")}
    zh, en = said[e.satisfied] if e.reached else ("，未联系上", ", not reached")
    return f"回访{zh}", f"follow-up{en}"


_ANSWERS = {
    "linked": ("已关联", "linked"),
    "merged": ("已并案", "merged"),
    "dismissed": ("不是同一事项", "not the same"),
}

SAYINGS: dict[str, Any] = {
    "case_opened": lambda w, e: ("立案入库", "case opened"),
    "referral_raised": _raised,
    "task_assigned": _assigned,
    "task_stepped": _stepped,
    "receipt_came_late": lambda w, e: ("技术回执迟到", "technical receipt came late"),
    "request_opened": _opened,
    "request_closed": _closed,
    "reply_given": _reply,
    "referral_ended": _ended,
    "referral_reopened": lambda w, e: ("移送重新办理", "referral reopened"),
    "lead_changed": _lead,
    "referral_escalated": _escalated,
    "number_learned": _number,
    "referral_corrected": _corrected,
    "fact_recorded": _fact,
    "duplicate_offered": lambda w, e: (
        f"疑似与案件 {e.other} 重复（{'、'.join(e.agrees)}）",
        f"case {e.other} may be the same matter ({', '.join(e.agrees)})",
    ),
    "duplicate_answered": lambda w, e: (
        f"重复件 {e.other}：{_ANSWERS[e.verdict][0]}",
        f"offered case {e.other}: {_ANSWERS[e.verdict][1]}",
    ),
    "case_linked": lambda w, e: (f"关联案件 {e.other}", f"linked to case {e.other}"),
    "case_merged": lambda w, e: (f"并入案件 {e.into}", f"merged into case {e.into}"),
    "message_waits": _waits("报文等待", "message waits"),
    "message_taken_up": _waits("等待的报文已处理", "waiting message taken up"),
    "redelivery_granted": lambda w, e: (
        f"重新投递 {e.to} #{e.first}–{e.last}",
        f"redelivery {e.to} #{e.first}–{e.last}",
    ),
    "hub_message_issued": lambda w, e: (f"通知案件 {e.case}：{e.type}", f"tells case {e.case}: {e.type}"),
    "passed_on": lambda w, e: (f"转至案件 {e.case}", f"passed on to case {e.case}"),
    "dispute_settled": _settled,
    "ownership_kept": _kept,
    "owner_named": _owned,
    "owner_rank_wanted": lambda w, e: (
        f"承办人职级不低于 {e.rank}",
        f"the owner's rank is at least {e.rank}",
    ),
    "referral_prioritised": lambda w, e: (f"优先等级改为 {e.priority}", f"priority is now {e.priority}"),
    "supervision_raised": _supervised,
    "supervision_answered": lambda w, e: ("督办已答复", "supervision answered"),
    "supervision_cleared": lambda w, e: ("督办销号", "supervision cleared"),
    "followed_up": _visited,
    "referral_routed": lambda w, e: ("按归口清单确定主办", "routed by the duty list"),
    "erased": lambda w, e: (f"已抹除（{e.article}）", f"erased ({e.article})"),
    "hold_set": lambda w, e: (f"暂停抹除 {e.hold}（{e.article}）", f"legal hold {e.hold} ({e.article})"),
    "hold_released": lambda w, e: (f"恢复抹除 {e.hold}", f"legal hold {e.hold} ends"),
    "deadline_started": _started,
    "deadline_recomputed": _recomputed,
    "deadline_warned": _clock("临近", "is near"),
    "deadline_breached": _breached,
    "receipt_missed": _clock("未按时收到回执", "receipt missed"),
    "breach_annulled": _clock("逾期撤销", "breach annulled"),
    "deadline_ended": _met,
    "date_set": _date("由人另定", "set by a person"),
    "date_lifted": _date("撤销另定，按推算", "as computed again"),
}

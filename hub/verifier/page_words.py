"""An event of an entry in words, Chinese and English, with the names that the bundle gives for codes."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from hub.verifier.contents import WORDS, Malformed, read_json
from hub.verifier.findings import Said

CHINA = timezone(timedelta(hours=8))
_EVENTS = {
    "case_opened": ("立案入链", "case opened"),
    "receipt_came_late": ("补到技术回执", "technical receipt came late"),
    "referral_reopened": ("退回重办，重新计入未结", "referral open again"),
    "case_linked": ("关联案件 {other}（{relation}）", "linked with case {other} ({relation})"),
    "case_merged": ("并入案件 {into}", "merged into case {into}"),
    "duplicate_offered": ("疑似与案件 {other} 重复（{agrees}）", "case {other} may be the same matter ({agrees})"),
    "duplicate_answered": ("疑似重复件 {other}：{verdict}", "offered case {other}: {verdict}"),
    "message_waits": ("报文先到，等待所依据的事项", "the message waits for what it builds on"),
    "message_taken_up": ("等待中的报文已处理", "the waiting message is taken up"),
    "redelivery_granted": ("向{to}重新投递 {first} 至 {last} 号", "records {first} to {last} are delivered again to {to}"),
    "hub_message_issued": ("平台发出 {type}（案件 {case}）", "the hub sends {type} about case {case}"),
    "passed_on": ("转至案件 {case}", "passed on to case {case}"),
    "referral_raised": ("{sender} 向 {lead} 发起：{flow}", "{sender} raises to {lead}: {flow}"),
    "task_assigned": ("派发{department}（{role}）", "assigned to {department} ({role})"),
    "task_stepped": ("{by}：{step}，状态为{state}", "{by}: {step}, now {state}"),
    "request_opened": ("{by} 提出：{request}", "{by} asks: {request}"),
    "request_closed": ("{request}：{verdict}", "{request}: {verdict}"),
    "reply_given": ("回复 {reply} {outcome}", "reply {reply} {outcome}"),
    "referral_ended": ("移送终结：{state} {outcome}", "referral ended: {state} {outcome}"),
    "lead_changed": ("主办改为{lead}", "lead is now {lead}"),
    "referral_escalated": ("退回 {returns} 次，报{to}", "after {returns} returns, to {to}"),
    "number_learned": ("{department}编号 {number}", "number {number} of {department}"),
    "referral_corrected": ("更正 {fields}", "corrected: {fields}"),
    "fact_recorded": ("事实 {fact}：{value}", "fact {fact}: {value}"),
    "deadline_started": ("时限 {deadline} 起算（{clock}，{owner}），{due} 前",
        "time limit {deadline} runs ({clock}, {owner}) until {due}"),
    "deadline_recomputed": ("时限 {deadline} 重算（{why}）：{before} → {after}",
        "time limit {deadline} computed again ({why}): {before} → {after}"),
    "deadline_recomputed beside": ("时限 {deadline} 重算（{why}），推算 {before} → {after}，另定的期限不变",
        "time limit {deadline} computed again ({why}), computed {before} → {after}; the date that was set stays"),
    "date_set": ("时限 {deadline} 由人另定（{operator}，{article}：{reason}）：{before} → {after}，推算 {computed}",
        "time limit {deadline} set by a person ({operator}, {article}: {reason}): {before} → {after}, computed {computed}"),
    "date_lifted": ("时限 {deadline} 撤销另定（{operator}，{article}：{reason}）：{before} → {after}",
        "time limit {deadline} as computed again ({operator}, {article}: {reason}): {before} → {after}"),
    "deadline_warned": ("时限 {deadline} 预警", "time limit {deadline}: warning"),
    "deadline_breached": ("时限 {deadline} 逾期（{at}）", "time limit {deadline} breached ({at})"),
    "receipt_missed": ("回执逾期未到：{rung}（时限 {deadline}）", "receipt missing: {rung} (time limit {deadline})"),
    "breach_annulled": ("时限 {deadline} 逾期撤销（{reason}）", "breach of time limit {deadline} annulled ({reason})"),
    "deadline_ended": ("时限 {deadline} 结束（{how}）", "time limit {deadline} ended ({how})"),
    "erased": ("抹除：密钥已销毁（{article}）", "erased: keys destroyed ({article})"),
    "hold_set": ("法律保全 {hold}（{article}）", "legal hold {hold} ({article})"),
    "hold_released": ("解除保全 {hold}", "hold {hold} released"),
    "notified": ("告知{to}（第 {sequence} 号）：{type}", "told {to} (record {sequence}): {type}"),
}  # fmt: skip
# Which group of names the codes of a field are in.
_GROUPS = {
    **dict.fromkeys(
        ("sender", "lead", "department", "by", "to", "owner", "co_handlers", "copies"), "departments"
    ),
    **dict.fromkeys(("suggested_to", "reassign_to", "against", "actor", "superior"), "departments"),
    **{
        "flow": "flows",
        "step": "steps",
        "state": "states",
        "type": "types",
        "role": "roles",
        "kind": "kinds",
    },
    **{"request": "requests", "verdict": "verdicts", "rung": "rungs", "how": "endings", "clock": "clocks"},
    **{"outcome": "outcomes", "reply": "replies", "track": "tracks", "priority": "priorities"},
}


class Words:
    """Names of codes by group, `{group: {code: [zh, en]}}`; a code without a name stands for itself."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Raises Malformed."""
        found = read_json(files.get(WORDS, b""))
        if not isinstance(found, dict):
            raise Malformed(f"{WORDS}: must be an object")
        self._groups = found

    def of(self, group: str, code: object) -> Said:
        """The name of a code."""
        names = self._groups.get(group)
        name = names.get(code) if isinstance(names, dict) and isinstance(code, str) else None
        if isinstance(name, list) and len(name) == 2:
            return Said(str(name[0]), str(name[1]))
        return Said(str(code), str(code))

    def event(self, event: Mapping[str, Any]) -> Said:
        """One event in words."""
        kind = f"{event['e']} beside" if event.get("beside") is True else event["e"]
        zh, en = _EVENTS.get(kind, (kind, kind))
        values = {name: self.value(name, value) for name, value in event.items()}
        return Said(
            zh.format_map(_Blank({name: said.zh for name, said in values.items()})).strip(),
            en.format_map(_Blank({name: said.en for name, said in values.items()})).strip(),
        )

    def value(self, name: str, value: object) -> Said:
        """What a field of a message or an event holds."""
        if value is None:
            return Said("", "")
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        known = self.of(_GROUPS.get(name, ""), value)
        return Said(china(known.zh), china(known.en))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def china(text: object) -> str:
    """A moment by China's clock; what is none stays as it is."""
    try:
        found = datetime.fromisoformat(str(text))
        if found.tzinfo is not None and len(str(text)) > 10:
            return found.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        pass
    return str(text)

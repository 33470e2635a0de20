"""What there is to say about a flow, as labelled rows in Chinese, English or both: for the page and for `flows show`."""

from collections.abc import Callable, Iterable
from typing import Literal

from hub.domain.flow import Flow, FlowPaper, FlowReply, Opening
from hub.domain.flow_clock import FlowClock
from hub.domain.ladder import LIMITED, Ladder
from hub.domain.rule_data import Coded
from hub.reference.markdown import NONE, codes
from schemas.classes import field_classes
from schemas.messages.outbound import TaskAssigned

Language = Literal["zh", "en", "both"]
Say = Callable[[str, str], str]


def saying(language: Language) -> Say:
    """How a pair of Chinese and English is said: one of them, or both with English first."""
    if language == "both":
        return lambda zh, en: f"{en} {zh}"
    return (lambda zh, en: zh) if language == "zh" else (lambda zh, en: en)


def flow_rows(flow: Flow, language: Language = "both") -> list[tuple[str, str]]:
    """Every part of the flow: label and text, in the order in which one reads a flow."""
    say = saying(language)
    until = f" – {flow.effective_to}" if flow.effective_to else ""
    confirm = f" {_coded(flow.confirm.papers, language)}" if flow.confirm.papers else ""
    return [
        (say("依据", "Law"), f"{law(flow)}, {_verified(flow, say)}"),
        (say("施行", "In force"), f"{flow.effective_from}{until}"),
        (say("方式", "Kinds"), codes(kind.value for kind in flow.kinds)),
        (say("发起单位", "Senders"), codes(flow.senders)),
        (say("主办单位", "Lead"), codes(flow.lead)),
        (say("协办单位", "Co-handlers"), codes(flow.co_handlers)),
        (say("抄送单位", "Copies"), codes(flow.copies)),
        (say("文书", "Papers"), _papers(flow.papers, language)),
        (say("依次回复", "Replies, in order"), _replies(flow.replies, language)),
        (say("结果", "Outcomes"), _coded(flow.outcomes, language)),
        (say("退回理由", "Return reasons"), _coded(flow.return_reasons, language)),
        (
            say("来文单位确认", "Sender confirms"),
            (say("是", "yes") + confirm) if flow.confirm.required else say("否", "no"),
        ),
        (say("撤回", "Withdrawn"), _withdrawal(flow, say)),
        (
            say("主办办结后协办任务", "When the lead closes, co-handlers"),
            say(*_ON_CLOSE[flow.on_lead_close.co_handlers]),
        ),
        (say("可见字段至", "Sees up to"), _visible(flow, say)),
        (say("次数限制", "Limits"), _limits(flow, say)),
        (say("各步骤限时（内部）", "Steps within (house rules)"), ladder_text(flow.within, say)),
        (say("法定时限", "Clocks of the law"), _clocks(flow.clocks, say)),
        (say("回访", "Follow-up"), _followup(flow, say)),
        (say("后续流程", "Opens"), _opens(flow.opens, say)),
    ]


def _followup(flow: Flow, say: Say) -> str:
    """Who owes it, and what a rating does."""
    rule = flow.followup
    if rule is None:
        return NONE
    by = say("来文单位", "the sender") if rule.by == "sender" else say("主办单位", "the lead")
    satisfied = say(f"{rule.satisfied} 分起为满意", f"satisfied from {rule.satisfied} on")
    return f"{by}; {satisfied}; {say('不满意可重新办理', 'reopened at most')} {rule.reopenings} {say('次', 'times')}"


def law(flow: Flow) -> str:
    """The law and its articles."""
    return f"{flow.law} {'、'.join(flow.articles)}"


def ladder_text(ladder: Ladder, say: Say) -> str:
    """The limits of the ladder that there are."""
    limits = [(step, ladder.limit(step)) for step in LIMITED]
    return (
        "; ".join(f"{say(*STEP_NAMES[step])} {limit}" for step, limit in limits if limit is not None) or NONE
    )


def seen_fields(flow: Flow, role: str) -> list[str]:
    """The fields of a new task that a receiver in this role is shown."""
    ceiling = flow.visibility.ceiling(role)
    return [name for name, mark in field_classes(TaskAssigned).items() if mark.level <= ceiling]


STEP_NAMES = {
    "raised": ("发起", "raised"),
    "delivered": ("送达", "delivered"),
    "signed": ("签收", "signed"),
    "accepted": ("受理", "accepted"),
    "started": ("开始办理", "started"),
    "replied": ("办结回复", "replied"),
    "confirmed": ("确认", "confirmed"),
    "return_proposed": ("提出退回", "return proposed"),
    "return_decided": ("退回决定", "return decided"),
    "superior_decided": ("上级决定退回", "return decided by the superior"),
    "conference_decided": ("联席会议决定退回", "return decided by the conference"),
    "supplement_requested": ("要求补正", "supplement requested"),
    "supplement_provided": ("补正", "supplement provided"),
    "withdrawal_requested": ("要求撤回", "withdrawal requested"),
    "withdrawal_decided": ("撤回决定", "withdrawal decided"),
    "followed_up": ("回访", "followed up"),
}
_ON_CLOSE = {
    "keep": ("继续办理 `keep`", "`keep`: go on"),
    "close": ("一并终止 `close`", "`close`: are cancelled"),
}
_BOUND = {"sender": ("来文单位", "sender"), "lead": ("主办", "lead"), "co_handler": ("协办", "co-handler")}
_DUTY = {"must": ("应当", "must"), "may": ("可以", "may")}


def _verified(flow: Flow, say: Say) -> str:
    return say("已核对", "verified") if flow.verified else f"**{say('未核对', 'not verified')}**"


def _titled(item: Coded, language: Language) -> str:
    words = {"zh": item.title, "en": item.en, "both": f"{item.title} {item.en}"}
    return f"`{item.code}` {words[language]}"


def _coded(items: Iterable[Coded], language: Language) -> str:
    return "; ".join(_titled(item, language) for item in items) or NONE


def _papers(papers: Iterable[FlowPaper], language: Language) -> str:
    optional = f" ({saying(language)('可选', 'optional')})"
    return "; ".join(_titled(p, language) + ("" if p.required else optional) for p in papers) or NONE


def _replies(replies: Iterable[FlowReply], language: Language) -> str:
    say = saying(language)
    final, optional = f" ({say('最终', 'final')})", f" ({say('可选', 'optional')})"
    return "; ".join(
        f"{place}. {_titled(r, language)}{final if r.final else ''}{'' if r.required else optional}"
        for place, r in enumerate(replies, 1)
    )


def _withdrawal(flow: Flow, say: Say) -> str:
    alone = say("主办单位以下步骤之前可单方撤回", "by the sender alone before the lead has")
    then = {
        "lead": say("此后由主办单位决定", "after it the lead decides"),
        "nobody": say("此后不得撤回", "after it by nobody"),
    }
    return f"{alone} `{flow.withdraw.before}`; {then[flow.withdraw.after]}"


def _visible(flow: Flow, say: Say) -> str:
    seen = flow.visibility
    named = (
        (say("主办", "lead"), seen.lead),
        (say("协办", "co-handler"), seen.co_handler),
        (say("抄送", "copy"), seen.copy_),
        (say("来文单位", "sender"), seen.sender),
    )
    present = {"co_handler": (named[1][0], flow.co_handlers), "copy": (named[2][0], flow.copies)}
    hidden = {
        name: [field for field in field_classes(TaskAssigned) if field not in seen_fields(flow, role)]
        for role, (name, roles) in present.items()
        if roles
    }
    without = "".join(
        f"; {name}: {say('不含', 'without')} {codes(fields)}" for name, fields in hidden.items() if fields
    )
    return "; ".join(f"{name} `{ceiling}`" for name, ceiling in named) + without


def _limits(flow: Flow, say: Say) -> str:
    parts = [
        f"{say('退回', 'returns')} {flow.limits.returns}",
        f"{say('重办', 'reworks')} {flow.limits.reworks}",
    ]
    if flow.limits.raised_per_case is not None:
        parts.append(f"{say('每案发起', 'raised per case')} {flow.limits.raised_per_case}")
    return "; ".join(parts)


def _clocks(clocks: Iterable[FlowClock], say: Say) -> str:
    return "; ".join(_clock(clock, say) for clock in clocks) or NONE


def _clock(clock: FlowClock, say: Say) -> str:
    ends = say("或", "or").join(f" {_instant(end, say)} " for end in clock.ends).strip()
    conditions = [f"`{asked}` = `{value}`" for asked, value in clock.when.items()]
    conditions += [f"`{outcome}`" for outcome in clock.outcomes]
    when = f" ({', '.join(conditions)})" if conditions else ""
    return f"`{clock.id}` {say(*_BOUND[clock.bound])}: {_instant(clock.starts, say)} → {ends}{when}"


def _instant(instant: str, say: Say) -> str:
    return say(*STEP_NAMES[instant]) if instant in STEP_NAMES else f"`{instant}`"


def _opens(opens: dict[str, list[Opening]], say: Say) -> str:
    return (
        "; ".join(
            f"`{outcome}` → "
            + ", ".join(f"`{o.flow}` ({say(*_BOUND[o.by])} {say(*_DUTY[o.duty])})" for o in openings)
            for outcome, openings in opens.items()
        )
        or NONE
    )

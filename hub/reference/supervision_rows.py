"""What there is to say about the ladder of supervision, in Chinese, English or both: for the page and `supervision show`."""

from collections.abc import Sequence

from hub.domain.supervision import AfterStep, AtBreaches, AtLimit, AtReturns, Supervision, Trigger
from hub.reference.flow_rows import Language, Say, saying
from hub.reference.markdown import NONE, codes

_OF_THE_CASE = {
    "sender": ("来文单位", "sender"),
    "superior": ("上级", "superior"),
    "raiser": ("督办单位", "raiser"),
}
_PERIODS = {
    "week": ("一周", "a week"),
    "month": ("一月", "a month"),
    "quarter": ("一季", "a quarter"),
    "year": ("一年", "a year"),
}
_AT_LIMIT = {
    "warned": ("时限将届满", "a clock of the law is near its end"),
    "breached": ("法定时限逾期", "a clock of the law is breached"),
    "missed": ("回执逾期", "a receipt is missing"),
}


def step_head(language: Language = "both") -> tuple[str, ...]:
    """The heads of `step_rows`."""
    say = saying(language)
    return (
        say("步骤", "Step"),
        say("名称", "Title"),
        say("依据", "Law"),
        say("答复", "Answer within"),
        say("告知", "Tells"),
        say("作出", "Taken by"),
        say("解除", "Cleared by"),
    )


def step_rows(ladder: Supervision, language: Language = "both") -> list[tuple[str, ...]]:
    """The steps, the lowest first."""
    say = saying(language)
    rows: list[tuple[str, ...]] = []
    for step in ladder.steps:
        answer = str(step.answer) if step.answer is not None else NONE
        if step.limit:
            answer += say("，须定期限", ", the day must be given")
        verified = "" if step.verified else say("（未核对）", " (not verified)")
        hub = (
            say("中枢（事由办结时）、", "the hub (when its cause is done), ") if step.ends == "cause" else ""
        )
        rows.append(
            (
                f"`{step.code}`",
                say(step.title, step.en),
                f"{step.law} {'、'.join(step.articles)}".strip() + verified,
                answer,
                _who(step.tells, say),
                _who(step.raises, say),
                hub + _who(step.clears, say),
            )
        )
    return rows


def trigger_rows(ladder: Supervision, language: Language = "both") -> list[tuple[str, str, str]]:
    """What makes the hub take a step: by what, in words, which step."""
    say = saying(language)
    return [(*_words(trigger, say), f"`{trigger.step}`") for trigger in ladder.triggers]


def _words(trigger: Trigger, say: Say) -> tuple[str, str]:
    time, count = say("时间", "time"), say("次数", "count")
    if isinstance(trigger, AtLimit):
        words = say(*_AT_LIMIT[trigger.when])
        return time, words + _only(trigger.clocks, trigger.flows, say)
    if isinstance(trigger, AfterStep):
        if trigger.when == "unanswered":
            return time, say(f"`{trigger.of}` 未按期答复", f"`{trigger.of}` was not answered in time")
        return time, say(
            f"`{trigger.of}` 作出后 {trigger.after} 未解除", f"`{trigger.of}` stands for {trigger.after}"
        )
    if isinstance(trigger, AtReturns):
        words = say(f"同一移送第 {trigger.count} 次提出退回", f"return no. {trigger.count} of a referral")
        return count, words + _only([], trigger.flows, say)
    return count, _breaches(trigger, say)


def _breaches(trigger: AtBreaches, say: Say) -> str:
    zh, en = _PERIODS[trigger.period]
    return say(
        f"一个单位{zh}内第 {trigger.count} 次法定时限逾期",
        f"breach no. {trigger.count} of a department within {en}",
    )


def _only(clocks: Sequence[str], flows: Sequence[str], say: Say) -> str:
    parts = [f"{say('仅', 'only')} {codes(clocks)}"] if clocks else []
    parts += [f"{say('流程', 'flows')} {codes(flows)}"] if flows else []
    return f" ({'; '.join(parts)})" if parts else ""


def _who(names: Sequence[str], say: Say) -> str:
    return ", ".join(say(*_OF_THE_CASE[n]) if n in _OF_THE_CASE else f"`{n}`" for n in names) or NONE

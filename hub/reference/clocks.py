"""The pages of all clocks, from `hub/rules/deadlines/`: one in English, one in Chinese."""

from collections.abc import Iterable

from hub.domain.clock import Clock, natural
from hub.domain.clock_basis import BASES, Span
from hub.domain.clock_set import Clocks
from hub.domain.derivation_words import Lang, article_words, length
from hub.domain.rule_data import Bilingual
from hub.reference.markdown import NONE, page, table
from hub.rules.deadline_files import HERE, ClockFile, load_clocks
from hub.rules.files import load_model

_HEAD: dict[Lang, list[str]] = {
    "en": [
        "# Clocks",
        "",
        "中文：[clocks.zh-CN.md](clocks.zh-CN.md) · how to use and change them: [deadlines](../how-to/deadlines.md)",
        "",
        "From `hub/rules/deadlines/`. *Bound* is who must act. A clock without a time is an event that must be recorded, since "
        "the law gives no number. *Not verified*: the text was not read in an official edition; check it before use.",
        "",
    ],
    "zh": [
        "# 时限",
        "",
        "English: [clocks.md](clocks.md) · 使用与修改：[时限](../how-to/deadlines.zh-CN.md)",
        "",
        "本页由 `hub/rules/deadlines/` 生成。“义务方”指须作出行为的一方。没有期限的条目是法律未定数字、只须记录的事件。"
        "“未核对”：未对照正式文本，使用前须核对。",
        "",
    ],
}
_COLUMNS: dict[Lang, tuple[str, ...]] = {
    "en": ("Clock", "What", "Bound", "From", "Time", "What moves it", "Law", "Note"),
    "zh": ("编号", "事项", "义务方", "起算", "期限", "变动", "依据", "说明"),
}

_BASES: dict[Lang, tuple[str, ...]] = {
    "en": ("Basis", "Hours from", "Months", "Travel excluded", "日 that are working days", "By"),
    "zh": ("类别", "时的起算", "月", "在途扣除", "按工作日计的“日”", "依据"),
}


def clocks_reference(lang: Lang) -> str:
    """`docs/reference/clocks.md` and its Chinese twin."""
    clocks = load_clocks()
    groups = [load_model(path, ClockFile) for path in sorted(HERE.glob("*.yaml"))]
    groups.sort(key=lambda group: natural(group.clocks[0].id))
    return page(_HEAD[lang], _bases(lang), *(_group(group, clocks, lang) for group in groups))


def _bases(lang: Lang) -> list[str]:
    zh = lang == "zh"
    rows = [
        (
            f"`{name}` {basis.zh if zh else basis.en}",
            ("次时起算" if zh else "next hour")
            if basis.next_hour
            else ("所述时刻" if zh else "stated moment"),
            ("月末至月末" if zh else "month-end to month-end")
            if basis.month_end
            else ("对应日" if zh else "same day"),
            ("是" if zh else "yes") if basis.travel else NONE,
            "、".join(map(str, sorted(basis.working_days))) or NONE,
            basis.by,
        )
        for name, basis in BASES.items()
    ]
    return [f"## {'计算方法' if zh else 'How each branch of the law counts'}", "", *table(_BASES[lang], rows)]


def _group(group: ClockFile, clocks: Clocks, lang: Lang) -> list[str]:
    rows = [_row(clock, clocks, lang) for clock in group.clocks]
    return [f"## {_pick(group.title, lang)}", "", *table(_COLUMNS[lang], rows)]


def _row(clock: Clock, clocks: Clocks, lang: Lang) -> tuple[str, ...]:
    start = _pick(clock.starts, lang) if clock.starts else NONE
    note = _pick(clock.note, lang) if clock.note else NONE
    return (
        f"`{clock.id}`",
        _pick(clock.title, lang),
        _bound(clock, clocks, lang),
        start,
        _time(clock, lang),
        "; ".join(_moves(clock, clocks, lang)) or NONE,
        _law(clock, clocks, lang),
        note,
    )


def _bound(clock: Clock, clocks: Clocks, lang: Lang) -> str:
    roles = clock.to if clock.bound == "receiver" else clock.from_
    return _names(roles, clocks.terms.roles, lang)


def _time(clock: Clock, lang: Lang) -> str:
    if clock.amount is None or clock.unit is None:
        return {
            "zh": "来文指定" if clock.by_letter else "无数字",
            "en": "by letter" if clock.by_letter else "no number",
        }[lang]
    span = length(abs(clock.amount), clock.unit, lang)
    if clock.amount < 0:
        return {"zh": f"之前 {span}", "en": f"{span} before"}[lang]
    return span


def _moves(clock: Clock, clocks: Clocks, lang: Lang) -> Iterable[str]:
    zh, basis = lang == "zh", BASES[clock.basis]
    if clock.amount is not None:
        yield basis.zh if zh else basis.en
    if clock.roll:
        held = ("，在押不顺延" if zh else ", not in custody") if clock.custody else ""
        yield ("节假日顺延" if zh else "rolls over days off") + held
    if clock.extension is not None:
        yield _extension(clock, lang)
    if clock.cap is not None:
        since = f" ({'自' if zh else 'since '}{_pick(clock.cap.since, lang)})" if clock.cap.since else ""
        yield f"{'最长 ' if zh else 'at most '}{_span(clock.cap.span, lang)}{since}"
    if clock.strict is not None:
        yield f"{'从严 ' if zh else 'strictly '}{_span(clock.strict, lang)}"
    if clock.counter is not None:
        yield (
            f"每案至多 {clock.counter.at_most} 次" if zh else f"at most {clock.counter.at_most} times a case"
        )
    if clock.excludes:
        yield f"{'扣除 ' if zh else 'without '}{_names(clock.excludes, clocks.terms.grounds, lang)}"
    if clock.restarts:
        names = _names(clock.restart_reasons, clocks.terms.reasons, lang)
        yield f"{'重新计算：' if zh else 'anew: '}{names}"
    if clock.approval is not None:
        yield f"{'须经 ' if zh else 'approved by '}{_pick(clock.approval, lang)}"
    if clock.trigger is not None:
        yield f"{'逾期次日 ' if zh else 'the day after: '}{_pick(clock.trigger.paper, lang)}"
    for breach in clock.on_breach:
        yield f"{'逾期：' if zh else 'if late: '}{breach.zh if zh else breach.en}"


def _extension(clock: Clock, lang: Lang) -> str:
    zh, rule = lang == "zh", clock.extension
    assert rule is not None
    much = "" if rule.each is None else f" {length(rule.each, rule.unit, lang)}"
    times = "" if rule.times is None else f" × {rule.times}"
    by = "" if rule.by is None else f" ({_pick(rule.by, lang)})"
    if rule.tell is not None:
        by += f"{'，告知' if zh else ', told to '}{_pick(rule.tell, lang)}"
    return (
        f"{'延长' if zh else 'extended by'}{much or ('，幅度未定' if zh else ' what is granted')}{times}{by}"
    )


def _law(clock: Clock, clocks: Clocks, lang: Lang) -> str:
    since, until = clock.valid_from, clock.valid_to
    span = f" ({since or '…'} – {until})" if until else ""
    mark = "" if clock.verified else {"zh": " **未核对**", "en": " **not verified**"}[lang]
    return article_words(clock, clocks, lang) + span + mark


def _span(span: Span, lang: Lang) -> str:
    return " ".join(length(amount, unit, lang) for amount, unit in span.parts())


def _names(codes: Iterable[str], names: dict[str, Bilingual], lang: Lang) -> str:
    return {"zh": "、", "en": ", "}[lang].join(_pick(names[code], lang) for code in codes)


def _pick(name: object, lang: Lang) -> str:
    return str(getattr(name, lang))

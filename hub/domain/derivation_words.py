"""A derivation in words, as one would write it on the file's margin, in Chinese or English."""

import re
from datetime import date, datetime
from typing import Literal

from hub.domain.clock import Clock, Source
from hub.domain.clock_basis import Span, Unit
from hub.domain.clock_set import Clocks
from hub.domain.deadline import Deadline
from hub.domain.deadline_facts import Point, shanghai
from hub.domain.derivation import Step
from hub.domain.rule_data import Bilingual

Lang = Literal["zh", "en"]
_UNITS: dict[Unit, tuple[str, str]] = {
    "H": ("小时", "hours"),
    "D": ("日", "days"),
    "WD": ("个工作日", "working days"),
    "M": ("个月", "months"),
    "Y": ("年", "years"),
}
_JOINED = ("count", "letter")


def explain(deadline: Deadline, clocks: Clocks, lang: Lang = "zh") -> str:
    """The derivation on one line: 收到 2026-02-05 + 15 日 = 02-20, 春节假期顺延至 02-24, 信访工作条例 第22条第1款."""
    line = ""
    for step, words in zip(deadline.steps, step_words(deadline, clocks, lang), strict=True):
        line += words if not line else f" {words}" if step.kind in _JOINED else f", {words}"
    return f"{line}, {article_words(clocks.get(deadline.clock), clocks, lang)}"


def step_words(deadline: Deadline, clocks: Clocks, lang: Lang = "zh") -> list[str]:
    """Each step in words. A date of the year last spoken of goes without it."""
    words = _Words(clocks, lang)
    return [words.of(step) for step in deadline.steps]


def article_words(clock: Clock, clocks: Clocks, lang: Lang = "zh") -> str:
    """Every law and article that a clock cites, the main one first."""
    none = {"zh": "无依据条文", "en": "no text"}[lang]
    between = {"zh": "；", "en": "; "}[lang]
    return between.join(source_words(one, clocks, lang) for one in clock.sources) or none


def source_words(source: Source, clocks: Clocks, lang: Lang = "zh") -> str:
    """One law and article: 信访工作条例 第22条第1款. Paragraphs and items follow their article."""
    law = clocks.laws[source.law]
    name = law.short if lang == "zh" else law.title.en
    return name if source.article is None else f"{name} {article_name(source.article, lang)}"


def article_name(article: str, lang: Lang = "zh") -> str:
    """`22¶1(3)` is 第22条第1款第3项, Art. 22 para. 1 (3); what is not numbered so stays as it is."""
    if lang == "en":
        return f"Art. {article.replace('¶', ' para. ').replace('、', ', ').replace('  ', ' ')}"
    if not re.match(r"\d", article):
        return article
    return "、".join(_one_article(part) for part in article.split("、"))


def _one_article(part: str) -> str:
    if not (found := re.fullmatch(r"([\d-]*)(?:¶([\d-]+))?((?:\(\d+\))*)", part)):
        return part
    number, paragraph, items = found.groups()
    words = f"第{number}条" if number else ""
    words += f"第{paragraph}款" if paragraph else ""
    return words + "".join(f"第{item}项" for item in re.findall(r"\d+", items))


def length(amount: int, unit: Unit, lang: Lang = "zh") -> str:
    """So much of a unit: 15 日, 1 month."""
    zh, en = _UNITS[unit]
    return f"{amount} {zh}" if lang == "zh" else f"{amount} {en[:-1] if amount == 1 else en}"


class _Words:
    """The words of one derivation: remembers the year last spoken of."""

    def __init__(self, clocks: Clocks, lang: Lang) -> None:
        self._clocks, self._lang = clocks, lang
        self._year: int | None = None

    def of(self, step: Step) -> str:
        match step.kind:
            case "start":
                return self._start(step)
            case "restart":
                frm = self._date(step.frm)
                name = self._name(self._clocks.terms.reasons, step.code)
                return self._pick(f"{name} {frm} 重新计算", f"counted anew from {frm}: {name}")
            case "letter":
                return self._pick(
                    f"来文指定至 {self._date(step.to)}", f"until {self._date(step.to)} by letter"
                )
            case "count":
                return self._added(step)
            case "extend":
                return f"{self._pick('延长', 'extended')} {self._added(step)}"
            case "exclude":
                return self._excluded(step)
            case "cap":
                assert step.span is not None
                frm, to = self._date(step.frm), self._date(step.to)
                span = self._span(step.span)
                return self._pick(f"自 {frm} 起最长 {span} = {to}", f"at most {span} from {frm} = {to}")
            case "roll":
                return self._rolled(step)
            case "custody":
                return self._pick(
                    "在押，末日不因节假日顺延", "in custody: a day off does not move the last day"
                )
            case "provisional":
                end = self._date(step.frm)
                return self._pick(f"工作日历止于 {end}，暂定", f"the calendar ends {end}: provisional")

    def _start(self, step: Step) -> str:
        frm = f"{self._name(self._clocks.terms.events, step.code)} {self._date(step.frm)}"
        if not isinstance(step.to, datetime) or step.frm == step.to:
            return frm
        to = self._date(step.to)
        return frm + self._pick(f" (自 {to} 起算)", f" (counted from {to})")

    def _added(self, step: Step) -> str:
        assert step.amount is not None
        assert step.unit is not None
        sign = "-" if step.amount < 0 else "+"
        return f"{sign} {length(abs(step.amount), step.unit, self._lang)} = {self._date(step.to)}"

    def _excluded(self, step: Step) -> str:
        codes = (step.code or "").split("+")
        names = "、".join(self._name(self._clocks.terms.grounds, code) for code in codes)
        assert step.first is not None
        assert step.last is not None
        period = f"{self._date(step.first)}..{self._date(step.last)}"
        to = self._date(step.to)
        return self._pick(f"扣除{names} {period} = {to}", f"without {period} ({names}) = {to}")

    def _rolled(self, step: Step) -> str:
        names = step.holiday or ()
        zh = "、".join(name if name == "周末" else f"{name}假期" for name, _ in names)
        en = " and ".join(name for _, name in names)
        to = self._date(step.to)
        return self._pick(f"{zh}顺延至 {to}", f"{en} moves it to {to}")

    def _span(self, span: Span) -> str:
        return self._pick("零", " and ").join(length(n, unit, self._lang) for n, unit in span.parts())

    def _date(self, point: Point) -> str:
        day: date = point
        clock = ""
        if isinstance(point, datetime):
            moment = shanghai(point)
            day, clock = moment.date(), moment.strftime(" %H:%M")
        shown = day.isoformat() if day.year != self._year else day.strftime("%m-%d")
        self._year = day.year
        return shown + clock

    def _name(self, names: "dict[str, Bilingual]", code: str | None) -> str:
        name = names.get(code or "")
        return code or "" if name is None else self._pick(name.zh, name.en)

    def _pick(self, zh: str, en: str) -> str:
        return zh if self._lang == "zh" else en

"""A derivation in words, in both languages."""

from datetime import date, datetime

import pytest

from hub.domain.calendar import Calendar
from hub.domain.clock_set import Clocks
from hub.domain.deadline import compute
from hub.domain.deadline_facts import (
    SHANGHAI,
    CustodyChanged,
    Excluded,
    Extended,
    Fact,
    Restarted,
    Started,
)
from hub.domain.derivation_words import article_name, explain, step_words

DAY = date(2026, 2, 5)
WORDS: list[tuple[str, list[Fact], str, str]] = [
    ("X1", [Started(DAY)],
     "收到 2026-02-05 + 15 日 = 02-20, 春节假期顺延至 02-24, 信访工作条例 第22条第1款",
     "received 2026-02-05 + 15 days = 02-20, Spring Festival moves it to 02-24, "
     "Regulations on Petition Work (2022) Art. 22 para. 1"),
    ("X7", [Started(date(2026, 7, 1)), Extended(30, date(2026, 8, 1))],
     "受理 2026-07-01 + 60 日 = 08-30, 延长 + 30 日 = 09-29, 信访工作条例 第34条",
     "accepted 2026-07-01 + 60 days = 08-30, extended + 30 days = 09-29, Regulations on Petition Work (2022) Art. 34"),
    ("X11", [Started(date(2026, 3, 2)), Excluded(date(2026, 3, 9), date(2026, 3, 10), "hearing")],
     "收到 2026-03-02 + 30 日 = 04-01, 扣除听证 03-09..03-10 = 04-03, 信访工作条例 第36条第1-2款",
     "received 2026-03-02 + 30 days = 04-01, without 03-09..03-10 (a hearing) = 04-03, "
     "Regulations on Petition Work (2022) Art. 36 para. 1-2"),
    ("C45", [Started(date(2026, 2, 10)), CustodyChanged(DAY, True)],
     "收到 2026-02-10 + 7 日 = 02-17, 在押，末日不因节假日顺延, 刑诉法解释 第219条第2款",
     "received 2026-02-10 + 7 days = 02-17, in custody: a day off does not move the last day, "
     "Interpretation of the Criminal Procedure Law (SPC 2021) Art. 219 para. 2"),
    ("C56", [Started(date(2025, 12, 29)), Restarted(date(2026, 1, 5), "to_ordinary"), Extended(2, DAY)],
     "受理 2025-12-29 + 2 个月 = 2026-02-28, 延长 + 2 个月 = 04-30, 自 2025-12-29 起最长 4 个月 = 2026-04-29, 刑事诉讼法 第243条",
     "accepted 2025-12-29 + 2 months = 2026-02-28, extended + 2 months = 04-30, at most 4 months from 2025-12-29 = 2026-04-29, "
     "Criminal Procedure Law (2018) Art. 243"),
    ("C50", [Started(date(2026, 3, 2)), Restarted(date(2026, 3, 9), "to_ordinary")],
     "受理 2026-03-02, 转为普通程序 03-09 重新计算 + 20 日 = 03-29, 周末顺延至 03-30, 刑事诉讼法 第220条",
     "accepted 2026-03-02, counted anew from 03-09: turned into ordinary procedure + 20 days = 03-29, "
     "the weekend moves it to 03-30, Criminal Procedure Law (2018) Art. 220"),
    ("C4", [Started(datetime(2026, 3, 1, 10, 15, tzinfo=SHANGHAI))],
     "决定 2026-03-01 10:15 (自 03-01 11:00 起算) + 24 小时 = 03-02 11:00, 公安机关刑事程序规定 第175条第1款",
     "decided 2026-03-01 10:15 (counted from 03-01 11:00) + 24 hours = 03-02 11:00, "
     "Procedures of Public Security Organs in Criminal Cases (2020) Art. 175 para. 1"),
    ("C47", [Started(date(2026, 3, 20))],
     "开庭 2026-03-20 - 3 日 = 03-17, 刑事诉讼法 第187条第3款；刑诉法解释 第221条第1款第4项",
     "hearing 2026-03-20 - 3 days = 03-17, Criminal Procedure Law (2018) Art. 187 para. 3; "
     "Interpretation of the Criminal Procedure Law (SPC 2021) Art. 221 para. 1(4)"),
    ("X14", [Started(DAY, until=date(2026, 3, 1))],
     "交办 2026-02-05 来文指定至 03-01, 信访工作条例 第22条第1款第3项",
     "assigned 2026-02-05 until 03-01 by letter, Regulations on Petition Work (2022) Art. 22 para. 1(3)"),
    ("J12b", [Started(date(2026, 12, 30))],
     "同意 2026-12-30 + 2 个工作日 = 2027-01-04, 工作日历止于 2026-12-31，暂定, 在线调解规则 第10条第2款",
     "agreed 2026-12-30 + 2 working days = 2027-01-04, the calendar ends 2026-12-31: provisional, "
     "Online Mediation Rules of the People's Courts (2021) Art. 10 para. 2"),
    ("L1", [Started(DAY)], "交办 2026-02-05 + 1 日 = 02-06, 东至县综治中心办理时限",
     "assigned 2026-02-05 + 1 day = 02-06, Dongzhi county governance centre, terms (local)"),
]  # fmt: skip


@pytest.mark.parametrize(("clock", "facts", "zh", "en"), WORDS, ids=[f"{w[0]}" for w in WORDS])
def test_explanation(
    clocks: Clocks, calendar: Calendar, clock: str, facts: list[Fact], zh: str, en: str
) -> None:
    deadline = compute(clocks.get(clock), facts, calendar)
    assert (explain(deadline, clocks), explain(deadline, clocks, "en")) == (zh, en)
    assert len(step_words(deadline, clocks)) == len(deadline.steps)


def test_days_off_of_two_names_are_both_named(clocks: Clocks, calendar: Calendar) -> None:
    deadline = compute(clocks.get("C13"), [Started(date(2025, 12, 25))], calendar)
    assert "元旦假期顺延至 01-04" in explain(deadline, clocks)
    deadline = compute(clocks.get("C13"), [Started(date(2024, 9, 7))], calendar)
    assert "周末" not in explain(deadline, clocks)


@pytest.mark.parametrize(
    ("article", "zh", "en"),
    [
        ("22¶1", "第22条第1款", "Art. 22 para. 1"),
        ("22¶1(3)", "第22条第1款第3项", "Art. 22 para. 1(3)"),
        ("156-158", "第156-158条", "Art. 156-158"),
        ("30¶1、88¶2", "第30条第1款、第88条第2款", "Art. 30 para. 1, 88 para. 2"),
        ("179¶1、¶3", "第179条第1款、第3款", "Art. 179 para. 1, para. 3"),
        ("二(一)2", "二(一)2", "Art. 二(一)2"),
    ],
)
def test_articles(article: str, zh: str, en: str) -> None:
    assert (article_name(article), article_name(article, "en")) == (zh, en)

"""The pages of clocks: every clock has its row, in both languages, with what people must not overlook."""

import re

import pytest

from hub.domain.derivation_words import Lang, article_words
from hub.reference.clocks import clocks_reference
from hub.rules.deadline_files import load_clocks


def rows_of(lang: Lang) -> dict[str, str]:
    """The rows of clocks by id; ids begin with a capital."""
    found = (line for line in clocks_reference(lang).splitlines() if re.match(r"\| `[A-Z]", line))
    return {line.split("`")[1]: line for line in found}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_clock_has_its_row(lang: Lang) -> None:
    clocks = load_clocks()
    rows = rows_of(lang)
    assert set(rows) == set(clocks.by_id)
    for clock in clocks.by_id.values():
        row = rows[clock.id]
        assert getattr(clock.title, lang) in row
        assert article_words(clock, clocks, lang) in row
        assert (("**not verified**" in row) or ("**未核对**" in row)) is not clock.verified
        if clock.amount is not None:
            assert f" {abs(clock.amount)} " in row
        if clock.note is not None:
            assert getattr(clock.note, lang) in row


def test_what_moves_a_clock_is_told() -> None:
    zh = rows_of("zh")
    assert (
        "| 1 个月 | 刑事; 节假日顺延，在押不顺延; 延长 15 日 × 1; 最长 1 个月 15 日; 扣除 精神病鉴定"
        in zh["C36"]
    )
    assert "每案至多 2 次" in zh["C37"]
    assert "| 之前 7 日 |" in zh["CD5"]
    assert "逾期次日 纠正违法通知书" in zh["C16"]
    assert "最长 3 个月 (自逮捕)" in zh["CD2"]
    assert "从严 30 日" in zh["C58"]
    assert "(2013-01-01 – 2025-12-31)" in zh["A1a"]
    assert "| 来文指定 |" in zh["X14"]
    assert "| 无数字 |" in zh["X6"]
    assert "延长，幅度未定 (本院院长)" in zh["J6"]


def test_each_branch_of_the_law_says_how_it_counts() -> None:
    page = clocks_reference("en")
    assert "| `criminal` criminal | next hour | month-end to month-end | yes | – |" in page
    assert "| `reconsideration` reconsideration | next hour | same day | yes | 3、5、7、10 |" in page

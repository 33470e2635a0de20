"""The story of a case: clocks with their derivation, people only when opened, and a page that stands alone."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import get_args

from hub.audit.event_words import SAYINGS
from hub.audit.page import page
from hub.audit.story import Person, Story, story, story_json
from hub.domain.case import MessageRef
from hub.domain.events import Event
from hub.domain.look import Look
from hub.relay.contents import Contents
from hub.store.memory import MemoryStore
from tests.support.city import START, stamp
from tests.support.core import Core, memory_stores

PARTIES = [{"role": "petitioner", "name": "测试人甲"}, {"role": "other", "name": "<b>乙</b>"}]
LOOK = Look(17, "2026-04-01T01:00:00.000Z", "市监督室 <李>", "核对办理时限", "audit timeline", ["c"])


async def told(opened: bool = True) -> tuple[Core, Story]:
    """Signed in time, accepted late and back-dated, refused once, replied."""
    core = Core(memory_stores(MemoryStore(1), 1))
    ids = core.raise_("A1", legal_at=stamp(START), officer="王信访", parties=PARTIES)
    steps = (
        (0.4, "justice", "task.signed", {"officer": "李司法"}),
        (
            7,
            "justice",
            "task.accepted",
            {"legal_at": stamp(START + timedelta(days=1)), "backdated_reason": "补录"},
        ),
        (8, "petition", "reply.confirmed", {}),
        (20, "justice", "task.replied", {"reply": "mediation_result", "outcome": "agreement"}),
    )
    for days, by, type_, data in steps:
        core.at = START + timedelta(days=days)
        await core.strike()
        await core.read()
        core.step(ids, by, type_, **data)
        await core.read()
    entries = await core.stores.journal.of_case(ids.case)
    held = {MessageRef(e.source or "", e.message or ""): e for e in entries if e.open is not None}
    contents = await Contents(core.stores.journal, core.sealer).opened(held) if opened else None
    return core, story(ids.case, entries, core.rules, contents)


async def test_clocks_say_how_they_came_about_in_both_languages() -> None:
    _, found = await told()
    by_type = {one.row.type: one for one in found.rows if one.row.outcome == "decided"}
    (clock,) = (one for one in by_type["task.accepted.v1"].clocks if one.clock == "J23")
    assert clock.why is not None
    assert "人民调解工作若干规定 第33条" in clock.why[0]
    assert "Art. 33" in clock.why[1]
    assert (clock.owner, clock.title[0]) == ("justice", "J23 人民调解一般办结")
    raised = [words[0] for words in by_type["referral.raised.v1"].words]
    assert "移送成立：F20 访调对接，测试市信访局 → 测试市司法局" in raised
    annulled = [words[0] for one in found.rows for words in one.words if "逾期撤销" in words[0]]
    assert annulled == ["时限 #2 逾期撤销"]


def test_every_kind_of_event_has_words() -> None:
    kinds = {kind.e for kind in get_args(Event)}
    assert kinds - SAYINGS.keys() == {"notified"}


async def test_people_are_told_only_when_they_were_opened() -> None:
    _, found = await told()
    first = found.rows[0]
    assert set(first.people or ()) == {
        Person("officer", "王信访", ("经办人", "officer")),
        Person("parties/0", "测试人甲", ("当事人 1", "party 1")),
        Person("parties/1", "<b>乙</b>", ("当事人 2", "party 2")),
    }
    _, closed = await told(opened=False)
    assert all(one.people is None for one in closed.rows)
    assert "测试人甲" not in story_json(closed).decode()


class _Page(HTMLParser):
    """What a page fetches, and what it shows in each language."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text: dict[str | None, str] = {}
        self._langs: list[str | None] = [None]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [f"{tag} {name}" for name in given if name in ("src", "href", "action")]
        self.fetched += [tag] if tag in ("script", "link", "img", "iframe", "b") else []
        if tag == "span":
            self._langs.append(given.get("lang"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._langs.pop()

    def handle_data(self, data: str) -> None:
        self.text[self._langs[-1]] = self.text.get(self._langs[-1], "") + data


async def test_the_page_stands_alone_in_both_languages_and_says_for_whom_it_was_made() -> None:
    core, found = await told()
    text = page(found, core.rules, LOOK)
    read = _Page()
    read.feed(text)
    assert read.fetched == []
    assert "url(" not in text
    assert "@media print" in text
    assert "<b>" not in text
    assert "&lt;b&gt;乙&lt;/b&gt;" in text
    assert "市监督室 <李>" in (read.text[None] or "")
    for both in (("达成调解协议", "Agreement"), ("当前状态不允许这一步骤", "does not allow this step now")):
        assert both[0] in read.text["zh"]
        assert both[1] in read.text["en"]
    assert not re.search("[一-鿿]", read.text["en"].replace("“", ""))

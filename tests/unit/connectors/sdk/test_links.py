"""Both tables of links keep the same laws."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Link, Links
from connectors.sdk.store import Store


@pytest.fixture(params=["memory", "store"])
def links(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Links]:
    if request.param == "memory":
        yield MemoryLinks()
        return
    store = Store(tmp_path / "connector.db", "notebook")
    yield store.links
    store.close()


def test_a_link_is_found_by_each_of_its_names(links: Links) -> None:
    link = Link("N-1", "case", "referral", "task")
    links.put(link)
    links.put(link)
    assert links.by_number("N-1") == links.by_referral("referral") == links.by_task("task") == link


def test_what_is_unknown_or_empty_finds_nothing(links: Links) -> None:
    links.put(Link("N-1", "case"))
    assert links.by_number("N-1") == Link("N-1", "case")
    assert links.by_number("N-2") is links.by_referral("") is links.by_task("") is None


def test_the_link_put_last_is_found_and_the_earlier_stay_by_their_own_names(links: Links) -> None:
    links.put(Link("N-1", "case", "first"))
    links.put(Link("N-1", "case", "second", "task"))
    assert links.by_number("N-1") == Link("N-1", "case", "second", "task")
    assert links.by_referral("first") == Link("N-1", "case", "first")

"""A bundle of a case in which a person set a date: it verifies, and its page has that date beside the computed one."""

from pathlib import Path
from typing import cast

import pytest

from hub.bus.memory import MemoryPublisher
from hub.checkpointer.checkpointer import Checkpointer
from hub.domain.timetable import written
from hub.store.checkpoints import PostgresCheckpoints
from hub.store.read_deadlines import deadlines_of
from hub.verifier import contents
from hub.verifier.anchors import Anchors
from hub.verifier.archive import read_archive
from hub.verifier.check import check_bundle
from hub.verifier.page_words import china
from tests.support.bundles import bundle_of
from tests.support.city import City
from tests.support.core import Core
from tests.support.orders import Desk

SET = "2026-05-20T16:00:00.000Z"


@pytest.mark.covers("promise 9")
async def test_both_dates_are_on_the_page_and_the_bundle_verifies(database: str, tmp_path: Path) -> None:
    async with City(database) as city:
        # What the desk uses of a core a city has too.
        desk = Desk(cast(Core, city), tmp_path)
        city.operators = desk.operators
        raised = city.raise_referral("A1", "F20")
        for step in ("task.received", "task.signed", "task.accepted"):
            city.step(raised, step)
        await city.drain()
        async with city.store.snapshot() as view:
            (one,) = [each for each in await deadlines_of(view, raised.case) if each.clock == "J23"]
        desk.order("hub.date_set.v1", raised.case, deadline=one.number, until=SET)
        await city.drain()
        role = Checkpointer(
            PostgresCheckpoints(city.pool), MemoryPublisher(city.bus), city.signer, city.names, entries=1
        )
        await role.look()
        bundle = await bundle_of(city, raised.case)
        report = check_bundle(bundle, Anchors(city.keys.of("hub"), {}, city.keys.by_source()))
        assert report.failures == []
        page = read_archive(bundle)[contents.PAGE].decode()
        assert "由人另定" in page
        assert page.count(china(SET)) >= 2
        assert china(written(one.due)) in page
        assert "本人申请" in page

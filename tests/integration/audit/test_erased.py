"""After an erasure all proofs hold and all tables are made anew; a key that is gone without one is a difference."""

from pathlib import Path
from typing import cast

import asyncpg
import pytest

from hub.audit.rebuild import rebuild
from hub.audit.signatures import Signatures
from hub.audit.verify import verify
from hub.audit.verify_checkpoints import Trust
from hub.audit.verify_outward import Topics
from hub.bus.memory import MemoryLog
from hub.store.case_key import CaseKey
from hub.verifier.anchors import Anchors
from hub.verifier.check import check_bundle
from tests.integration.audit.test_verify_topics import YEARS
from tests.support.bundles import bundle_of, history
from tests.support.city import City
from tests.support.core import Core
from tests.support.orders import Desk
from tests.support.registry import registry_of


@pytest.mark.covers("promise 7")
async def test_everything_holds_after_an_erasure(database: str, tmp_path: Path) -> None:
    async with City(database) as city:
        # What the desk uses of a core a city has too.
        desk = Desk(cast(Core, city), tmp_path)
        city.operators = desk.operators
        case = (await history(city)).case
        await city.drain(relay=True)
        before = await bundle_of(city, case)
        anchors = Anchors(city.keys.of("hub"), {"court": city.keys.of("court")}, {})
        assert check_bundle(before, anchors).failures == []
        number = min((await ring_of(city, case)).persons)
        desk.erase(case, persons=[number], text=False)
        await city.drain(relay=True)
        assert number not in (await ring_of(city, case)).persons

        assert check_bundle(before, anchors).failures == []
        kek = tmp_path / "kek"
        kek.write_bytes(bytes(range(32)))
        keyed = Signatures(str(kek), str(registry_of(city.keys, tmp_path / "keys")))
        topics = Topics(MemoryLog(city.bus), city.names, sorted(city.rules.departments), YEARS)
        trust = Trust(city.keys.by_source())
        report = await verify(city.store, trust=trust, signatures=keyed, topics=topics)
        assert report.good, report.differences
        assert report.unopened > 0
        assert report.topic_exact > 0
        made = await rebuild(database, lambda *_: None, 1, swap=True)
        assert made.differences == []
        assert (await verify(city.store, trust=trust, signatures=keyed)).good

        # The same keys are gone, and nobody ordered it.
        rings = {name: await ring_of(city, name) for name in await cases(city) if name != case}
        other = next(name for name, one in rings.items() if one.persons and one.has_text)
        ring = await ring_of(city, other)
        lost = min(ring.persons)
        ring.destroy([lost], text=False)
        await put(database, other, city.sealer.wrap(other, ring))
        found = [str(one) for one in (await verify(city.store, signatures=keyed)).differences]
        assert any(f"case {other}: key of person {lost}: expected there, or erased" in one for one in found)
        ring.destroy([], text=True)
        await put(database, other, city.sealer.wrap(other, ring))
        found = [str(one) for one in (await verify(city.store, signatures=keyed)).differences]
        assert any(f"case {other}" in one and "free text" in one for one in found)
        assert not any(f"case {case}" in one for one in found)


async def cases(city: City) -> list[str]:
    async with city.pool.connection() as connection:
        return [row[0] for row in await connection.fetch("SELECT case_id FROM case_key ORDER BY 1")]


async def ring_of(city: City, case: str) -> CaseKey:
    return city.sealer.unwrap(case, (await city.journal.keys([case]))[case])


async def put(database: str, case: str, wrapped: bytes) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("UPDATE case_key SET wrapped = $2 WHERE case_id = $1", case, wrapped)
    finally:
        await connection.close()

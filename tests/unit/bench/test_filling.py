"""A store is filled from a source that can be read again from any place, as a topic can."""

from pathlib import Path

import pytest

from hub.bus.security import KafkaAddress
from hub.home import Home
from tests.bench.filling import FilledSource, Filling
from tests.bench.ground import CITY

SHARDS, CASES = 2, 20


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FilledSource:
    Home(tmp_path).prepare(CITY, SHARDS)
    filling = Filling(str(tmp_path), "unused:1", "unused", "", CASES, tuple(range(SHARDS)), SHARDS)
    monkeypatch.setattr(FilledSource, "filling", filling, raising=False)
    return FilledSource(KafkaAddress("unused:1"), "group", [])


async def test_every_case_comes_once_raised_and_then_signed(source: FilledSource) -> None:
    records = [record for shard in range(SHARDS) for record in await source.take(shard, [], 1_000, 0)]
    types = [dict(record.headers)["ce_type"] for record in records]
    assert types == [b"referral.raised.v1", b"task.signed.v1"] * CASES
    assert len({record.key for record in records}) == CASES
    assert [record for shard in range(SHARDS) for record in await source.take(shard, [], 1_000, 0)] == []


async def test_reading_again_gives_the_same_records(source: FilledSource) -> None:
    first = await source.take(0, [], 10, 0)
    topic = first[0].topic
    source.seek((topic, 0), 2)
    again = await source.take(0, [], 4, 0)
    assert [(r.topic, r.offset, r.value, r.headers) for r in again] == [
        (r.topic, r.offset, r.value, r.headers) for r in first[4:8]
    ]
    known = await source.record_at((topic, 0), 3)
    assert known is not None
    assert known.value == first[6].value
    assert (await source.bounds([(topic, 0)]))[topic, 0].end >= 5

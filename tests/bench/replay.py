"""Reading the journal again: verifying it, folding it, projecting it anew. Entries a second."""

import asyncio
import time

from hub.audit.verify import verify
from hub.domain.case import Case
from hub.domain.entry import Entry
from hub.domain.evolve import fold
from hub.store import read_journal
from hub.store.reading import ReadStore
from tests.bench.ground import Ground, Place, connected
from tests.bench.subjects import PATIENCE_SECONDS, running, running_hub
from tests.bench.variants import Hub, hub_variant

_PROJECTED = "SELECT coalesce(sum(seq), 0)::bigint FROM follower WHERE name = 'projector'"
_WRITTEN = "SELECT sum(seq)::bigint FROM shard"
_LOOK_SECONDS = 0.02


async def measure(ground: Ground, number: int) -> None:
    """On the journals that the comparison wrote, with so many entries more. One Python process each."""
    projected = await _more(ground, "projector", number)
    unprojected = await _more(ground, "relay", number)
    print("replay, entries/s of one process")
    store = ReadStore(projected.database)
    await store.start()
    try:
        report = await verify(store)
        found = "the history holds" if report.good else f"DIFFERS: {report.differences[0]}"
        print(f"  {'audit verify':40}{report.rate:8,.0f}   {report.entries:,} entries; {found}")
        entries, seconds = await _fold(store)
    finally:
        await store.stop()
    print(f"  {'read, decode and fold all cases':40}{entries / seconds:8,.0f}   {entries:,} entries")
    rate, entries = await _project(ground, unprojected)
    print(f"  {'a projector alone, from the journal':40}{rate:8,.0f}   {entries:,} entries\n", flush=True)


async def _more(ground: Ground, followers: str, number: int) -> Place:
    async with running(ground, hub_variant(followers, False, 1), 500) as subject:
        await ground.publish(number, subject.place.topic)
        await subject.through(number)
        return subject.place


async def _fold(store: ReadStore) -> tuple[int, float]:
    """Entries and seconds for making the state of every case from its events."""
    entries, begin = 0, time.perf_counter()
    async with store.snapshot() as view:
        for head in await read_journal.heads(view):
            async for case, raws in read_journal.by_case(view, head.shard):
                read = [Entry.from_bytes(raw) for _, raw in raws]
                fold(Case(case), (event for entry in read for event in entry.events))
                entries += len(read)
    return entries, time.perf_counter() - begin


async def _project(ground: Ground, place: Place) -> tuple[float, int]:
    """Rate and entries of a projector that starts at the first entry; its clock starts with its first batch."""
    async with connected(place.database) as connection:
        written: int = await connection.fetchval(_WRITTEN)
        hub = Hub(("projector",), 1, verified=False)
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            running_hub(ground, place, hub, follow=False) as subject,
        ):
            begin = time.perf_counter()
            while (passed := await connection.fetchval(_PROJECTED)) < written:
                if not passed:
                    begin = time.perf_counter()
                subject.children[0].pid  # raises when it has ended
                await asyncio.sleep(_LOOK_SECONDS)
            seconds = time.perf_counter() - begin
    return written / seconds, written

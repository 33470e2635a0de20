"""The file channel on real directories, with a dialect of one line."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from connectors.sdk.ports import Delivery, DeliveryRejected, Outgoing, Page, TransportTrouble, Unmapped
from connectors.transports.directory import LocalDirectory
from connectors.transports.file_package import ChannelSettings, PackageSink, PackageSource
from connectors.transports.package import Package, pack, unpack, unpack_manifest
from connectors.transports.package_receipts import PackageReceipt, Result
from schemas.messages.referral import ReworkRequested

LIMIT = 64 * 1024
REFERRAL = "5ab6a7a5-9a27-5d8c-8c3a-0a3f4b6f2d11"


class OneLine:
    """A document is one word; the words in `bad` can't be mapped."""

    def __init__(self) -> None:
        self.bad: set[bytes] = set()

    def outgoing(self, package: Package, local_id: str) -> Outgoing:
        if package.document in self.bad:
            raise ValueError(f"word {package.document!r} is bad")
        now = datetime(2026, 11, 2, tzinfo=UTC)
        sizes = "".join(f"+{len(content)}" for content in package.attachments.values())
        reason = package.document.decode() + sizes
        data = ReworkRequested(referral=REFERRAL, task=REFERRAL, legal_at=now, reason=reason)
        return Outgoing(local_id, "rework.requested.v1", REFERRAL, data, now)

    def document(self, delivery: Delivery) -> tuple[bytes, Mapping[str, bytes]]:
        return str(delivery.data["word"]).encode(), {}

    def receipts(self, receipts: Sequence[PackageReceipt]) -> bytes:
        return "\n".join(f"{one.package} {one.result}" for one in receipts).encode()

    def read_receipts(self, document: bytes) -> Sequence[PackageReceipt]:
        lines = [line.split() for line in document.decode().splitlines()]
        return [PackageReceipt(line[0], Result(line[1]), *line[2:]) for line in lines]


class Channel:
    def __init__(self, root: Path, page_size: int = 50, first_serial: int = 1) -> None:
        self.incoming, self.outgoing = root / "incoming", root / "outgoing"
        for directory in (self.incoming, self.outgoing):
            directory.mkdir()
        self.dialect = OneLine()
        self.settings = ChannelSettings(
            package_limit=LIMIT,
            receipt_wait=0.2,
            scan_interval=0.01,
            page_size=page_size,
            first_serial=first_serial,
        )
        self.cursor: str | None = None

    def source(self) -> PackageSource:
        return PackageSource(
            LocalDirectory(self.incoming), LocalDirectory(self.outgoing), self.dialect, self.settings
        )

    def sink(self) -> PackageSink:
        return PackageSink(
            LocalDirectory(self.incoming), LocalDirectory(self.outgoing), self.dialect, self.settings
        )

    def put(self, serial: int, word: str, previous: int | None = None, cut: bool = False) -> None:
        name = None if previous is None else f"BW_{previous:010d}"
        self.put_package(Package(f"BW_{serial:010d}", word.encode(), {}, name), cut)

    def put_package(self, package: Package, cut: bool = False) -> None:
        for name, content in pack(package, LIMIT):
            (self.incoming / name).write_bytes(content[: len(content) // 2] if cut else content)

    async def poll(self) -> Page:
        """Poll as after a restart, and keep the cursor as the kit does."""
        page = await self.source().poll(self.cursor)
        self.cursor = page.cursor
        return page

    async def words(self) -> list[str]:
        items = [item for item in (await self.poll()).items if isinstance(item, Outgoing)]
        return [item.data.reason for item in items if isinstance(item.data, ReworkRequested)]

    def waiting(self) -> list[str]:
        return sorted(path.name for path in self.incoming.iterdir() if path.is_file())

    def receipts(self) -> list[str]:
        """What the other side learns, and takes out of the directory."""
        found = []
        for path in sorted(self.outgoing.glob("HZ_*.zip")):
            content = path.read_bytes()
            found += unpack(unpack_manifest(path.name, content), content, ()).document.decode().splitlines()
            path.unlink()
        return found


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return Channel(tmp_path)


def delivery(message_id: str = "m-1", word: str = "hello") -> Delivery:
    return Delivery(message_id, "task.assigned.v1", REFERRAL, None, 1, {"word": word})


async def test_a_file_leaves_only_when_the_cursor_that_holds_it_comes_back(channel: Channel) -> None:
    channel.put(1, "one")
    assert await channel.words() == ["one"]
    assert channel.waiting() == ["BW_0000000001.zip"]
    assert channel.receipts() == []
    assert await channel.words() == []
    assert channel.waiting() == []
    assert channel.receipts() == ["BW_0000000001 taken"]


async def test_a_matters_packages_are_taken_in_order_whatever_comes_first(channel: Channel) -> None:
    channel.put(3, "three", previous=1)
    channel.put(2, "other matter")
    assert await channel.words() == ["other matter"]
    channel.put(1, "one")
    assert await channel.words() == ["one", "three"]


async def test_a_package_that_comes_again_is_answered_again_and_is_not_a_change(channel: Channel) -> None:
    channel.put(1, "one")
    await channel.poll()
    await channel.poll()
    channel.receipts()
    channel.put(1, "one")
    assert (await channel.poll()).items == []
    assert channel.receipts() == ["BW_0000000001 taken"]
    assert channel.waiting() == []


async def test_a_torn_package_is_set_aside_reported_and_taken_when_it_comes_whole(channel: Channel) -> None:
    channel.put(1, "one", cut=True)
    channel.put(2, "two", previous=1)
    (torn,) = (await channel.poll()).items
    assert isinstance(torn, Unmapped)
    assert "not a readable zip" in torn.problem
    await channel.poll()
    assert (channel.incoming / "torn" / "BW_0000000001.zip").read_bytes() == torn.raw
    assert "not a readable zip" in (channel.incoming / "torn" / "BW_0000000001.zip.reason.txt").read_text(
        "utf-8"
    )
    assert channel.receipts() == ["BW_0000000001 damaged"]
    channel.put(1, "one")
    one, two = (await channel.poll()).items
    assert one.local_id == torn.local_id
    assert isinstance(one, Outgoing)
    assert isinstance(two, Outgoing)


async def test_a_whole_one_that_replaced_the_torn_one_meanwhile_is_not_moved_away(channel: Channel) -> None:
    channel.put(1, "one", cut=True)
    await channel.poll()
    channel.put(1, "one")
    assert await channel.words() == ["one"]


async def test_an_unmapped_package_is_kept_and_tried_again_when_it_is_put_back(channel: Channel) -> None:
    channel.dialect.bad.add(b"one")
    channel.put(1, "one")
    channel.put(2, "two", previous=1)
    unmapped, _ = (await channel.poll()).items
    assert isinstance(unmapped, Unmapped)
    await channel.poll()
    kept = channel.incoming / "unmapped" / "BW_0000000001.zip"
    channel.dialect.bad.clear()
    kept.rename(channel.incoming / kept.name)
    (item,) = (await channel.poll()).items
    assert isinstance(item, Outgoing)
    assert item.local_id == unmapped.local_id
    await channel.poll()
    assert channel.waiting() == []


async def test_a_package_waits_for_its_slices(channel: Channel) -> None:
    content = b"x" * 3 * LIMIT
    package = Package("BW_1", b"one", {sha256(content).hexdigest(): content})
    files = pack(package, LIMIT)
    for name, part in files[1:]:
        (channel.incoming / name).write_bytes(part)
    assert await channel.words() == []
    (channel.incoming / files[0][0]).write_bytes(files[0][1])
    assert await channel.words() == [f"one+{len(content)}"]
    await channel.poll()
    assert channel.waiting() == []


async def test_files_being_written_are_not_looked_at_and_strange_ones_are_set_aside(channel: Channel) -> None:
    (channel.incoming / "BW_0000000001.zip.part").write_bytes(b"half")
    (channel.incoming / "readme.txt").write_bytes(b"?")
    (strange,) = (await channel.poll()).items
    assert isinstance(strange, Unmapped)
    assert "readme.txt" in strange.problem
    await channel.poll()
    assert channel.waiting() == ["BW_0000000001.zip.part"]


async def test_predecessors_below_the_first_serial_are_not_waited_for(tmp_path: Path) -> None:
    channel = Channel(tmp_path, first_serial=5)
    channel.put(7, "seven", previous=4)
    channel.put(3, "three")
    assert await channel.words() == ["three", "seven"]


async def test_pages_are_bounded_and_say_that_there_is_more(tmp_path: Path) -> None:
    channel = Channel(tmp_path, page_size=2)
    for serial in (1, 2, 3):
        channel.put(serial, str(serial))
    first = await channel.poll()
    assert len(first.items) == 2
    assert first.more
    assert await channel.words() == ["3"]


async def test_a_directory_that_is_away_is_trouble(channel: Channel) -> None:
    channel.incoming.rmdir()
    with pytest.raises(TransportTrouble, match="incoming"):
        await channel.poll()
    with pytest.raises(TransportTrouble, match="incoming"):
        await channel.sink().deliver(delivery())


async def test_a_delivery_without_a_receipt_is_trouble_and_is_not_written_twice(channel: Channel) -> None:
    sink = channel.sink()
    with pytest.raises(TransportTrouble, match="no receipt yet"):
        await sink.deliver(delivery())
    (channel.outgoing / "BW_m-1.zip").unlink()
    with pytest.raises(TransportTrouble, match="no receipt yet"):
        await sink.deliver(delivery())
    assert list(channel.outgoing.iterdir()) == []
    channel.put_package(Package("HZ_1", b"BW_m-1 taken A9901"))
    assert (await sink.deliver(delivery())).local_number == "A9901"
    assert channel.waiting() == []


async def test_a_receipt_that_waited_is_found_after_a_restart(channel: Channel) -> None:
    channel.put_package(Package("HZ_1", b"BW_m-1 taken A9901\nBW_m-2 taken A9902"))
    assert (await channel.sink().deliver(delivery("m-2"))).local_number == "A9902"
    assert channel.waiting() == ["HZ_1.zip"]
    assert (await channel.sink().deliver(delivery("m-1"))).local_number == "A9901"
    assert list(channel.outgoing.iterdir()) == []


async def test_a_damaged_delivery_is_sent_again(channel: Channel) -> None:
    sink = channel.sink()
    channel.put_package(Package("HZ_1", b"BW_m-1 damaged"))
    with pytest.raises(TransportTrouble, match="damaged"):
        await sink.deliver(delivery())
    with pytest.raises(TransportTrouble, match="no receipt yet"):
        await sink.deliver(delivery())
    assert [path.name for path in channel.outgoing.iterdir()] == ["BW_m-1.zip"]


async def test_a_refused_delivery_is_rejected_with_the_systems_reason(channel: Channel) -> None:
    channel.put_package(Package("HZ_1", "BW_m-1 refused - 办理单位不符".encode()))
    with pytest.raises(DeliveryRejected, match="办理单位不符"):
        await channel.sink().deliver(delivery())


async def test_torn_receipts_are_set_aside_and_do_not_stop_the_others(channel: Channel) -> None:
    channel.put_package(Package("HZ_1", b"BW_m-1 taken A1"), cut=True)
    channel.put_package(Package("HZ_2", b"BW_m-2 taken A2"))
    assert (await channel.sink().deliver(delivery("m-2"))).local_number == "A2"
    assert (channel.incoming / "torn" / "HZ_1.zip").exists()

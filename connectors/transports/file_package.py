"""File packages through two directories that behave like one-way gates: a source and a sink for any dialect.

Incoming: matter packages `<kind>_<serial>.zip`, numbered by the department system, and receipt packages.
Outgoing: one matter package per delivery, and receipts for what was taken. No call is answered on the
channel, files may come twice, torn, late and in another order, and the other side sends again what it has
no receipt for.

A file leaves the incoming directory, and its receipt is written, only in a poll whose cursor says that the
connector's store holds it.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from connectors.sdk.attachments import AttachmentDamaged, AttachmentMissing
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    DeliveryRejected,
    Outgoing,
    Page,
    TransportTrouble,
    Unmapped,
)
from connectors.transports.directory import Directory
from connectors.transports.package import (
    SMALLEST_LIMIT,
    Damaged,
    Manifest,
    Package,
    TooLarge,
    pack,
    unpack,
    unpack_manifest,
)
from connectors.transports.package_position import TORN, UNMAPPED, Aside, Position
from connectors.transports.package_receipts import PackageReceipt, ReceiptBox, Result

logger = logging.getLogger(__name__)
_SAFE_ID = re.compile(r"^[A-Za-z0-9-]{1,80}$")


class Dialect(Protocol):
    """What a department system writes in its documents. May block (it runs in a thread).

    Reading raises ValueError that names the element, the value and what is allowed.
    """

    def outgoing(self, package: Package, local_id: str) -> Outgoing: ...
    def document(self, delivery: Delivery) -> tuple[bytes, Mapping[str, bytes]]: ...
    def receipts(self, receipts: Sequence[PackageReceipt]) -> bytes: ...
    def read_receipts(self, document: bytes) -> Sequence[PackageReceipt]: ...


class ChannelSettings(BaseModel):
    """Units: bytes, seconds, packages. Problems name the field, the value and what is allowed.

    `first_serial`: packages below it are not waited for (an earlier store took them, or they are lost).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    matter: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "BW"
    receipt: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "HZ"
    package_limit: Annotated[int, Field(ge=SMALLEST_LIMIT)] = 50 * 1024 * 1024
    page_size: Annotated[int, Field(ge=1, le=1000)] = 50
    first_serial: Annotated[int, Field(ge=1)] = 1
    receipt_wait: Annotated[float, Field(ge=0, le=600)] = 5.0
    resend_after: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    scan_interval: Annotated[float, Field(gt=0, le=60)] = 0.5


class PackageSource:
    """Reads matter packages:

    those of one matter in order, whatever the order in which their files appear.
    """

    def __init__(
        self, incoming: Directory, outgoing: Directory, dialect: Dialect, settings: ChannelSettings
    ) -> None:
        self._incoming, self._outgoing, self._dialect, self._settings = incoming, outgoing, dialect, settings
        self._name = re.compile(rf"^{settings.matter}_(\d{{1,18}})(~\d+)?\.zip$")
        self._told: set[tuple[str, str]] = set()

    async def poll(self, cursor: str | None) -> Page:
        """One page of packages that are whole and whose predecessor was taken.

        Idempotent for the same cursor.
        """
        position = Position.from_cursor(cursor)
        names = [n for n in await self._incoming.names() if not n.startswith(f"{self._settings.receipt}_")]
        names = await self._settle(position, names)
        items: list[Outgoing | Unmapped] = []
        found = Position(position.taken, position.unmapped, [])
        mains = [name for name in names if "~" not in name]
        for at, name in enumerate(mains):
            if len(items) >= self._settings.page_size:
                return Page(items, found.to_cursor(), more=at < len(mains))
            item = await self._take(name, set(names), found)
            items += [] if item is None else [item]
        return Page(items, found.to_cursor())

    async def _settle(self, position: Position, names: Sequence[str]) -> list[str]:
        """Give receipts for what the store holds, then move it away. Returns the names that are left."""
        left, receipts = set(names), []
        aside = [aside for aside in position.aside if await self._still(aside, left)]
        for item in aside:
            result = Result.DAMAGED if item.folder == TORN else Result.TAKEN
            receipts.append(PackageReceipt(item.name.removesuffix(".zip"), result, None, item.reason))
        left -= {item.name for item in aside}
        done = sorted(name for name in left if self._is_held(name, position))
        receipts += [PackageReceipt(n.removesuffix(".zip"), Result.TAKEN) for n in done if "~" not in n]
        if receipts:
            await self._give_receipts(receipts)
        for item in aside:
            await self._incoming.set_aside(item.name, item.folder, item.reason)
        for name in done:
            await self._incoming.remove(name)
        return sorted(left - set(done), key=lambda name: (self._serial(name) or 0, name))

    async def _still(self, aside: Aside, names: set[str]) -> bool:
        content = await self._incoming.read(aside.name) if aside.name in names else None
        return content is not None and _sha256(content) == aside.sha256

    def _is_held(self, name: str, position: Position) -> bool:
        serial = self._serial(name)
        return serial is not None and serial in position.taken and serial not in position.unmapped

    async def _give_receipts(self, receipts: Sequence[PackageReceipt]) -> None:
        document = self._dialect.receipts(receipts)
        package = Package(f"{self._settings.receipt}_{_sha256(document)[:32]}", document)
        await _write(self._outgoing, package, self._settings.package_limit)

    async def _take(self, name: str, names: set[str], position: Position) -> Outgoing | Unmapped | None:
        """One package: mapped, or reported, or (None) left there because something before it is missing."""
        content = await self._incoming.read(name)
        if content is None:
            return None
        serial = self._serial(name)
        local_id = f"package/{name.removesuffix('.zip')}"
        try:
            if serial is None:
                raise Damaged(f"file name {name!r} must match {self._name.pattern}")
            manifest = unpack_manifest(name, content)
            if (missing := self._missing(serial, manifest, names, position)) is not None:
                self._tell(name, missing)
                return None
            slices = [await self._incoming.read(member.name) or b"" for member in manifest.slices]
            package = await asyncio.to_thread(unpack, manifest, content, slices)
        except Damaged as damage:
            return self._report(position, name, content, TORN, str(damage), local_id)
        position.taken.add(serial)
        try:
            item = await asyncio.to_thread(self._dialect.outgoing, package, local_id)
        except ValueError as problem:
            position.unmapped.add(serial)
            return self._report(position, name, content, UNMAPPED, str(problem), local_id)
        position.unmapped.discard(serial)
        return item

    def _report(
        self, position: Position, name: str, content: bytes, folder: str, problem: str, local_id: str
    ) -> Unmapped:
        position.aside.append(Aside(name=name, sha256=_sha256(content), folder=folder, reason=problem))
        return Unmapped(local_id, f"{name}: {problem}", content)

    def _missing(self, serial: int, manifest: Manifest, names: set[str], position: Position) -> str | None:
        """The package or slice that must be there first, if it is not."""
        if manifest.previous is not None:
            before = self._serial(f"{manifest.previous}.zip")
            if before is None or before >= serial:
                raise Damaged(f"previous {manifest.previous!r} must be an earlier package than {serial}")
            if before not in position.taken and before >= self._settings.first_serial:
                return manifest.previous
        return next((member.name for member in manifest.slices if member.name not in names), None)

    def _tell(self, name: str, missing: str) -> None:
        if (name, missing) not in self._told:
            self._told.add((name, missing))
            logger.warning("package %s waits for %s, which is not here whole yet", name, missing)

    def _serial(self, name: str) -> int | None:
        match = self._name.match(name)
        return None if match is None else int(match[1])


class PackageSink:
    """Writes deliveries as packages and waits for their receipts.

    Deliveries of several cases may wait at once.
    """

    def __init__(
        self, incoming: Directory, outgoing: Directory, dialect: Dialect, settings: ChannelSettings
    ) -> None:
        self._outgoing, self._dialect, self._settings = outgoing, dialect, settings
        self._box = ReceiptBox(incoming, settings.receipt, dialect.read_receipts, settings.scan_interval)
        self._sent_at: dict[str, float] = {}

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Returns once the receipt is here. Without one within `receipt_wait` raises TransportTrouble.

        Called again it goes on waiting, and sends again only after `resend_after`. The receiver knows a
        package again by its name.
        """
        package = _package_id(self._settings.matter, delivery.message_id)
        receipt = await self._box.wait(package, 0)
        if receipt is None:
            await self._send(package, delivery)
            receipt = await self._box.wait(package, self._settings.receipt_wait)
        if receipt is None:
            raise TransportTrouble(f"no receipt yet for package {package}")
        self._sent_at.pop(package, None)
        if receipt.result is Result.DAMAGED:
            raise TransportTrouble(f"package {package} arrived damaged and is sent again: {receipt.problem}")
        if receipt.result is Result.REFUSED:
            raise DeliveryRejected(f"package {package} was refused: {receipt.problem}")
        return Delivered(receipt.number)

    async def _send(self, package: str, delivery: Delivery) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._sent_at.get(package, float("-inf")) < self._settings.resend_after:
            return
        try:
            document, attachments = await asyncio.to_thread(self._dialect.document, delivery)
            await _write(
                self._outgoing, Package(package, document, attachments), self._settings.package_limit
            )
        except (TooLarge, ValueError) as problem:
            raise DeliveryRejected(f"{delivery.type} {delivery.message_id}: {problem}") from problem
        except (AttachmentMissing, AttachmentDamaged) as missing:
            raise TransportTrouble(f"{delivery.type} {delivery.message_id}: {missing}") from missing
        self._sent_at[package] = now


async def _write(directory: Directory, package: Package, limit: int) -> None:
    """Slices first, the package that names them last: a reader that sees it finds them."""
    for name, content in await asyncio.to_thread(pack, package, limit):
        await directory.write(name, content)


def _package_id(kind: str, message_id: str) -> str:
    """A message id may hold characters that a file name should not; such a one is named by its hash."""
    return f"{kind}_{message_id if _SAFE_ID.match(message_id) else _sha256(message_id.encode())}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""The post room: steps go out as packages, packages from outside come into the books, receipts both ways.

Everything is written down before a file is touched, so a kill at any point repeats work and loses none.
"""

import asyncio
import hashlib
import logging
import time

from deploy.sandbox.core.matter import Fields
from deploy.sandbox.core.records import Records
from deploy.sandbox.public_security.documents import (
    read_delivery,
    read_receipts,
    receipts_document,
    step_document,
)
from deploy.sandbox.public_security.gate import Gate
from deploy.sandbox.public_security.parcels import Parcel, Torn, read_parcel, slices_of, write_parcel
from deploy.sandbox.public_security.register import Entry, Register

logger = logging.getLogger(__name__)
_BATCH = 200


class PostRoom:
    """`resend_after`, `receipts_every`: seconds. Real ones wait minutes to hours."""

    def __init__(
        self,
        records: Records,
        register: Register,
        gate: Gate,
        limit: int,
        resend_after: float,
        receipts_every: float,
    ) -> None:
        self._records, self._register, self._gate, self._limit = records, register, gate, limit
        self._resend_after, self._receipts_every = resend_after, receipts_every
        self._receipts_due = 0.0
        self._held_back: set[int] = set()

    async def run(self, pause: float = 0.05) -> None:
        """Works until it is cancelled, between two passes only."""
        while True:
            self.take_in()
            self.give_receipts()
            self.send_out()
            await asyncio.sleep(pause)

    def send_out(self) -> None:
        """New steps, and once more those for which no receipt came."""
        for step in self._records.steps_after(self._register.last_serial(), _BATCH):
            self._register.enter(step.seq, step.number, step.fields.get("ext_case"))
        for entry in self._register.due(time.time() - self._resend_after):
            name = _name(entry.serial)
            if self._gate.is_waiting(f"{name}.zip"):
                continue
            if entry.attempts == 0 and self._gate.delays(name) and entry.serial not in self._held_back:
                self._held_back.add(entry.serial)
                continue
            self._put(entry, torn=entry.attempts == 0 and self._gate.tears(name))
            self._register.sent(entry.serial, time.time())
        for entry in self._register.to_repeat():
            if self._gate.repeats(_name(entry.serial)):
                self._put(entry)
            self._register.repeated(entry.serial)

    def take_in(self) -> None:
        """Packages from outside: deliveries into the books, receipts into the register."""
        for path in self._gate.arrived():
            if "~" in path.name:
                continue
            try:
                content = path.read_bytes()
                parts = {name: self._gate.incoming / name for name in slices_of(content)}
                if all(part.exists() for part in parts.values()):
                    self._take(
                        read_parcel(content, {name: part.read_bytes() for name, part in parts.items()})
                    )
                    for done in (path, *parts.values()):
                        done.unlink(missing_ok=True)
            except Torn as problem:
                logger.warning("%s is torn: %s", path.name, problem)
                if path.name.startswith("BW_"):
                    self._register.owe((path.stem, "damaged", None, str(problem)))
                self._gate.set_aside(path, str(problem))

    def give_receipts(self) -> None:
        """In batches, every now and then: the receiver learns our numbers from them."""
        if time.monotonic() < self._receipts_due:
            return
        mark, owed = self._register.owed(_BATCH)
        if owed:
            document = receipts_document(owed)
            name = f"HZ_{mark:010d}-{hashlib.sha256(document).hexdigest()[:8]}"
            self._put_files(Parcel(name, document))
            self._register.given(mark)
        self._receipts_due = time.monotonic() + self._receipts_every

    def _take(self, parcel: Parcel) -> None:
        if parcel.name.startswith("HZ_"):
            for package, result in read_receipts(parcel.document):
                serial = package.removeprefix("BW_")
                if serial.isdecimal():
                    self._register.receipt(int(serial), result != "damaged")
            return
        try:
            kind, delivery, fields = read_delivery(parcel.document)
            number = self._records.receive(kind, delivery, _with_content(fields, parcel))
            self._register.owe((parcel.name, "taken", number, None))
        except (KeyError, ValueError) as problem:
            self._register.owe((parcel.name, "refused", None, str(problem.args[0])))

    def _put(self, entry: Entry, torn: bool = False) -> None:
        (step,) = self._records.steps_after(entry.serial - 1, 1)
        contents = {paper["sha256"]: paper["content"] for paper in step.fields.get("papers") or ()}
        previous = None if entry.previous is None else _name(entry.previous)
        parcel = Parcel(_name(entry.serial), step_document(step), contents, previous)
        self._put_files(parcel, torn)

    def _put_files(self, parcel: Parcel, torn: bool = False) -> None:
        for name, content in write_parcel(parcel, self._limit).items():
            self._gate.put(name, content[: len(content) * 2 // 3] if torn and "~" not in name else content)


def _name(serial: int) -> str:
    return f"BW_{serial:010d}"


def _with_content(fields: Fields, parcel: Parcel) -> Fields:
    """Papers with their bytes. Raises ValueError for one whose bytes did not come along."""
    papers = fields.get("papers") or ()
    for paper in papers:
        if paper["sha256"] not in parcel.attachments:
            raise ValueError(f"ws: wjzy {paper['sha256']} must be among the attachments of {parcel.name}")
    return {
        **fields,
        "papers": [{**paper, "content": parcel.attachments[paper["sha256"]]} for paper in papers],
    }

"""The four operations of the service: query changes, take a delivery, take an attachment, give one out."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from lxml import etree
from lxml.etree import _Element as Element

from deploy.sandbox.core.matter import Step, now
from deploy.sandbox.core.records import Records
from deploy.sandbox.court import codes
from deploy.sandbox.court.answers import (
    BUSY,
    DONE,
    DUPLICATE,
    START_AGAIN,
    TOO_LARGE,
    Refused,
    answer,
    refusal,
    wrong_field,
)
from deploy.sandbox.court.changes import PAGE_LIMIT, Changes
from deploy.sandbox.court.converters import MOMENT, moment, read_moment, text_of
from deploy.sandbox.court.words import PAPER_PREFIX, decode, encode

SLICE_LIMIT = 256 * 1024
_RECEIVED_NAMES = {"reply_code": "reply", "step_code": "step", "exclude_kind": "kind"}


class Operations:
    """Carries out calls one at a time.

    `busy_every` n: every n-th call is answered E9999, in turn without and after it was carried out, as a
    system under load does. 0: none.
    """

    def __init__(self, records: Records, busy_every: int, clock: Callable[[], datetime] = now) -> None:
        self._records = records
        self._clock = clock
        self._changes = Changes(records)
        self._seen = {received.delivery_id for received in records.received_log()}
        self._slices: dict[str, dict[int, bytes]] = {}
        self._busy_every = busy_every
        self._calls = 0
        self._operations = {"cxBg": self.query, "jsYw": self.take, "scFj": self.upload, "xzFj": self.download}

    def call(self, operation: str, text: str) -> str:
        """The answer document as text. Raises KeyError for an operation that the service does not have."""
        carry_out = self._operations[operation]
        self._calls += 1
        times, rest = divmod(self._calls, self._busy_every) if self._busy_every else (0, 1)
        busy = Refused(BUSY, "系统忙，请稍后再试")
        try:
            if rest == 0 and times % 2:
                raise busy
            result = carry_out(_read(text))
            if rest == 0:
                raise busy
        except Refused as problem:
            result = refusal(problem)
        return etree.tostring(result, encoding="unicode")

    def query(self, asked: Element) -> Element:
        """查询变更: window `kssj` to `jssj` (empty: open), page `ym` of `mys` changes, at most 50."""
        at = self._clock()
        since = read_moment("kssj", text_of(asked, "kssj"))
        until = read_moment("jssj", text_of(asked, "jssj")) if text_of(asked, "jssj") else at
        page, size = _count(asked, "ym"), _count(asked, "mys")
        if size > PAGE_LIMIT:
            raise wrong_field("mys", str(size), f"1-{PAGE_LIMIT}")
        total, found = self._changes.page(since, until, page, size, at)
        result = answer(DONE, "成功", {"xtsj": at.strftime(MOMENT), "zts": str(total)})
        listed = etree.SubElement(result, "bglb")
        for seq in found:
            (step,) = self._records.steps_after(seq - 1, 1)
            listed.append(self._change(step))
        return result

    def take(self, given: Element) -> Element:
        """接收业务: one delivery `bwid`. Given again it is E1001 with the number that it got."""
        delivery, kind = text_of(given, "bwid"), codes.DELIVERIES.word_of(text_of(given, "ywlx"))
        if kind is None:
            raise wrong_field("ywlx", text_of(given, "ywlx"), ", ".join(codes.DELIVERIES.codes.values()))
        fields = {_RECEIVED_NAMES.get(name, name): value for name, value in decode(given).items()}
        for paper in fields.get("papers", ()):
            self._must_have(paper["sha256"])
        fields["number"] = _wide(text_of(given, "ajbh")) or None
        fields = {text_of(extra, "mc"): text_of(extra, "nr") for extra in given.findall("qtxx")} | fields
        known = delivery in self._seen
        try:
            number = self._records.receive(kind, delivery, fields) or ""
        except (KeyError, ValueError) as problem:
            raise wrong_field("ywlx", text_of(given, "ywlx"), str(problem)) from None
        self._seen.add(delivery)
        return answer(
            DUPLICATE if known else DONE, "重复报送" if known else "成功", {"ajbh": _brackets(number)}
        )

    def upload(self, given: Element) -> Element:
        """上传附件: slice `pxh` of `zps`, base64 in `nr`; kept by its SHA-256 `wybs` when whole (`wz` 1)."""
        digest, ordinal, count = text_of(given, "wybs"), _count(given, "pxh"), _count(given, "zps")
        try:
            content = b64decode(text_of(given, "nr"), validate=True)
        except Base64Error:
            raise wrong_field("nr", "", "base64") from None
        if len(content) > SLICE_LIMIT:
            raise Refused(TOO_LARGE, "附件分片过大", "nr", str(len(content)), f"<= {SLICE_LIMIT}")
        if self._has(digest):
            return answer(DUPLICATE, "附件已存在", {"wz": "1"})
        slices = self._slices.setdefault(digest, {})
        slices[ordinal] = content
        if ordinal < count:
            return answer(DONE, "成功", {"wz": "0"})
        del self._slices[digest]
        whole = b"".join(slices[at] for at in sorted(slices))
        if sorted(slices) != list(range(1, count + 1)) or sha256(whole).hexdigest() != digest:
            raise Refused(START_AGAIN, "附件分片不齐，请重新上传", "pxh", str(sorted(slices)), f"1-{count}")
        self._records.add_paper(whole)
        return answer(DONE, "成功", {"wz": "1"})

    def download(self, asked: Element) -> Element:
        """下载附件: slice `pxh` of the attachment `fjbs`."""
        name, ordinal = text_of(asked, "fjbs"), _count(asked, "pxh")
        try:
            content = self._records.paper(name.removeprefix(PAPER_PREFIX).lower())
        except KeyError:
            raise wrong_field("fjbs", name, "cl/fjbs of a change") from None
        count = max(1, -(-len(content) // SLICE_LIMIT))
        if ordinal > count:
            raise wrong_field("pxh", str(ordinal), f"1-{count}")
        part = content[(ordinal - 1) * SLICE_LIMIT : ordinal * SLICE_LIMIT]
        return answer(DONE, "成功", {"zps": str(count), "nr": b64encode(part).decode()})

    def _change(self, step: Step) -> Element:
        record = self._records.record(step.number)
        root = etree.Element("bg")
        own = {
            "bgbs": step.key,
            "ajbh": _brackets(step.number),
            "ztdm": codes.CHANGES.codes[step.kind],
            "gxsj": moment(step.at),
            "ly": "1" if record.direction == "raised" else "2",
        }
        for name, value in own.items():
            etree.SubElement(root, name).text = value
        encode(root, step.fields)
        return root

    def _has(self, digest: str) -> bool:
        try:
            self._records.paper(digest)
        except KeyError:
            return False
        return True

    def _must_have(self, digest: str) -> None:
        if not self._has(digest):
            raise Refused(START_AGAIN, "附件尚未上传", "fjbs", digest, "scFj")


def _read(text: str) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as problem:
        raise wrong_field("xml", text[:40], f"XML: {problem}") from None


def _count(asked: Element, name: str) -> int:
    text = text_of(asked, name)
    if not text.isdecimal() or int(text) < 1:
        raise wrong_field(name, text, "1 或更大的整数")
    return int(text)


def _brackets(number: str) -> str:
    """Some clerks' desks have half-width brackets: the same 案号 is given out in both forms."""
    if sha256(number.encode()).digest()[0] % 2:
        return number.replace("（", "(").replace("）", ")")
    return number


def _wide(number: str) -> str:
    return number.replace("(", "（").replace(")", "）")

"""The court's service: its answers, its settings, and its attachments in slices."""

import asyncio
from base64 import b64decode, b64encode
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from connectors.sdk.ports import Attachments, DeliveryRejected, TransportTrouble
from connectors.transports.soap import Answers, SoapService, SoapSettings, document, text_of

ANSWERS = Answers(
    code="code",
    text="msg",
    done=frozenset({"0000", "E1001"}),
    trouble=frozenset({"E3003", "E9999"}),
    field="zdm",
    value="zdz",
    allowed="yxz",
)
_REMEMBERED = 10_000


class CourtSettings(SoapSettings):
    """The section `transport` of the connector's configuration."""

    kind: Literal["soap"] = "soap"
    system_id: str = Field(
        default="FQHUB", description="外联系统标识 under which the court knows this connector"
    )
    start: AwareDatetime = datetime(2020, 1, 1, tzinfo=UTC)
    overlap: float = Field(default=10.0, ge=1, description="seconds; longer than any change is shown late")
    page_size: int = Field(default=50, ge=1, le=50)
    slice_bytes: int = Field(default=256 * 1024, ge=1024, le=256 * 1024)


class CourtPapers:
    """Documents of the court, both ways. An attachment of the court never changes under its 附件标识."""

    def __init__(self, service: SoapService, settings: CourtSettings, attachments: Attachments) -> None:
        self._service = service
        self._settings = settings
        self._attachments = attachments
        self._fetched: OrderedDict[str, tuple[str, int]] = OrderedDict()

    async def fetch(self, name: str) -> tuple[str, int]:
        """SHA-256 and size of the court's attachment, which is in `attachments` when this returns.

        Raises TransportTrouble, or ValueError when the court does not give it out.
        """
        if name not in self._fetched:
            parts: list[bytes] = []
            count = 1
            while len(parts) < count:
                asked = {"xtbs": self._settings.system_id, "fjbs": name, "pxh": str(len(parts) + 1)}
                try:
                    answer = await self._service.call("xzFj", document("fj", asked))
                    count = int(text_of(answer, "zps") or "")
                    parts.append(b64decode(text_of(answer, "nr") or "", validate=True))
                except (DeliveryRejected, ValueError) as problem:
                    raise ValueError(f"fjbs {name!r}: {problem}") from None
            content = b"".join(parts)
            self._fetched[name] = await asyncio.to_thread(self._attachments.put, content), len(content)
            if len(self._fetched) > _REMEMBERED:
                self._fetched.popitem(last=False)
        return self._fetched[name]

    async def bring(self, sha256: str) -> None:
        """Uploads a document of `attachments`; one that the court has is not sent again.

        Raises TransportTrouble, also while the document has not come to this connector yet.
        """
        try:
            content = await asyncio.to_thread(self._attachments.get, sha256)
        except LookupError as problem:
            raise TransportTrouble(f"paper {sha256}: {problem}") from problem
        size = self._settings.slice_bytes
        slices = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
        for ordinal, part in enumerate(slices, 1):
            given = {
                "xtbs": self._settings.system_id,
                "wybs": sha256,
                "pxh": str(ordinal),
                "zps": str(len(slices)),
                "nr": b64encode(part).decode(),
            }
            answer = await self._service.call("scFj", document("fj", given))
            if text_of(answer, "wz") == "1":
                return
        raise TransportTrouble(f"paper {sha256}: the court does not have it whole after all slices")

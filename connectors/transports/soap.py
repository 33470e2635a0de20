"""SOAP 1.1 with an XML document inside a string, as many older department systems speak it.

Every operation takes one string and returns one string; both hold an XML document. Whether a call went well
is said by a business code inside the answer, under HTTP 200. Element names and codes are the mapping's.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from lxml import etree
from lxml.etree import _Element as Element
from pydantic import BaseModel, ConfigDict, Field, field_validator
from zeep import AsyncClient, Settings
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.proxy import AsyncServiceProxy
from zeep.transports import AsyncTransport

from connectors.sdk.ports import DeliveryRejected, TransportTrouble

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class SoapSettings(BaseModel):
    """Where the service is. Problems name the field, the value and what is allowed.

    `address` is needed where calls go elsewhere than to the WSDL's own address without its query: what the
    WSDL itself says is not believed, since it often names a host of the inner network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wsdl: str
    address: str | None = None
    timeout: float = Field(
        default=10.0, gt=0, le=600, description="seconds for one call, connecting included"
    )

    @field_validator("wsdl", "address")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError(f"{value!r} must be an http or https address")
        return value

    @property
    def endpoint(self) -> str:
        return self.address or urlunsplit(urlsplit(self.wsdl)._replace(query="", fragment=""))


@dataclass(frozen=True, slots=True)
class Answers:
    """The element names and business codes in which a service answers.

    `done`: the call was carried out, now or before (a repeated delivery). `trouble`: try again later.
    Any other code is a refusal for good; `field`, `value` and `allowed` name the elements that explain it.
    """

    code: str
    text: str
    done: frozenset[str]
    trouble: frozenset[str]
    field: str
    value: str
    allowed: str


class SoapService:
    """One service. The WSDL is read at the first call, and nothing else is ever fetched because of it.

    `call` may wait up to `timeout` seconds; cancelling it leaves open whether the system carried it out.
    No connection is kept between calls: the ports have no close, so a kept one would be left behind.
    """

    def __init__(self, settings: SoapSettings, answers: Answers) -> None:
        self._settings = settings
        self._answers = answers
        self._proxy: Any = None
        self._loading = asyncio.Lock()

    async def call(self, operation: str, document: Element) -> Element:
        """Send the document to the operation and give back the answer's document.

        Raises `TransportTrouble` (no or no readable answer, a server fault, a code for "later") or
        `DeliveryRejected` (a client fault, any code that is neither done nor trouble).
        """
        sent = etree.tostring(document, encoding="unicode")
        proxy = await self._connected()
        try:
            operate = proxy[operation]
        except AttributeError:
            raise TransportTrouble(
                f"{operation}: WSDL {self._settings.wsdl} names no such operation"
            ) from None
        try:
            received = await operate(sent)
        except Fault as fault:
            text = f"{operation}: SOAP fault {fault.code}: {fault.message}"
            if str(fault.code or "").endswith("Client"):
                raise DeliveryRejected(text) from fault
            raise TransportTrouble(text) from fault
        except (ZeepError, httpx.HTTPError) as problem:
            raise TransportTrouble(f"{operation}: {_told(problem)}") from problem
        return self._judged(operation, received)

    async def _connected(self) -> Any:
        async with self._loading:
            if self._proxy is None:
                try:
                    self._proxy = await asyncio.to_thread(self._read_wsdl)
                except (ZeepError, httpx.HTTPError) as problem:
                    raise TransportTrouble(f"WSDL {self._settings.wsdl}: {_told(problem)}") from problem
        return self._proxy

    def _read_wsdl(self) -> Any:
        kept: Any = {
            "timeout": self._settings.timeout,
            "limits": httpx.Limits(max_keepalive_connections=0),
            "trust_env": False,
        }
        transport: Any = AsyncTransport
        reader: Any = AsyncClient
        proxy: Any = AsyncServiceProxy
        settings = Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True, force_https=False)
        with httpx.Client(**kept) as wsdl_client:
            calls = transport(client=httpx.AsyncClient(**kept), wsdl_client=wsdl_client)
            client = reader(self._settings.wsdl, transport=calls, settings=settings)
        bindings = list(client.wsdl.bindings.values())
        if not bindings:
            raise TransportTrouble(f"WSDL {self._settings.wsdl}: names no SOAP binding")
        return proxy(client, bindings[0], address=self._settings.endpoint)

    def _judged(self, operation: str, received: object) -> Element:
        answer = parsed(operation, received)
        names = self._answers
        code = text_of(answer, names.code)
        if code in names.done:
            return answer
        text = f"{operation}: {code or 'no code'}: {text_of(answer, names.text) or 'without explanation'}"
        if code is None or code in names.trouble:
            raise TransportTrouble(text)
        field = text_of(answer, names.field)
        if field is not None:
            value, allowed = text_of(answer, names.value) or "", text_of(answer, names.allowed) or "not said"
            text += f" ({field}: {value!r}, allowed: {allowed})"
        raise DeliveryRejected(text)


def parsed(operation: str, received: object) -> Element:
    """The document in an answer's string. Fetches and expands nothing. Raises TransportTrouble."""
    if not isinstance(received, str):
        raise TransportTrouble(f"{operation}: the answer holds no string")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(received.encode(), parser)
    except etree.XMLSyntaxError as problem:
        raise TransportTrouble(f"{operation}: the answer is no XML document: {problem}") from problem


def text_of(element: Element, name: str) -> str | None:
    """The text of a child; None for a missing or an empty one, which these systems do not tell apart."""
    text = (element.findtext(name) or "").strip()
    return text or None


def document(name: str, fields: Mapping[str, Any]) -> Element:
    """An element with the fields as children; None is an empty element.

    A mapping nests, a list repeats its element (none for an empty list). Raises DeliveryRejected for a text
    that XML can't hold: it names the field and the character.
    """
    root = etree.Element(name)
    for field, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                root.append(document(field, one))
            else:
                etree.SubElement(root, field).text = _xml_text(field, one or "")
    return root


def _xml_text(field: str, value: str) -> str:
    wrong = _NOT_XML.search(value)
    if wrong:
        raise DeliveryRejected(
            f"{field}: holds the character {wrong.group()!r}; allowed: the characters of XML 1.0"
        )
    return value


def _told(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__

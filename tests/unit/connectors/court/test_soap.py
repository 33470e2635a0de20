"""The SOAP transport against servers that answer oddly."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.court.service import ANSWERS
from connectors.sdk.ports import DeliveryRejected, TransportTrouble
from connectors.transports.soap import SoapService, SoapSettings, document, parsed, text_of

WSDL = Path("deploy/sandbox/court/service.wsdl").read_text("utf-8")
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<cxBgResponse xmlns="urn:sandbox:fayuan:ajjh"><return xmlns="">{}</return></cxBgResponse>'
    "</s:Body></s:Envelope>"
)
FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    "<faultcode>s:{}</faultcode><faultstring>坏了</faultstring></s:Fault></s:Body></s:Envelope>"
)


class Odd:
    """A server with one WSDL and one answer; it remembers the paths that were asked for."""

    def __init__(self, wsdl: str, answer: Response) -> None:
        self.asked: list[str] = []
        self.port = 0
        self.wsdl, self._answer = wsdl, answer

    async def handle(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if request.method == "POST":
            return self._answer
        return Response(self.wsdl.replace("PORT", str(self.port)), media_type="text/xml")


@asynccontextmanager
async def serving(wsdl: str, answer: Response) -> AsyncIterator[tuple[SoapService, Odd]]:
    odd = Odd(wsdl, answer)
    app = Starlette(routes=[Route("/{path:path}", odd.handle, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        odd.port = server.servers[0].sockets[0].getsockname()[1]
        yield SoapService(SoapSettings(wsdl=f"http://127.0.0.1:{odd.port}/ws?wsdl", timeout=5), ANSWERS), odd
    finally:
        await server.shutdown()


def xml(text: str, status: int = 200) -> Response:
    return Response(text, status_code=status, media_type="text/xml; charset=utf-8")


def in_string(answer: str) -> Response:
    return xml(ENVELOPE.format(answer.replace("&", "&amp;").replace("<", "&lt;")))


async def call(service: SoapService) -> str | None:
    return text_of(await service.call("cxBg", document("cx", {})), "code")


@pytest.mark.parametrize("code", ["0000", "E1001"])
async def test_done_and_done_before_are_answers(code: str) -> None:
    async with serving(WSDL, in_string(f"<yd><code>{code}</code></yd>")) as (service, _):
        assert await call(service) == code


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (in_string("<yd><code>E9999</code><msg>系统忙</msg></yd>"), TransportTrouble, "E9999: 系统忙"),
        (in_string("<yd><code/></yd>"), TransportTrouble, "no code"),
        (in_string("维护中"), TransportTrouble, "no XML document"),
        (in_string('<!DOCTYPE x [<!ENTITY a "b">]><yd><code>&a;</code></yd>'), TransportTrouble, "no code"),
        (in_string("<yd><code>E7777</code></yd>"), DeliveryRejected, "E7777: without explanation"),
        (
            in_string("<yd><code>E2003</code><msg>错</msg><zdm>lcdm</zdm><zdz>x</zdz><yxz>a, b</yxz></yd>"),
            DeliveryRejected,
            r"lcdm: 'x', allowed: a, b",
        ),
        (xml(FAULT.format("Server"), 500), TransportTrouble, "坏了"),
        (xml(FAULT.format("Client"), 500), DeliveryRejected, "坏了"),
        (xml("<html><body>502</body></html>", 502), TransportTrouble, "fault"),
        (Response("gateway timeout", status_code=504), TransportTrouble, "504"),
        (Response("", status_code=503), TransportTrouble, "503"),
    ],
)
async def test_what_an_answer_means(answer: Response, error: type[Exception], told: str) -> None:
    async with serving(WSDL, answer) as (service, _):
        with pytest.raises(error, match=told):
            await call(service)


def _importing(wsdl: str) -> str:
    found = '<xsd:schema targetNamespace="urn:sandbox:fayuan:ajjh" elementFormDefault="unqualified">'
    assert found in wsdl
    return wsdl.replace(
        found, found + '<xsd:import namespace="urn:x" schemaLocation="http://127.0.0.1:PORT/other.xsd"/>'
    )


def _with_entity(wsdl: str) -> str:
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    return wsdl.replace(
        declaration, declaration + '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:PORT/entity">]>'
    )


@pytest.mark.parametrize("change", [_importing, _with_entity])
async def test_a_wsdl_makes_the_connector_fetch_nothing_else(change: Callable[[str], str]) -> None:
    async with serving(change(WSDL), in_string("<yd><code>0000</code></yd>")) as (service, odd):
        with pytest.raises(TransportTrouble, match="WSDL"):
            await call(service)
        assert set(odd.asked) == {"/ws"}


async def test_a_wsdl_that_was_bad_is_read_again() -> None:
    async with serving("<html>维护中</html>", in_string("<yd><code>0000</code></yd>")) as (service, odd):
        with pytest.raises(TransportTrouble, match="WSDL"):
            await call(service)
        odd.wsdl = WSDL
        assert await call(service) == "0000"


async def test_nobody_there_is_trouble() -> None:
    async with serving(WSDL, in_string("<yd><code>0000</code></yd>")) as (service, odd):
        assert await call(service) == "0000"
        gone = SoapSettings(wsdl=f"http://127.0.0.1:{odd.port}/ws?wsdl", address="http://127.0.0.1:1/ws")
        with pytest.raises(TransportTrouble, match="ConnectError"):
            await call(SoapService(gone, ANSWERS))


def test_an_answer_that_is_no_string_is_trouble() -> None:
    with pytest.raises(TransportTrouble, match="holds no string"):
        parsed("cxBg", None)


def test_documents_nest_repeat_and_leave_empty() -> None:
    root = document(
        "x", {"a": None, "b": ["1", "2"], "c": {"d": "<&>"}, "e": [{"f": "g"}, {"f": "h"}], "i": []}
    )
    assert [(child.tag, child.text or "") for child in root] == [
        ("a", ""),
        ("b", "1"),
        ("b", "2"),
        ("c", ""),
        ("e", ""),
        ("e", ""),
    ]
    assert text_of(root[3], "d") == "<&>"
    assert [text_of(child, "f") for child in root.findall("e")] == ["g", "h"]

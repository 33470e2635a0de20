"""The HTTP side: the WSDL at `/ajjh?wsdl`, calls by POST to `/ajjh`."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.sandbox.court.operations import Operations
from deploy.sandbox.court.soap11 import SoapFault, read_call, write_fault, write_result

PATH = "/ajjh"
_WSDL = Path(__file__).with_name("service.wsdl")
_XML = "text/xml; charset=utf-8"


def application(operations: Operations) -> Starlette:
    """The service as an ASGI application."""

    async def wsdl(request: Request) -> Response:
        if "wsdl" not in request.query_params:
            return Response("服务已启动，WSDL: ?wsdl\n", status_code=404, media_type="text/plain")
        return Response(_WSDL.read_bytes(), media_type=_XML)

    async def call(request: Request) -> Response:
        try:
            operation, argument = read_call(await request.body())
            try:
                result = operations.call(operation, argument)
            except KeyError:
                raise SoapFault("Client", f"no operation {operation!r}") from None
        except SoapFault as fault:
            return Response(write_fault(fault), status_code=500, media_type=_XML)
        return Response(write_result(operation, result), media_type=_XML)

    return Starlette(routes=[Route(PATH, wsdl, methods=["GET"]), Route(PATH, call, methods=["POST"])])

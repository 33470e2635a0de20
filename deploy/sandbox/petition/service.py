"""The petition system's REST interface.

    GET  /xf/v1/bgjl?yb=&ts=   list of changes after cursor yb, at most ts (20 at most): {"sj": {"lb", "yb",
    "hy"}} POST /xf/v1/jsjl           something comes in; Qingqiu-Bh is its idempotency key: 201 {"sj":
    {"xfbh"}}, 409 CFTJ with the old number for a key that was used before GET  /xf/v1/jsjl           what
    came in: [{"qqbh", "xfbh", "jslx"}] POST /xf/v1/fj             a document as it is: {"sj": {"fjbh"}} GET
    /xf/v1/fj/{fjbh}      a document POST /xf/v1/djxf           the window: an officer registers a matter by
    hand: 201 {"sj": {"xfbh"}} GET  /xf/v1/xfj/{xfbh}     one matter with its steps

All want a bearer token. A wrong field is 422 ZDCW with zd (field), z (value), yx (allowed). The list is
at-least-once: it gives some earlier changes again, and now and then one twice in a page.
"""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.sandbox.core.matter import Fields, Matter
from deploy.sandbox.core.policies import draw_below
from deploy.sandbox.core.records import Records
from deploy.sandbox.petition import codes
from deploy.sandbox.petition.forms import change, received
from deploy.sandbox.petition.words import MATTER, FormError, document_hash, document_number, line, read_form

PAGE = 20
KEY_HEADER = "Qingqiu-Bh"
LARGEST_DOCUMENT = 20 * 1024 * 1024
Handler = Callable[[Request], Awaitable[Response]]
_BUSINESS = {code: (flow, kind) for (flow, kind), code in codes.BUSINESS.items()}


class Service:
    """The interface over the office's records. What a handler wrote is durable when it answers."""

    def __init__(self, records: Records, token: str, seed: int) -> None:
        self._records, self._token, self._seed = records, token, seed

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/xf/v1/bgjl", self._guarded(self._changes)),
                Route("/xf/v1/jsjl", self._guarded(self._receive), methods=["POST"]),
                Route("/xf/v1/jsjl", self._guarded(self._received)),
                Route("/xf/v1/fj", self._guarded(self._store), methods=["POST"]),
                Route("/xf/v1/fj/{fjbh}", self._guarded(self._document)),
                Route("/xf/v1/djxf", self._guarded(self._register), methods=["POST"]),
                Route("/xf/v1/xfj/{xfbh}", self._guarded(self._matter)),
            ]
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                return JSONResponse({"dm": "WSQ", "ms": "未授权"}, 401)
            try:
                return await handler(request)
            except FormError as wrong:
                return _wrong(wrong)
            except KeyError as missing:
                return JSONResponse({"dm": "WZD", "ms": str(missing.args[0])}, 404)

        return guarded

    async def _changes(self, request: Request) -> Response:
        cursor = _whole(request, "yb", "0")
        size = min(_whole(request, "ts", str(PAGE)), PAGE)
        fresh = self._records.steps_after(cursor, size + 1)
        more, fresh = len(fresh) > size, fresh[:size]
        overlap = draw_below(3, self._seed, "overlap", str(cursor))
        entries = [*self._records.steps_after(max(cursor - overlap, 0), min(overlap, cursor)), *fresh]
        if fresh and draw_below(4, self._seed, "twice", str(cursor)) == 0:
            entries.append(fresh[draw_below(len(fresh), self._seed, "which", str(cursor))])
        listed = [change(step, self._records.record(step.number)) for step in entries]
        after = fresh[-1].seq if fresh else cursor
        return _ok({"lb": listed, "yb": str(after), "hy": more})

    async def _receive(self, request: Request) -> Response:
        key = request.headers.get(KEY_HEADER, "")
        if not key:
            raise FormError(KEY_HEADER, key, "请求编号")
        if (known := self._records.delivery(key)) is not None:
            return JSONResponse({"dm": "CFTJ", "ms": "重复提交", "sj": {"xfbh": known.number or ""}}, 409)
        kind, fields = received(await _body(request))
        try:
            number = self._records.receive(kind, key, fields)
        except ValueError as wrong:
            raise FormError("nr", kind, str(wrong)) from None
        return _ok({"xfbh": number or ""}, 201)

    async def _received(self, request: Request) -> Response:
        kinds = codes.back(codes.RECEIVED)
        return _ok(
            [
                {"qqbh": item.delivery_id, "xfbh": item.number or "", "jslx": kinds[item.kind]}
                for item in self._records.received_log()
            ]
        )

    async def _store(self, request: Request) -> Response:
        content = await request.body()
        if not content or len(content) > LARGEST_DOCUMENT:
            raise FormError("fj", f"{len(content)} 字节", f"1 至 {LARGEST_DOCUMENT} 字节")
        return _ok({"fjbh": document_number(self._records.add_paper(content))}, 201)

    async def _document(self, request: Request) -> Response:
        content = self._records.paper(document_hash("fjbh", request.path_params["fjbh"]))
        return Response(content, media_type="application/octet-stream")

    async def _register(self, request: Request) -> Response:
        form = await _body(request)
        if not isinstance(form, dict):
            raise FormError("", form, "对象")
        words = {**MATTER, "key": line("ckbh"), "business": line("ywlx"), "officer": line("jbr")}
        fields = read_form(words, form)
        for name in ("key", "business", "title", "lead"):
            if not fields.get(name):
                raise FormError(words[name].name, fields.get(name), "必填")
        flow, kind = _BUSINESS.get(fields.pop("business"), (codes.OTHER, codes.OTHER))
        given = {name: value for name, value in fields.items() if value is not None}
        number = self._records.raise_matter(Matter(flow=flow, kind=kind, **given))
        return _ok({"xfbh": number}, 201)

    async def _matter(self, request: Request) -> Response:
        record = self._records.record(request.path_params["xfbh"])
        steps = [change(step, record) for step in self._records.steps_of(record.number)]
        return _ok({"xfbh": record.number, "zt": record.state, "bt": record.title, "bgjl": steps})


def _ok(content: Any, status: int = 200) -> Response:
    return JSONResponse({"dm": "0", "sj": content}, status)


def _wrong(wrong: FormError) -> Response:
    content: Fields = {
        "dm": "ZDCW",
        "ms": "字段错误",
        "zd": wrong.field,
        "z": wrong.value,
        "yx": wrong.allowed,
    }
    return JSONResponse(content, 422)


def _whole(request: Request, name: str, default: str) -> int:
    value = request.query_params.get(name, default)
    if not value.isdigit():
        raise FormError(name, value, "整数")
    return int(value)


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise FormError("", "请求体", "JSON") from None

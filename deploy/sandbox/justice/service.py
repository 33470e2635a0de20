"""The REST interface of the mediation system.

Events are listed after a token, each page beginning with a few that were listed before; writes carry
`X-Request-Id` and may be repeated; files live by themselves under `/files`. Now and then the gateway in
front answers 503.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.sandbox.core.records import Records
from deploy.sandbox.justice.words import event, notice

PAGE_LIMIT = 20
LISTED_AGAIN = 3
Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """`busy_every`: each n-th call is answered 503 (0: none)."""

    def __init__(self, records: Records, token: str, busy_every: int) -> None:
        self._records, self._token, self._busy_every = records, token, busy_every
        self._calls = 0

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v2/events", self._guarded(self.events)),
                Route("/api/v2/files", self._guarded(self.put_file), methods=["POST"]),
                Route("/api/v2/files/{file_id}", self._guarded(self.file)),
                Route("/api/v2/inbound/matters", self._guarded(self.inbound), methods=["POST"]),
                Route("/api/v2/inbound/notices", self._guarded(self.inbound), methods=["POST"]),
            ]
        )

    async def events(self, request: Request) -> Response:
        after, size = request.query_params.get("after", "t0"), request.query_params.get("size", "20")
        if not (after.startswith("t") and after[1:].isdecimal()):
            return _wrong("after", after, "a token that was given as nextToken")
        if not (size.isdecimal() and 1 <= int(size) <= PAGE_LIMIT):
            return _wrong("size", size, f"1 to {PAGE_LIMIT}")
        seen = int(after[1:])
        new = self._records.steps_after(seen, int(size) + 1)
        again = [
            step
            for step in self._records.steps_after(max(seen - LISTED_AGAIN, 0), LISTED_AGAIN)
            if step.seq <= seen
        ]
        page = new[: int(size)]
        token = f"t{page[-1].seq if page else seen}"
        listed = [event(step) for step in (*again, *page)]
        return _ok({"events": listed, "nextToken": token, "hasMore": len(new) > int(size)})

    async def put_file(self, request: Request) -> Response:
        return _ok({"fileId": self._records.add_paper(await request.body())})

    async def file(self, request: Request) -> Response:
        try:
            content = self._records.paper(request.path_params["file_id"])
        except KeyError as problem:
            return JSONResponse({"code": 404, "error": {"detail": str(problem.args[0])}}, 404)
        return Response(content, media_type="application/octet-stream")

    async def inbound(self, request: Request) -> Response:
        key = request.headers.get("X-Request-Id", "")
        try:
            kind, fields = notice(await request.json())
            number = self._records.receive(kind, key, fields)
        except (KeyError, ValueError) as problem:
            text = str(problem.args[0])
            return JSONResponse({"code": 422, "error": {"field": text.split(" ")[0], "detail": text}}, 422)
        return _ok({"caseNo": number})

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            self._calls += 1
            if self._busy_every and self._calls % self._busy_every == 0:
                return JSONResponse({"code": 503, "error": {"detail": "服务繁忙，请稍后再试"}}, 503)
            sent = request.headers.get("Authorization", "")
            if not hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode()):
                return JSONResponse({"code": 401, "error": {"detail": "未授权"}}, 401)
            return await handler(request)

        return guarded


def _ok(data: dict[str, Any]) -> Response:
    return JSONResponse({"code": 0, "data": data})


def _wrong(field: str, value: str, allowed: str) -> Response:
    error = {"field": field, "value": value, "allowed": allowed, "detail": "参数错误"}
    return JSONResponse({"code": 422, "error": error}, 422)

"""The reading room over HTTP: the looks of the commands, for an auditor's own program. Every request is signed and noted."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from hub.audit import looks
from hub.audit.as_of import states_json
from hub.audit.looking import Place, moment_of
from hub.audit.page import page
from hub.audit.proof import prove
from hub.audit.provisions import provisions_json
from hub.audit.search import Query, answer_json
from hub.audit.signed_request import reader_of
from hub.audit.story import story_json
from hub.domain.look import Looker
from hub.errors import ConfigurationError, HubError, LookRefusal, LookRefused, RecordSealed, Trouble
from hub.operations.case_view import UnknownCase
from hub.operators import Operators

_JSON = "application/json"
_LONGEST_LIST = 1000
Answer = Callable[["ReadingRoom", Request, Looker], Awaitable[Response]]


class ReadingRoom:
    """`app` is the ASGI application. Reads by the role of auditors; writes nothing but the note of each look."""

    def __init__(
        self, where: Place, operators: Operators, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.where, self._operators, self._now = where, operators, now
        routes = [Route(path, self._answering(answer), methods=["GET"]) for path, answer in _ROUTES.items()]
        self.app = Starlette(routes=routes)

    def _answering(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            try:
                by = reader_of(self._operators, _target(request), request.headers, self._now())
                return await answer(self, request, by)
            except HubError as problem:
                return JSONResponse({"error": str(problem)}, _status(problem))

        return answered

    async def _timeline(self, request: Request, by: Looker) -> Response:
        given = _given(request, "ground")
        told, look = await looks.timeline(self.where, by, request.path_params["case"], given.get("ground"))
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(page(told, self.where.rules(), look))
        return Response(story_json(told), media_type=_JSON)

    async def _as_of(self, request: Request, by: Looker) -> Response:
        given = _given(request, "case", "department", "flow", "legal", "known", "ground")
        if given.setdefault("legal", "false") not in ("true", "false"):
            raise ConfigurationError(f"legal {given['legal']!r}: allowed are true, false")
        asked: dict[str, Any] = {**given, "legal": given["legal"] == "true"}
        answer = await looks.as_of(self.where, by, request.path_params["time"], **asked)
        return Response(states_json(*answer), media_type=_JSON)

    async def _search(self, request: Request, by: Looker) -> Response:
        # Whom a search is for would stand in logs of whatever lies between: persons are asked for by the command alone.
        words = ("number", "place", "matter", "kind", "flow", "state", "department")
        given = _given(request, *words, "since", "until", "limit")
        since, until, limit = (given.pop(name, None) for name in ("since", "until", "limit"))
        query = Query(
            **{name: given.get(name) for name in words},
            since=None if since is None else moment_of("since", since),
            until=None if until is None else moment_of("until", until, end=True),
        )
        answer = await looks.find(self.where, by, query, _limit(limit))
        return Response(answer_json(answer), media_type=_JSON)

    async def _provisions(self, request: Request, by: Looker) -> Response:
        given = _given(request, "case", "department", "since", "until", "ground")
        found = await looks.provided(self.where, by, **given)
        return Response(provisions_json(found), media_type=_JSON)

    async def _proof(self, request: Request, by: Looker) -> Response:
        _given(request)
        shard, seq = request.path_params["shard"], request.path_params["seq"]
        async with self.where.store() as store, store.snapshot() as view:
            return PlainTextResponse(await prove(view, shard, seq))


_ROUTES: dict[str, Answer] = {
    "/cases/{case}/timeline": ReadingRoom._timeline,
    "/as-of/{time}": ReadingRoom._as_of,
    "/search": ReadingRoom._search,
    "/provisions": ReadingRoom._provisions,
    "/proofs/{shard:int}/{seq:int}": ReadingRoom._proof,
}


def _target(request: Request) -> str:
    """Path and query as they were sent."""
    path, query = request.scope["raw_path"].decode(), request.scope["query_string"].decode()
    return f"{path}?{query}" if query else path


def _given(request: Request, *allowed: str) -> dict[str, str]:
    """What the query says. Raises ConfigurationError for a name that is not allowed, or stands twice."""
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    for name in names:
        if name not in allowed or names.count(name) > 1:
            raise ConfigurationError(f"{name}: allowed, once each, are {', '.join(allowed) or 'none'}")
    return dict(pairs)


def _limit(text: str | None) -> int:
    if text is None:
        return 100
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST_LIST:
        raise ConfigurationError(f"limit {text!r}: allowed are 1 to {_LONGEST_LIST}")
    return int(text)


def _status(problem: HubError) -> int:
    if isinstance(problem, LookRefused):
        return 401 if problem.name is LookRefusal.NOT_AUTHORISED else 400
    for kind, status in ((RecordSealed, 403), (UnknownCase, 404), (ConfigurationError, 400), (Trouble, 503)):
        if isinstance(problem, kind):
            return status
    return 500

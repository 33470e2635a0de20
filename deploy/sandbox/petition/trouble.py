"""The bad days of the petition system: now and then it is busy, slow, or loses an answer it had ready.

Which calls are hit follows from the seed and the call's ordinal, so that a run can be repeated.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any

from starlette.responses import JSONResponse

from deploy.sandbox.core.policies import draw_below

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
SLOW = 0.4
"""Seconds that a slow answer takes longer."""


class Trouble:
    """Around the app: of `one_in` calls one is answered 503, one 503 after the work, one slowly; 0: none."""

    def __init__(self, app: App, seed: int, one_in: int) -> None:
        self._app, self._seed, self._one_in = app, seed, one_in
        self._calls = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        draw = self._draw(next(self._calls)) if self._one_in else -1
        if draw == 0:
            await _busy()(scope, receive, send)
        elif draw == 1:
            await self._app(scope, receive, _forget)
            await _busy()(scope, receive, send)
        else:
            if draw == 2:
                await asyncio.sleep(SLOW)
            await self._app(scope, receive, send)

    def _draw(self, call: int) -> int:
        return draw_below(max(self._one_in, 3), self._seed, "trouble", str(call))


def _busy() -> JSONResponse:
    return JSONResponse({"dm": "XTFM", "ms": "系统繁忙，请稍后再试"}, 503)


async def _forget(message: MutableMapping[str, Any]) -> None:
    """The answer was ready, and is lost on the way."""

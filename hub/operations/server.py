"""A small HTTP server in the process itself: /metrics for Prometheus, /livez and /readyz for a supervisor."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.app import Parts
from hub.errors import ConfigurationError
from hub.operations.collecting import Collecting
from hub.operations.health import Health
from hub.store.reading import ReadStore

log = logging.getLogger(__name__)


class MetricsServer:
    """`start` binds and serves, `stop` ends it within a second. `port` is the bound one.

    Takes no signals: those are the process's.
    """

    def __init__(self, parts: Parts, health: Health) -> None:
        self._settings, self._health, self._ending = parts.settings, health, parts.ending
        self.store = ReadStore(parts.settings.database)
        self._collecting = Collecting(parts, health, self.store)
        self._server: _Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self) -> None:
        """Raises ConfigurationError naming the setting when the address can't be had, StoreTrouble."""
        listener = _bind(self._settings.metrics_host, self._settings.metrics_port)
        self.port = listener.getsockname()[1]
        log.info("metrics, livez and readyz on %s:%d", self._settings.metrics_host, self.port)
        try:
            await self.store.start()
        except BaseException:
            listener.close()
            raise
        routes = [
            Route("/metrics", self._metrics),
            Route("/livez", self._livez),
            Route("/readyz", self._readyz),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._tasks = [
            asyncio.create_task(self._server.serve(sockets=[listener]), name="metrics"),
            asyncio.create_task(self._health.watch(self.store), name="health"),
        ]
        for task in self._tasks:
            # A watchdog that ended by itself watches nothing.
            self._ending.watch(task, may_return=True)

    async def stop(self) -> None:
        """Idempotent."""
        if self._server is None:
            return
        self._server.should_exit = True
        serving, watching = self._tasks
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        await serving
        await self.store.stop()
        self._server, self._tasks = None, []

    async def _metrics(self, request: Request) -> Response:
        registry = CollectorRegistry()
        registry.register(await self._collecting.collect())
        ProcessCollector(registry=registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def _livez(self, request: Request) -> Response:
        return _answer(*self._health.live())

    async def _readyz(self, request: Request) -> Response:
        return _answer(*self._health.ready())


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _answer(good: bool, lines: list[str]) -> Response:
    return PlainTextResponse("\n".join(["ok" if good else "not ok", *lines, ""]), 200 if good else 503)


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as problem:
        raise ConfigurationError(
            f"metrics_host {host!r}, metrics_port {port}: cannot be had ({problem.strerror or problem}); "
            "allowed: an address of this machine and a free port, 0 for any"
        ) from None

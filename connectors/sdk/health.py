"""/livez, /readyz and /metrics of a connector, for probes and Prometheus."""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from connectors.sdk.config import ConnectorConfig
from connectors.sdk.store import Store
from connectors.sdk.waiting import Pulse

log = logging.getLogger(__name__)


class StoreMetrics(Collector):
    """Reads the store at each scrape, so that the numbers are those of `--status`."""

    def __init__(self, department: str, store: Store, pulse: Pulse) -> None:
        self._department, self._store, self._pulse = department, store, pulse

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: a scrape is needed to know."""
        return []

    def collect(self) -> Iterable[Metric]:
        counts = self._store.counts()
        messages = GaugeMetricFamily(
            "connector_messages", "Messages in the connector's store", labels=["department", "box", "state"]
        )
        boxes = {"outbox": counts["outbox"], "receipted": counts["receipted"], "inbox": counts["inbox"]}
        aside = {name: counts[name] for name in ("unmapped", "changed", "unreadable", "held", "holes")}
        for box, states in {**boxes, "aside": aside}.items():
            for state, number in states.items():
                messages.add_metric([self._department, box, state], number)
        ages = GaugeMetricFamily(
            "connector_beat_age_seconds", "Seconds since each loop came round", labels=["department", "loop"]
        )
        trouble = GaugeMetricFamily(
            "connector_trouble", "1 while a part is in trouble", labels=["department", "part"]
        )
        troubles = self._pulse.troubles()
        for loop, age in self._pulse.ages().items():
            if loop in ("poll", "send", "receive", "deliver", "witness"):
                ages.add_metric([self._department, loop], age)
        for part in ("poll", "send", "receive", "sink", "store", "witness"):
            trouble.add_metric([self._department, part], float(part in troubles))
        return [messages, ages, trouble]


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


@contextmanager
def serving(config: ConnectorConfig, pulse: Pulse, store: Store) -> Iterator[int | None]:
    """Serve on `health_host:health_port` (0: any free port) from a thread of its own; yields the port.

    Without `health_port` nothing is served. /livez is 503 once a loop is stale, /readyz also in any trouble.
    """
    if config.health_port is None:
        yield None
        return
    registry = CollectorRegistry()
    registry.register(StoreMetrics(config.department, store, pulse))
    metrics = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            body: Iterable[bytes] = metrics(environ, start)
            return body
        if path not in ("/livez", "/readyz"):
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/livez, /readyz or /metrics\n"]
        stale, troubles = pulse.stale(config.stale_after), pulse.troubles()
        well = not stale and (path == "/livez" or not troubles)
        start("200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")])
        state = {"department": config.department, "well": well, "stale": stale, "trouble": troubles}
        return [json.dumps(state, ensure_ascii=False).encode()]

    server = make_server(config.health_host, config.health_port, answer, handler_class=_QuietHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="health")
    thread.start()
    log.info("health on http://%s:%d", config.health_host, server.server_port)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

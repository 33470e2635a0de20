"""The HTTP server of a hub process, as Prometheus and a supervisor use it."""

from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.app import Followers
from hub.errors import ConfigurationError
from hub.operations.health import Health
from hub.operations.metrics import METRICS
from hub.operations.server import MetricsServer
from tests.support.city import City


def _values(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def _get(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_metrics_tell_what_happened(database: str) -> None:
    async with City(database) as city:
        done = city.raise_referral("A1")
        city.work(done, pause=timedelta(hours=4))
        city.confirm(done)
        city.raise_referral("A2")
        city.raise_referral("A3", lead="court")
        city.work(city.raise_referral("B1", "F4"), "task.signed")
        city.junk("court")
        await city.drain()
        city.raise_referral("A4")
        await city.read()
        parts = city.parts()
        server = MetricsServer(parts, Health(None, Followers(parts, [], 1.0)))
        await server.start()
        try:
            answer = await _get(server.port, "/metrics")
        finally:
            await server.stop()
        found = _values(answer.text)
        sent = {"department": "public_security", "flow": "F1"}
        lead = {"department": "procuratorate", "flow": "F1"}
        assert found[_key("fengqiao_referrals_raised_total", **sent)] == 2
        assert found[_key("fengqiao_referrals", **sent, state="closed")] == 1
        assert found[_key("fengqiao_referrals", **sent, state="open")] == 1
        steps = {
            n: found[_key("fengqiao_task_steps_total", **lead, step=n)]
            for n in ("assigned", "signed", "replied")
        }
        assert steps == {"assigned": 2, "signed": 1, "replied": 1}
        refused = {"department": "public_security", "outcome": "refused", "reason": "receiver_not_in_flow"}
        assert found[_key("fengqiao_messages_total", **refused)] == 1
        assert found[_key("fengqiao_parked", department="court", reason="bad_envelope")] == 1
        took = {**lead, "step": "signed-accepted"}
        assert found[_key("fengqiao_step_seconds_bucket", **took, le="3600.0")] == 0
        assert found[_key("fengqiao_step_seconds_bucket", **took, le="14400.0")] == 1
        assert found[_key("fengqiao_step_seconds_count", **took)] == 1
        assert found[_key("fengqiao_step_seconds_sum", **took)] == 14400
        half = {"department": "procuratorate", "flow": "F4", "step": "delivered-signed"}
        assert found[_key("fengqiao_step_seconds_count", **half)] == 1
        assert found[_key("fengqiao_tasks_open", **lead, age="over_60d")] == 1
        shard = {
            s.labels["shard"]: s.value
            for f in text_string_to_metric_families(answer.text)
            if f.name == "fengqiao_follower_lag_entries"
            for s in f.samples
        }
        assert sum(shard.values()) == 1
        entries = sum(v for (name, _), v in found.items() if name == "fengqiao_journal_entries_total")
        assert entries == sum(len(log) for log in city.bus.logs.values())
        assert found[_key("fengqiao_store_up")] == 1
        names = {family.name for family in text_string_to_metric_families(answer.text)}
        assert {metric.name.removesuffix("_total") for metric in METRICS} <= names


async def test_a_busy_port_is_named(database: str) -> None:
    async with City(database) as city:
        parts = city.parts()
        health = Health(None, Followers(parts, [], 1.0))
        server = MetricsServer(parts, health)
        await server.start()
        try:
            other = MetricsServer(city.parts(metrics_port=server.port), health)
            with pytest.raises(ConfigurationError, match=f"metrics_port {server.port}"):
                await other.start()
            assert (await _get(server.port, "/livez")).text == "ok\n"
            assert (await _get(server.port, "/readyz")).status_code == 200
        finally:
            await server.stop()
        with pytest.raises(httpx.ConnectError):
            await _get(server.port, "/livez")


async def test_without_the_store_the_process_still_tells(database: str) -> None:
    async with City(database) as city:
        parts = city.parts()
        server = MetricsServer(parts, Health(None, Followers(parts, [], 1.0)))
        await server.start()
        try:
            await server.store.stop()
            found = _values((await _get(server.port, "/metrics")).text)
        finally:
            await server.stop()
        assert found[_key("fengqiao_store_up")] == 0
        assert not [name for name, _ in found if name.startswith("fengqiao_referrals")]
        assert found[_key("fengqiao_assigned_shards")] == 0

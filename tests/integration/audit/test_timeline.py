"""The timeline of a case, and the auditor's commands."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from hub.audit.commands import app
from hub.audit.timeline import timeline, timeline_json
from tests.support.city import City


async def test_every_step_is_there_with_both_times(database: str) -> None:
    async with City(database) as city:
        raised = city.raise_referral("A1")
        city.at += timedelta(hours=1)
        city.step(raised, "task.received")
        city.at += timedelta(hours=1)
        city.step(raised, "task.signed", legal_at="2026-03-02T10:30:00+08:00")
        city.step(raised, "reply.confirmed", raised.sender)
        await city.drain()
        rows = await timeline(city.store, raised.case)
        assert [(row.by, row.type, row.outcome) for row in rows] == [
            ("public_security", "referral.raised.v1", "decided"),
            ("procuratorate", "task.received.v1", "decided"),
            ("procuratorate", "task.signed.v1", "decided"),
            ("public_security", "reply.confirmed.v1", "refused"),
        ]
        assert [row.received_at[11:16] for row in rows] == ["01:00", "02:00", "03:00", "03:00"]
        assert rows[1].legal_at is None
        assert rows[2].legal_at == "2026-03-02T10:30:00+08:00"
        assert "referral_raised F1 public_security→procuratorate" in rows[0].led_to
        assert rows[0].told == (("procuratorate", 1),)
        assert rows[2].led_to == (
            "task.signed → signed [signed]",
            "deadline_ended #2 met",
            "deadline_started #3 accepted procuratorate due 2026-03-03T16:00:00.000Z",
        )
        assert rows[3].reason == "illegal_step"
        assert rows[3].led_to == ()


async def test_sealed_fields_stay_sealed(database: str) -> None:
    async with City(database) as city:
        raised = city.raise_referral("A1", parties=[{"role": "party", "name": "测试人乙"}])
        await city.drain()
        rows = await timeline(city.store, raised.case)
        assert rows[0].sealed
        text = timeline_json(rows).decode()
        assert "测试人乙" not in text
        assert json.loads(text)[0]["message"] == raised.message


async def test_what_waited_is_taken_up_in_the_timeline(database: str) -> None:
    async with City(database) as city:
        raised = city.raise_referral("A1")
        lists = city.bus.logs[city.names.out_of(raised.sender), _only_shard(city, raised.sender)]
        held = lists.pop()
        city.work(raised, "task.signed")
        await city.read()
        lists.append(held)
        await city.drain()
        types = [row.type for row in await timeline(city.store, raised.case)]
        assert types == [
            "task.received.v1",
            "task.signed.v1",
            "referral.raised.v1",
            "task.received.v1 (taken up)",
            "task.signed.v1 (taken up)",
        ]


def _only_shard(city: City, sender: str) -> int:
    (shard,) = {
        place[1] for place, log in city.bus.logs.items() if place[0] == city.names.out_of(sender) and log
    }
    return shard


async def test_the_commands(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with City(database, shards=2) as city:
        raised = city.raise_referral("A1")
        city.work(raised)
        await city.drain()
    by = ["--database", database]
    look = ["--operator", "市监督室 李某", "--purpose", "核对办理时限"]

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*arguments, *by])
        return result.exit_code, result.output

    code, text = await asyncio.to_thread(run, "timeline", "A1", "--json", *look)
    assert code == 0, text
    assert json.loads(text)[0]["type"] == "referral.raised.v1"
    code, text = await asyncio.to_thread(run, "timeline", "A1", *look)
    assert (code, "task.signed" in text) == (0, True), text
    code, text = await asyncio.to_thread(run, "verify")
    assert (code, "the history holds" in text) == (0, True), text
    assert "5 entries, 5 inbox rows, 1 cases" in text
    code, text = await asyncio.to_thread(run, "timeline", "B1", *look)
    assert (code, "'B1' is not known" in text) == (2, True), text
    connection = await asyncpg.connect(database)
    await connection.execute(f"UPDATE task SET outcome = 'x' WHERE id = '{raised.task}'")
    await connection.close()
    code, text = await asyncio.to_thread(run, "verify")
    assert code == 1
    assert f"task {raised.task} outcome: expected approved, found x" in text

"""The reading room over HTTP: an operator who may read is shown what the commands show, and is noted; nobody else is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from hub.audit.looking import Place
from hub.audit.serving import ReadingRoom
from hub.audit.signed_request import signed_headers
from hub.operators import May, Operators, new_operator, private_key
from tests.support.city import City

PURPOSE, NAME = "核对办理时限", "测试人乙"


@dataclass
class Ask:
    """Signs requests of wang_1 and sends them to the application."""

    client: httpx.AsyncClient
    secrets: Path
    dsn: str
    case: str

    def signed(self, target: str, operator: str = "wang_1", late: float = 0.0) -> dict[str, str]:
        at = datetime.now(UTC) - timedelta(seconds=late)
        return signed_headers(
            private_key(self.secrets / f"{operator}.pem"), operator, target, at, PURPOSE, "督 7"
        )

    async def get(self, target: str, **more: str) -> httpx.Response:
        return await self.client.get(target, headers={**self.signed(target), **more})

    async def looks(self) -> list[tuple[str, str, list[str]]]:
        connection = await asyncpg.connect(self.dsn)
        rows = await connection.fetch("SELECT operator, what, cases FROM access_record ORDER BY seq")
        await connection.close()
        return [tuple(row) for row in rows]


@pytest.fixture
async def ask(database: str, tmp_path: Path) -> AsyncIterator[Ask]:
    directory, secrets = tmp_path / "operators", tmp_path / "secrets"
    new_operator("wang_1", [May.READ], directory, secrets)
    new_operator("zhao_2", [May.ERASE], directory, secrets)
    async with City(database) as city:
        raised = city.raise_referral("A1", parties=[{"role": "party", "name": NAME}])
        await city.drain()
        city.step(raised, "task.received")
        await city.drain()
        room = ReadingRoom(
            Place(tmp_path / "home", city.dsn),
            Operators(directory),
            lambda: datetime.now(UTC) + timedelta(seconds=1),
        )
        transport = httpx.ASGITransport(app=room.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            yield Ask(client, secrets, city.dsn, raised.case)


async def test_what_the_commands_show_is_shown_and_noted(ask: Ask) -> None:
    told = await ask.get(f"/cases/{ask.case}/timeline")
    assert told.status_code == 200
    assert [row["type"] for row in told.json()] == ["referral.raised.v1", "task.received.v1"]
    printed = await ask.get(f"/cases/{ask.case}/timeline", accept="text/html")
    assert "<html" in printed.text
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    state = await ask.get(f"/as-of/{tomorrow}?case={ask.case}")
    assert ask.case in state.text
    found = await ask.get("/search?number=A1")
    assert ask.case in found.text or found.json()["behind"] > 0
    given = await ask.get(f"/provisions?case={ask.case}")
    assert given.json()
    assert [(who, what) for who, what, _ in await ask.looks()] == [
        ("wang_1", f"audit {what}") for what in ("timeline", "timeline", "as-of", "search", "provisions")
    ]
    unknown = await ask.get(f"/cases/{quote('（2026）甲1号')}/timeline")
    assert (unknown.status_code, "（2026）甲1号" in unknown.json()["error"]) == (404, True)
    assert NAME not in "".join(one.text for one in (told, printed, state, found, given))


async def test_nobody_else_is_shown_anything(ask: Ask) -> None:
    target = f"/cases/{ask.case}/timeline"
    good = ask.signed(target)
    tried = [
        {},
        {name: text for name, text in good.items() if name != "fengqiao-signature"},
        {**good, "fengqiao-purpose": quote("别的")},
        {**good, "fengqiao-reference": ""},
        {**good, "fengqiao-operator": "zhao_2"},
        ask.signed(target, "zhao_2"),
        ask.signed(target, late=62),
        ask.signed(target, late=-65),
        ask.signed(f"{target}?ground=x"),
    ]
    for headers in tried:
        answer = await ask.client.get(target, headers=headers)
        assert answer.status_code in (400, 401), headers
        assert ask.case not in answer.text
    unsaid = signed_headers(private_key(ask.secrets / "wang_1.pem"), "wang_1", target, datetime.now(UTC), "")
    assert "purpose_missing" in (await ask.client.get(target, headers=unsaid)).json()["error"]
    assert await ask.looks() == []


REFUSED = [
    ("/search?person=x", "person: allowed, once each, are number"),
    ("/search?number=a&number=b", "number: allowed, once each"),
    ("/search?number=a&limit=0", "limit '0': allowed are 1 to 1000"),
    ("/as-of/yesterday", "time 'yesterday'"),
    ("/as-of/2026-03-02?legal=yes", "legal 'yes': allowed are true, false"),
    ("/provisions", "give --case"),
    ("/proofs/0/99", "no checkpoint has it"),
]


async def test_what_is_not_allowed_is_named_and_nothing_can_be_written(ask: Ask) -> None:
    for target, said in REFUSED:
        answer = await ask.get(target)
        assert answer.status_code == 400, target
        assert said in answer.json()["error"]
    assert (await ask.client.post("/search", headers=ask.signed("/search"))).status_code == 405

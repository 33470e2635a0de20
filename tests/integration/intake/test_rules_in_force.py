"""Only the rules in force decide: another process with other files stops before it decides anything (5a.9)."""

import json

import asyncpg
import pytest

from hub.errors import RulesNotLoaded
from hub.store.pool import Pool
from hub.store.rules_in_force import adopt_rules, rules_in_force, settle_rules
from hub.store.upgrade import upgrade
from tests.support.core import Core, postgres_stores


@pytest.fixture
async def store(database: str) -> str:
    await upgrade(database, 2)
    return database


async def settled(url: str, digest: str) -> None:
    pool = Pool(url)
    await pool.start()
    try:
        await settle_rules(pool, digest)
    finally:
        await pool.stop()


async def test_the_first_intake_puts_its_rules_in_force_and_others_must_have_them(store: str) -> None:
    assert await rules_in_force(store) is None
    await settled(store, "a" * 64)
    await settled(store, "a" * 64)
    with pytest.raises(RulesNotLoaded, match="rules adopt"):
        await settled(store, "b" * 64)
    assert await rules_in_force(store) == "a" * 64


async def test_a_person_puts_others_in_force_and_the_reason_is_kept(store: str) -> None:
    await settled(store, "a" * 64)
    assert await adopt_rules(store, "b" * 64, "流程 F21 增加抄送单位") == "a" * 64
    await settled(store, "b" * 64)
    connection = await asyncpg.connect(store)
    kept = await connection.fetchval("SELECT value FROM meta WHERE name LIKE 'rules/%'")
    await connection.close()
    assert json.loads(kept) == {"from": "a" * 64, "to": "b" * 64, "reason": "流程 F21 增加抄送单位"}


async def test_an_intake_with_other_rules_ends_and_decides_nothing(store: str) -> None:
    pool = Pool(store)
    await pool.start()
    try:
        core = Core(postgres_stores(pool, 2))
        await settle_rules(pool, core.rules.digest)
        core.raise_("p1")
        await core.read()
        await adopt_rules(store, "b" * 64, "其他规则")
        core.raise_("p2")
        with pytest.raises(RulesNotLoaded):
            await core.read()
        assert [entry.outcome.value for entry in await core.entries()] == ["decided"]
    finally:
        await pool.stop()

"""An erasure through intake: keys are gone with the entry that says so; what is left opens, proofs hold, nothing comes back."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic_core import from_json

from hub.domain.entry import Entry, Outcome
from hub.domain.merkle import Frontier, leaf_hash
from hub.errors import Erased
from hub.relay.contents import Contents
from hub.store.erasures import ErasureList, settle_erasures
from hub.store.memory import MemoryStore
from hub.store.pool import Pool
from tests.support.core import Core, Ids
from tests.support.orders import Desk

JIA = {"role": "petitioner", "name": "测试员甲", "id_number": "A1", "phone": "13900000001"}
YI = {"role": "respondent", "name": "测试员乙", "phone": "13900000002"}


@pytest.fixture
def desk(core: Core, tmp_path: Path) -> Desk:
    return Desk(core, tmp_path)


def raise_(core: Core, number: str = "e1", **more: Any) -> Ids:
    return core.raise_(number, parties=[JIA, YI], summary="两人因围墙起争执", **more)


async def withdrawn(core: Core, desk: Desk) -> Ids:
    """A case with nothing open: raised and taken back."""
    ids = raise_(core)
    core.say(
        "petition",
        "referral.withdrawal_requested",
        ids.case,
        {"legal_at": "2026-03-02T10:00:00+08:00", "referral": ids.referral, "reason": "双方和解"},
    )
    await desk.read()
    return ids


async def opened(core: Core, case: str) -> dict[str, Any]:
    """The data of the raise, as far as it opens."""
    (entry,) = [e for e in await core.entries() if e.type == "referral.raised.v1" and e.case == case][:1]
    keys = await core.stores.journal.keys([case])
    return Contents(core.stores.journal, core.sealer).open_entry(entry, keys.get(case))[1]


async def last(core: Core, case: str) -> Entry:
    return [entry for entry in await core.entries() if entry.case == case][-1]


async def test_one_person_is_gone_and_the_rest_is_there(core: Core, desk: Desk) -> None:
    ids = raise_(core)
    await desk.read()
    before = await core.entries()
    keys = await core.stores.journal.keys([ids.case])
    destroyed = core.sealer.unwrap(ids.case, keys[ids.case]).persons[1].key
    desk.erase(ids.case, persons=[1])
    await desk.read()
    entry = await last(core, ids.case)
    assert entry.outcome is Outcome.DECIDED
    assert [event.e for event in entry.events] == ["erased"]
    data = await opened(core, ids.case)
    assert data["parties"] == [YI]
    assert data["title"] == "邻里纠纷"
    keys = await core.stores.journal.keys([ids.case])
    assert destroyed not in core.sealer.unwrap(ids.case, keys[ids.case]).to_bytes()
    assert [e.to_bytes() for e in (await core.entries())[: len(before)]] == [e.to_bytes() for e in before]
    with pytest.raises(Erased):
        await Contents(core.stores.journal, core.sealer).as_sent(before[0])


async def test_a_whole_case_is_gone_and_the_log_holds(core: Core, desk: Desk) -> None:
    ids = await withdrawn(core, desk)
    desk.erase(ids.case, everything=True)
    desk.order("hub.hold_set.v1", ids.case, hold="later")
    await desk.read()
    data = await opened(core, ids.case)
    assert "parties" not in data
    assert "title" not in data
    assert data["local_number"] == "e1"
    for shard in range(core.shards):
        entries = await core.entries(shard)
        frontier = Frontier(0, ())
        for entry in entries:
            frontier.append(leaf_hash(entry.to_bytes()))
        async with core.stores.intake.unit(shard) as unit:
            assert unit.head.frontier.pack() == frontier.pack()
    again = await last(core, ids.case)
    assert again.outcome is Outcome.DECIDED


async def test_what_comes_after_is_sealed_under_new_keys(core: Core, desk: Desk) -> None:
    ids = await withdrawn(core, desk)
    desk.erase(ids.case, everything=True)
    followup = {"legal_at": "2026-03-03T10:00:00+08:00", "referral": ids.referral, "reached": True}
    core.say(
        "petition", "followup.recorded", ids.case, {**followup, "citizen": "测试员甲", "opinion": "满意"}
    )
    await desk.read()
    entry = await last(core, ids.case)
    assert (entry.type, entry.outcome, entry.key) == ("followup.recorded.v1", Outcome.DECIDED, 2)
    assert [number for number, _ in entry.persons if number] == [3]
    keys = await core.stores.journal.keys([ids.case])
    found = Contents(core.stores.journal, core.sealer).open_entry(entry, keys[ids.case])[1]
    assert (found["citizen"], found["opinion"]) == ("测试员甲", "满意")
    assert "title" not in await opened(core, ids.case)


async def test_a_message_that_comes_again_is_told_its_outcome_and_brings_nothing_back(
    core: Core, desk: Desk
) -> None:
    ids = await withdrawn(core, desk)
    (raised,) = [
        r for r in core.log(core.names.out_of("petition")) if b"raise-e1" in dict(r.headers)["ce_id"]
    ]
    other = core.raised("e1", title="另一标题")[0]
    core.bus.append(other)
    await desk.read()
    assert (await last(core, ids.case)).reason == "id_reused"
    desk.erase(ids.case, everything=True)
    core.bus.append(raised)
    await desk.read()
    assert (await last(core, ids.case)).outcome is Outcome.DUPLICATE
    assert "parties" not in await opened(core, ids.case)


async def test_what_is_not_allowed_erases_nothing(core: Core, desk: Desk) -> None:
    ids = raise_(core)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"operator": "li_2", "persons": [1]}, "not_authorised"),
        ({"persons": [1], "approval": "AAAA"}, "not_authorised"),
        ({"everything": True}, "case_open"),
        ({"text": True}, "case_open"),
        ({}, "illegal_step"),
    ]
    for how, _ in wrong:
        desk.erase(ids.case, **how)
    await desk.read()
    entries = [entry for entry in await core.entries() if entry.type == "hub.data_erased.v1"]
    assert [(entry.outcome, entry.reason) for entry in entries] == [
        (Outcome.REFUSED, reason) for _, reason in wrong
    ]
    assert len((await opened(core, ids.case))["parties"]) == 2


async def test_an_order_for_one_case_is_none_for_another(core: Core, desk: Desk) -> None:
    """Whoever has the hub's key can't use an operator's signature elsewhere."""
    one, two = raise_(core, "e1"), raise_(core, "e2")
    data = from_json(desk.record("hub.data_erased.v1", one.case, persons=[1]).value or b"")
    approval = data.pop("approval")
    desk.order("hub.data_erased.v1", two.case, **{**data, "approval": approval})
    await desk.read()
    assert (await last(core, two.case)).reason == "not_authorised"
    assert len((await opened(core, two.case))["parties"]) == 2


async def test_a_held_case_is_left_whole_until_the_last_hold_is_released(core: Core, desk: Desk) -> None:
    ids = await withdrawn(core, desk)
    desk.order("hub.hold_set.v1", ids.case, hold="one")
    desk.order("hub.hold_set.v1", ids.case, "li_2", hold="two")
    desk.order("hub.hold_set.v1", ids.case, hold="two")
    await desk.read()
    assert (await last(core, ids.case)).reason == "illegal_step"
    for release in ("one", "two"):
        desk.erase(ids.case, everything=True)
        await desk.read()
        refused = await last(core, ids.case)
        assert refused.reason == "legal_hold"
        assert release in refused.allowed
        desk.order("hub.hold_released.v1", ids.case, hold=release)
        await desk.read()
    assert "title" in await opened(core, ids.case)
    desk.erase(ids.case, everything=True)
    await desk.read()
    assert "title" not in await opened(core, ids.case)


async def test_an_erasure_is_on_the_list_at_once(core: Core, desk: Desk, tmp_path: Path) -> None:
    ids = raise_(core)
    listed = ErasureList(tmp_path / "erased")
    await desk.read()
    keys = await core.stores.journal.keys([ids.case])
    expected = [name for name, n in core.sealer.unwrap(ids.case, keys[ids.case]).ids().items() if n == 1]
    desk.erase(ids.case, persons=[1])
    await core.read(
        core.intake(
            operators=desk.operators, erased=lambda found: listed.add((key.id, key.case) for key in found)
        )
    )
    assert listed.read() == dict.fromkeys(expected, ids.case)
    assert "测试员" not in listed.path.read_text()


async def test_a_restored_database_is_settled_before_it_serves(
    core: Core, desk: Desk, dsn: str | None, tmp_path: Path
) -> None:
    if dsn is None:
        assert isinstance(core.stores.intake, MemoryStore)
        return
    ids = raise_(core)
    await desk.read()
    connection = await asyncpg.connect(dsn)
    backup = await connection.fetchval("SELECT wrapped FROM case_key WHERE case_id = $1", ids.case)
    desk.erase(ids.case, persons=[1])
    await desk.read()
    pool, listed = Pool(dsn, 2), ErasureList(tmp_path / "erased")
    await pool.start()
    assert (await settle_erasures(pool, core.sealer, listed)).noted == 1
    await connection.execute("UPDATE case_key SET wrapped = $2 WHERE case_id = $1", ids.case, backup)
    await connection.execute("DELETE FROM erased_key")
    assert len((await opened(core, ids.case))["parties"]) == 2
    settled = await settle_erasures(pool, core.sealer, listed)
    assert (settled.again, settled.noted) == (1, 0)
    assert (await opened(core, ids.case))["parties"] == [YI]
    assert (await settle_erasures(pool, core.sealer, listed)).again == 0
    await pool.stop()
    await connection.close()

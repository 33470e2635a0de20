"""Verification finds what was done to the store behind the hub's back, and where."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from hub.audit.report import Report
from hub.audit.verify import verify
from hub.domain.merkle import leaf_hash
from schemas.partitioner import partition_of
from tests.support.city import City, Raised


async def _history(city: City) -> Raised:
    """Everything that makes entries: closed, open, returned, refused, early and taken up, duplicate, junk."""
    first = city.raise_referral("A1")
    city.work(first)
    city.confirm(first)
    city.work(city.raise_referral("F4-1", "F4"))
    back = city.raise_referral("A2")
    city.work(back, "task.received")
    city.step(back, "task.return_proposed", reason_code="not_in_remit", reason="不属本院管辖")
    city.at += timedelta(minutes=1)
    city.step(back, "return.decided", back.sender, agreed=True)
    city.raise_referral("A3", lead="court")
    late = city.raise_referral("B1", "F20", message="late-raise")
    log = city.bus.logs[city.names.out_of("petition"), partition_of(late.case, city.shards)]
    held = log.pop()
    city.work(late, "task.signed")
    await city.read()
    held.timestamp = int(city.at.timestamp() * 1000)
    log.append(held)
    city.say(
        "court", "task.signed", first.case, {"referral": first.referral, "task": first.task, "legal_at": "x"}
    )
    city.junk("court")
    city.junk("mediation")
    await city.drain()
    return first


@asynccontextmanager
async def tampering(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser with the guards switched off."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def _tampered(city: City, *statements: str) -> Report:
    async with tampering(city.dsn) as connection:
        for statement in statements:
            assert not (await connection.execute(statement)).endswith(" 0"), statement
    return await verify(city.store)


async def test_an_untouched_store_holds(database: str) -> None:
    async with City(database) as city:
        await _history(city)
        told: list[tuple[str, int, int]] = []
        report = await verify(city.store, lambda *step: told.append(step))
        assert report.differences == []
        standing = await city.store.standing()
        assert report.entries == report.expected_entries == sum(standing.heads.values())
        assert (report.cases, report.referrals, report.tasks) == (5, 4, 4)
        assert report.inbox > 10
        assert report.rules == {city.rules.digest}
        assert {what for what, _, _ in told} == {"journal", "cases"}
        assert set(report.roots) == set(range(city.shards))


async def test_rows_behind_the_projector_are_not_missed(database: str) -> None:
    async with City(database) as city:
        await _history(city)
        city.work(city.raise_referral("A9"))
        await city.read()
        assert (await verify(city.store)).differences == []


FLIP = "set_byte(entry, 40, get_byte(entry, 40) # 1)"


@pytest.mark.parametrize("seq", [1, 3])
async def test_a_flipped_bit_is_found(database: str, seq: int) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        report = await _tampered(city, f"UPDATE journal SET entry = {FLIP} WHERE seq = {seq}")
        first = report.differences[0]
        assert (first.shard, first.seq) == (0, seq)
        assert first.what == "leaf hash of the entry's bytes"


async def test_a_flipped_bit_with_its_leaf_made_to_fit_is_found(database: str) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        async with tampering(database) as connection:
            raw = await connection.fetchval("SELECT entry FROM journal WHERE seq = 2")
            other = raw.replace(b'"verified":true', b'"verified":false')
            await connection.execute(
                "UPDATE journal SET entry = $1, leaf = $2 WHERE seq = 2", other, leaf_hash(other)
            )
        report = await verify(city.store)
        assert report.differences[0].what.startswith("Merkle subtree of entries 1 to ")


async def test_a_dropped_entry_is_found(database: str) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        report = await _tampered(city, "DELETE FROM journal WHERE seq = 4")
        first = report.differences[0]
        assert (first.shard, first.seq, first.what) == (0, 4, "sequence without gaps")
        assert any(each.what.startswith("inbox row") and each.seq == 4 for each in report.differences)


async def test_a_dropped_last_entry_is_found(database: str) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        last = (await city.store.standing()).heads[0]
        report = await _tampered(city, f"DELETE FROM journal WHERE seq = {last}")
        assert (report.differences[0].seq, report.differences[0].what) == (last, "last entry")


async def test_two_swapped_entries_are_found(database: str) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        report = await _tampered(
            city,
            "CREATE TEMP TABLE kept AS SELECT * FROM journal WHERE seq IN (2, 3)",
            "UPDATE journal j SET case_id = k.case_id, outcome = k.outcome, received_at = k.received_at, "
            "entry = k.entry, leaf = k.leaf FROM kept k WHERE j.seq = 5 - k.seq AND j.seq IN (2, 3)",
        )
        first = report.differences[0]
        assert (first.seq, first.what, first.expected, first.found) == (
            2,
            "column seq, as the entry says",
            "3",
            "2",
        )


@pytest.mark.parametrize(
    "column", ["outcome = 'refused'", "case_id = 'x'", "received_at = received_at - interval '1 day'"]
)
async def test_a_changed_column_is_found(database: str, column: str) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        report = await _tampered(city, f"UPDATE journal SET {column} WHERE seq = 2")
        places = [(each.seq, each.what) for each in report.differences]
        assert (2, f"column {column.split()[0]}, as the entry says") in places


async def test_a_changed_state_is_found(database: str) -> None:
    async with City(database, shards=1) as city:
        raised = await _history(city)
        report = await _tampered(
            city,
            "UPDATE case_state SET state = "
            "convert_to(replace(convert_from(state, 'UTF8'), 'closed', 'opened'), 'UTF8')"
            f" WHERE case_id = '{raised.case}'",
        )
        (only,) = report.differences
        assert only.case == raised.case
        assert only.what == f"case_state.state at $.referrals.{raised.referral}.state"
        assert (only.expected, only.found) == ("closed", "opened")


async def test_a_changed_task_row_is_found(database: str) -> None:
    async with City(database, shards=1) as city:
        raised = await _history(city)
        report = await _tampered(
            city, f"UPDATE task SET signed_at = signed_at - interval '1 day' WHERE id = '{raised.task}'"
        )
        (only,) = report.differences
        assert (only.case, only.what) == (raised.case, f"task {raised.task} signed_at")


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM referral WHERE state = 'open'", "referral "),
        ("DELETE FROM case_state WHERE case_id = (SELECT min(case_id) FROM case_state)", "case_state row"),
        ("UPDATE inbox SET seq = seq + 1 WHERE seq = 3", "inbox row of "),
        (
            "INSERT INTO inbox SELECT source, 'x', shard, seq, mac, outcome, reason FROM inbox WHERE seq = 3",
            "inbox row",
        ),
        ("INSERT INTO alias VALUES ('court', 'case_number', '1', 'nobody')", "alias row"),
        ("INSERT INTO alias SELECT 'court', 'k', '1', min(case_id) FROM case_state", "alias court/k/1"),
        ("UPDATE tally SET count = count + 1 WHERE what = 'parked'", "tally parked/"),
        ("UPDATE shard SET frontier = frontier || frontier", "Merkle frontier"),
    ],
)
async def test_whatever_follows_from_the_journal_is_held_against_it(
    database: str, statement: str, what: str
) -> None:
    async with City(database, shards=1) as city:
        await _history(city)
        report = await _tampered(city, statement)
        assert any(each.what.startswith(what) for each in report.differences), list(
            map(str, report.differences)
        )


async def test_without_tables_states_are_compared_all_the_same(database: str) -> None:
    async with City(database, shards=2) as city:
        first = await _history(city)
        async with tampering(database) as connection:
            await connection.execute("UPDATE task SET outcome = 'x' WHERE id = $1", first.task)
            await connection.execute(
                "INSERT INTO alias VALUES ('court', 'case_number', 'nobody', $1)", first.case
            )
        report = await verify(city.store, tables=False)
        assert (report.good, report.tables, report.cases > 3, report.aliases) == (True, False, True, 0)
        named = {str(one) for one in (await verify(city.store)).differences}
        assert any("outcome: expected" in one for one in named)
        assert any("alias court/case_number/nobody" in one for one in named)
        async with tampering(database) as connection:
            await connection.execute(
                "UPDATE case_state SET version = version + 1 WHERE case_id = $1", first.case
            )
        [only] = (await verify(city.store, tables=False)).differences
        assert only.what == "case_state.version"

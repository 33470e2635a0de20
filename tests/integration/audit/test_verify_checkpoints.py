"""Verification against signed checkpoints: what fits together and is not the history that was signed is found too."""

import random
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.report import Difference, Report
from hub.audit.verify import verify
from hub.audit.verify_checkpoints import Trust
from hub.bus.memory import MemoryPublisher
from hub.checkpointer.checkpointer import Checkpointer
from hub.domain.merkle import Frontier, leaf_hash
from hub.store.checkpoints import PostgresCheckpoints
from hub.store.reading import Snapshot
from schemas.checkpoints import Checkpoint, origin_of
from schemas.notes import Note, cosign_note, sign_note
from tests.support.city import City

MANIPULATIONS, TOGETHER = 200, 10
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = 1_780_000_000
UNKNOWN = "00000000-0000-4000-8000-000000000000"
Connection = Any


async def history(city: City) -> None:
    """Three closed referrals, some open ones, a refusal, what waits and what nobody can read, with a checkpoint after
    each and a cosignature under it.
    """
    role = Checkpointer(
        PostgresCheckpoints(city.pool), MemoryPublisher(city.bus), city.signer, city.names, entries=1
    )
    for number in range(6):
        raised = city.raise_referral(f"A{number}")
        city.work(raised, "task.replied" if number % 2 else "task.signed")
        if number % 2:
            city.confirm(raised)
        await city.drain()
        await role.look()
    city.step(raised, "task.signed", by="justice")
    city.step(replace(raised, referral=UNKNOWN), "task.signed")
    for partition in range(city.shards):
        city.junk("court", partition)
    await city.drain()
    await role.look()
    async with city.pool.transaction() as connection:
        for row in await connection.fetch("SELECT shard, size, note FROM checkpoint"):
            line = cosign_note(Note.parse(row["note"].encode()).text, "court", WITNESS, AT).line()
            at = datetime.fromtimestamp(AT, UTC)
            await connection.execute(
                "INSERT INTO cosignature VALUES ($1, $2, 'court', $3, $4)", row[0], row[1], line, at
            )


async def trust_in(city: City) -> Trust:
    """The hub's keys, the witness's, and all the checkpoints that it kept."""
    async with city.pool.connection() as connection:
        notes = [Note.parse(row[0].encode()) for row in await connection.fetch("SELECT note FROM checkpoint")]
    keys = {"hub": city.keys.of("hub"), "court": [WITNESS.public_key()]}
    return Trust(keys, [("court", note) for note in notes])


class Inside:
    """A read store whose snapshot is the transaction in which the database was changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        yield Snapshot(self._connection)


class _RolledBack(Exception):
    pass


async def verified_after(
    connection: Connection, change: Callable[[Connection], Any], trust: Trust
) -> tuple[Any, Report]:
    """What a superuser did, and what verification says of it. The database is as before afterwards."""
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            done = await change(connection)
            report = await verify(Inside(connection), trust=trust, limit=1000)  # type: ignore[arg-type]
            raise _RolledBack
    except _RolledBack:
        return done, report


@asynccontextmanager
async def prepared(database: str, shards: int = 2) -> AsyncIterator[tuple[City, Trust, Connection]]:
    async with City(database, shards=shards) as city:
        await history(city)
        connection = await asyncpg.connect(database)
        try:
            yield city, await trust_in(city), connection
        finally:
            await connection.close()


async def refit(connection: Connection, shard: int) -> None:
    """Leaves and frontier made anew over what the journal holds now: the shard fits together again."""
    frontier = Frontier()
    for row in await connection.fetch("SELECT seq, entry FROM journal WHERE shard = $1 ORDER BY seq", shard):
        leaf = leaf_hash(row["entry"])
        frontier.append(leaf)
        await connection.execute(
            "UPDATE journal SET leaf = $3 WHERE shard = $1 AND seq = $2", shard, row["seq"], leaf
        )
    await connection.execute(
        "UPDATE shard SET seq = $2, frontier = $3 WHERE shard = $1", shard, frontier.size, frontier.pack()
    )


async def test_an_untouched_history_holds_with_its_checkpoints(database: str) -> None:
    async with prepared(database) as (city, trust, _):
        report = await verify(city.store, trust=trust)
        assert report.differences == []
        assert report.checkpoints == report.cosignatures == len(trust.kept) >= 6
        assert report.signed
        assert not (await verify(city.store)).signed


@pytest.mark.covers("promise 7")
async def test_a_history_made_anew_is_found_by_its_checkpoints(database: str) -> None:
    async with prepared(database, shards=1) as (_, trust, connection):

        async def rewrite(connection: Connection) -> None:
            raw = await connection.fetchval("SELECT entry FROM journal WHERE seq = 2")
            other = raw.replace(b'"verified":true', b'"verified":false')
            assert other != raw
            await connection.execute("UPDATE journal SET entry = $1 WHERE seq = 2", other)
            await refit(connection, 0)

        _, report = await verified_after(connection, rewrite, Trust())
        [first] = [each for each in report.differences if "root" in each.what]
        assert re.fullmatch(r"checkpoint of (\d+) entries: root, by entries 1 to \1", first.what)
        assert first.seq is not None
        assert first.seq > 2
        _, report = await verified_after(connection, rewrite, Trust(trust.keys, trust.kept[:1]))
        assert any(each.what == "split view: root that court keeps" for each in report.differences)


@pytest.mark.covers("promise 7")
async def test_what_the_hub_itself_made_anew_is_found_through_a_witness_alone(database: str) -> None:
    """Whoever has the tables and the hub's key makes a second history; only what a witness kept tells."""
    async with prepared(database, shards=1) as (city, trust, connection):
        [log] = [row[0] for row in await connection.fetch("SELECT value FROM meta WHERE name = 'log'")]

        async def cut(connection: Connection) -> int:
            keep = await connection.fetchval("SELECT min(size) FROM checkpoint")
            await connection.execute("DELETE FROM checkpoint WHERE size > $1", keep)
            await connection.execute("DELETE FROM cosignature WHERE size > $1", keep)
            await connection.execute("DELETE FROM journal WHERE seq > $1", keep)
            await refit(connection, 0)
            return int(keep)

        kept_at, report = await verified_after(connection, cut, Trust(trust.keys))
        assert not any("checkpoint" in each.what or "Merkle" in each.what for each in report.differences)
        _, report = await verified_after(connection, cut, trust)
        [rollback] = [each for each in report.differences if each.what.startswith("rollback")]
        assert rollback.what == "rollback: entries that court keeps a checkpoint of"
        assert (rollback.found, rollback.seq) == (str(kept_at), kept_at + 1)

        async def another(connection: Connection) -> None:
            await connection.execute("DELETE FROM cosignature")
            raw = await connection.fetchval("SELECT entry FROM journal WHERE seq = 1")
            await connection.execute("UPDATE journal SET entry = $1 WHERE seq = 1", raw + b" ")
            await refit(connection, 0)
            sizes = [row[0] for row in await connection.fetch("SELECT size FROM checkpoint ORDER BY size")]
            await connection.execute("DELETE FROM checkpoint")
            frontier, first = Frontier(), sizes[0]
            for row in await connection.fetch("SELECT leaf FROM journal ORDER BY seq LIMIT $1", first):
                frontier.append(row["leaf"])
            note = city.signer.checkpoint(Checkpoint(origin_of(log, 0), first, frontier.root()))
            text = note.to_bytes().decode()
            await connection.execute(
                "INSERT INTO checkpoint VALUES (0, $1, 0, $2, '', $3, now(), now())",
                first,
                text,
                frontier.pack(),
            )

        _, report = await verified_after(connection, another, Trust(trust.keys))
        assert not any("checkpoint" in each.what or "Merkle" in each.what for each in report.differences)
        _, report = await verified_after(connection, another, trust)
        split = [each for each in report.differences if each.what.startswith("split view")]
        assert len(split) == len(trust.kept)


async def test_what_is_signed_by_another_key_or_of_another_log_is_named(database: str) -> None:
    async with prepared(database, shards=1) as (city, trust, _):
        [(_, real), *_] = trust.kept
        said = Checkpoint.of(real)
        forged = Note(real.text).signed(sign_note(real.text, said.origin, WITNESS))
        foreign = city.signer.checkpoint(Checkpoint("other/0", 3, said.root))
        report = await verify(city.store, trust=Trust(trust.keys, [("court", forged), ("petition", foreign)]))
        assert [each.what for each in report.differences] == [
            "forged: signature of the hub that court keeps",
            "other log: checkpoint that petition keeps",
        ]
        report = await verify(city.store, trust=Trust({"hub": [WITNESS.public_key()]}))
        assert report.differences[0].what.endswith("signature of the hub")


@dataclass(frozen=True)
class Done:
    """What was manipulated: a place in a shard's journal, or words that the difference must have."""

    shard: int | None = None
    seq: int | None = None
    words: str = ""

    def located(self, difference: Difference) -> bool:
        if self.words:
            return self.words in str(difference)
        if difference.shard != self.shard or self.seq is None:
            return False
        entries = re.search(r"entries (\d+) to (\d+)", difference.what)
        if entries is not None:
            return int(entries[1]) <= self.seq <= int(entries[2])
        return difference.seq == self.seq


async def manipulate(connection: Connection, chance: random.Random) -> Done:
    """One random change that a superuser could make."""
    row = chance.choice(
        await connection.fetch(
            "SELECT shard, seq, entry, leaf FROM journal j WHERE seq <= "
            "(SELECT max(size) FROM checkpoint c WHERE c.shard = j.shard) ORDER BY shard, seq"
        )
    )
    shard, seq, raw = row["shard"], row["seq"], row["entry"]
    here = "WHERE shard = $1 AND seq = $2"
    flipped = bytearray(raw)
    flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    match chance.choice(KINDS):
        case "flip":
            await connection.execute(f"UPDATE journal SET entry = $3 {here}", shard, seq, bytes(flipped))
        case "flip, refitted":
            await connection.execute(f"UPDATE journal SET entry = $3 {here}", shard, seq, bytes(flipped))
            await refit(connection, shard)
        case "leaf":
            await connection.execute(
                f"UPDATE journal SET leaf = $3 {here}", shard, seq, leaf_hash(bytes(flipped))
            )
        case "drop":
            await connection.execute(f"DELETE FROM journal {here}", shard, seq)
        case "cut, refitted":
            await connection.execute("DELETE FROM journal WHERE shard = $1 AND seq >= $2", shard, seq)
            await refit(connection, shard)
        case "swap":
            other = chance.choice(
                await connection.fetch(
                    "SELECT seq, entry FROM journal WHERE shard = $1 AND seq <> $2", shard, seq
                )
            )
            await connection.execute(f"UPDATE journal SET entry = $3 {here}", shard, seq, other["entry"])
            await connection.execute(f"UPDATE journal SET entry = $3 {here}", shard, other["seq"], raw)
            if chance.random() < 0.5:
                await refit(connection, shard)
        case "insert, refitted":
            # Ours comes first and the others move up behind it, each with its bytes.
            await connection.execute(
                "UPDATE journal SET seq = seq + 1000 WHERE shard = $1 AND seq >= $2", shard, seq
            )
            await connection.execute(
                "INSERT INTO journal SELECT shard, $2::bigint, case_id, outcome, received_at, $3, leaf FROM journal "
                "WHERE shard = $1 AND seq = $2::bigint + 1000",
                shard,
                seq,
                bytes(flipped),
            )
            await connection.execute(
                "UPDATE journal SET seq = seq - 999 WHERE shard = $1 AND seq >= 1000", shard
            )
            await refit(connection, shard)
        case "checkpoint":
            found = chance.choice(await connection.fetch("SELECT shard, size FROM checkpoint ORDER BY 1, 2"))
            change = chance.choice(CHECKPOINTS)
            at = "WHERE shard = $1 AND size = $2"
            await connection.execute(f"{change} {at}", *found)
            return Done(words=f"shard {found[0]}, seq {found[1]}: checkpoint of {found[1]} entries")
    return Done(shard, seq)


KINDS = (
    *("flip", "flip, refitted", "leaf", "drop", "cut, refitted", "swap", "insert, refitted"),
    "checkpoint",
)
# Tables that follow from the journal: what names a row, and what a row more is named by. `number` is of no case.
TABLES = {
    "referral": ("id", {"id": "id || '0'"}),
    "task": ("id", {"id": "id || '0'"}),
    "deadline": ("id", {"id": "id || '0'"}),
    "case_state": ("case_id", {"case_id": "case_id || '0'"}),
    "inbox": ("message_id", {"message_id": "message_id || '0'"}),
    "alias": ("number", {"number": "number || '0'"}),
    "tally": ("what || '/' || department || '/' || flow || '/' || reason", {"reason": "reason || '0'"}),
    "parked": ("shard || '/' || seq", {"seq": "seq + 1000"}),
    "position": ("topic || '/' || partition", {"topic": "topic || '0'"}),
    "shard": ("'shard ' || shard", {}),
}
# What no entry says, or says by a hash that is not of the sealed bytes alone (see docs/how-to/verify-and-rebuild.md).
NOT_SAID = {("position", "last_mac")}
OTHER = {
    "text": "coalesce({0}, '') || 'x'",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 second'",
    "date": "{0} + 1",
    "boolean": "NOT {0}",
    "bytea": "set_byte({0}, length({0}) / 2, get_byte({0}, length({0}) / 2) # 1)",
    **dict.fromkeys(("smallint", "integer", "bigint"), "{0} + 1000"),
}


async def change_row(
    connection: Connection, chance: random.Random, touched: set[tuple[str, str]]
) -> Done | None:
    """One random change of a table that follows from the journal: a column, a row away or a row more.

    None when the row was touched before.
    """
    table = chance.choice(list(TABLES))
    key, more = TABLES[table]
    rows = await connection.fetch(f"SELECT {key}, ctid FROM {table} ORDER BY 1, 2")
    name, place = chance.choice(rows)
    if (table, name) in touched:
        return None
    touched.add((table, name))
    columns = await connection.fetch(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 ORDER BY 1",
        table,
    )
    match chance.choice(("column", "column", "away", "more")) if more else "column":
        case "column":
            allowed = [
                (c, t) for c, t in columns if (table, c) not in NOT_SAID and (table, c) != ("shard", "shard")
            ]
            column, type_ = chance.choice(allowed)
            value = OTHER[type_].format(column)
            before = await connection.fetchval(f"SELECT {column} FROM {table} WHERE ctid = $1", place)
            if before is None and type_ == "bytea":
                value = "'x'"
            renamed = await connection.fetchval(
                f"UPDATE {table} SET {column} = {value} WHERE ctid = $1 RETURNING {key}", place
            )
            touched.add((table, renamed))
        case "away":
            await connection.execute(f"DELETE FROM {table} WHERE ctid = $1", place)
        case "more":
            values = ", ".join(more.get(column, column) for column, _ in columns)
            names = ", ".join(column for column, _ in columns)
            made = await connection.fetchrow(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE ctid = $1 RETURNING {key}",
                place,
            )
            touched.add((table, made[0]))
            return Done(words=made[0])
    return Done(words=name)


CHECKPOINTS = (
    "UPDATE checkpoint SET note = overlay(note placing 'X' from 20)",
    "UPDATE checkpoint SET note = note || note",
    "UPDATE checkpoint SET frontier = set_byte(frontier, 1, get_byte(frontier, 1) # 1)",
    "UPDATE checkpoint SET proof = proof || decode(repeat('00', 32), 'hex')",
    "UPDATE checkpoint SET previous = previous + 1",
    "DELETE FROM checkpoint",
    "UPDATE cosignature SET line = overlay(line placing 'AAAA' from 40)",
    "UPDATE cosignature SET witness = 'petition'",
)


@pytest.mark.covers("promise 7")
async def test_random_manipulations_are_found_and_located(database: str) -> None:
    await found_and_located(database, range(MANIPULATIONS))


async def found_and_located(database: str, seeds: range) -> None:
    """Each of these manipulations of a history is found where it was made.

    Half of them change the journal or a checkpoint, each by itself, since one such change shows in many places. The
    others change rows that follow from the journal, many at once: each shows in its own place.
    """
    async with prepared(database) as (_, trust, connection):
        _, untouched = await verified_after(connection, change_rows([]), trust)
        assert untouched.good, f"what is found below was done there: {untouched.differences}"
        changes = [(seed,) for seed in seeds if seed % 2] + list(
            batched([s for s in seeds if not s % 2], TOGETHER)
        )
        for some in changes:
            change = change_rows(some) if len(some) > 1 else change_journal(some[0])
            done, report = await verified_after(connection, change, trust)
            told = [str(each) for each in report.differences]
            for one in done:
                assert any(one.located(each) for each in report.differences), (some, one, told)


def change_journal(seed: int) -> Callable[[Connection], Any]:
    async def change(connection: Connection) -> list[Done]:
        return [await manipulate(connection, random.Random(seed))]

    return change


def change_rows(seeds: Sequence[int]) -> Callable[[Connection], Any]:
    async def change(connection: Connection) -> list[Done]:
        touched: set[tuple[str, str]] = set()
        done = []
        for seed in seeds:
            chance, made = random.Random(seed), None
            while made is None:
                made = await change_row(connection, chance, touched)
            done.append(made)
        return done

    return change


def batched(seeds: Sequence[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(seeds[at : at + size]) for at in range(0, len(seeds), size)]

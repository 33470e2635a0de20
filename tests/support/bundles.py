"""Bundles to test with: cases of a city whose journal is signed and witnessed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.bundle import Means, Order, make_bundle
from hub.audit.bundle_rules import RuleSource
from hub.bus.memory import MemoryPublisher
from hub.checkpointer.checkpointer import Checkpointer
from hub.domain.look import Looker
from hub.relay.signing import HubSigner
from hub.store.checkpoints import PostgresCheckpoints
from hub.verifier import contents
from hub.verifier.anchors import Anchors
from hub.verifier.archive import write_archive
from hub.verifier.contents import Manifest
from hub.verifier.page import make_page
from schemas.notes import Note, cosign_note
from schemas.partitioner import partition_of
from tests.support.city import DIRECTORY, City, Raised, stamp

MADE = datetime(2026, 4, 1, tzinfo=UTC)
FIRST, SECOND = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Made:
    """One case's bundles, and what a careful checker brings from elsewhere. `journal`: the whole shard's entries."""

    case: str
    whole: bytes
    sealed: bytes
    lean: bytes
    unsigned: bytes
    for_department: bytes
    erased: bytes
    anchors: Anchors
    journal: list[bytes]
    signer: HubSigner


async def made_in(dsn: str) -> Made:
    """A city in this database, with the bundles of one case of it."""
    async with City(dsn) as city:
        case = (await history(city)).case
        whole = await bundle_of(city, case)
        shard = partition_of(case, city.shards)
        async with city.pool.connection() as connection:
            rows = await connection.fetch("SELECT entry FROM journal WHERE shard = $1 ORDER BY seq", shard)
        bundles = {
            "sealed": await bundle_of(city, case, "nothing"),
            "lean": await bundle_of(city, case, sources=False),
            "unsigned": await bundle_of(city, case, signed=False, sources=False),
            "for_department": await bundle_of(city, case, "justice", sources=False),
        }
        owner = await asyncpg.connect(dsn)
        await owner.execute("DELETE FROM case_key WHERE case_id = $1", case)
        await owner.close()
        erased = await bundle_of(city, case, sources=False)
        senders = {name: city.keys.of(name) for name in city.rules.departments}
        anchors = Anchors(city.keys.of("hub"), {"court": city.keys.of("court")}, senders)
        journal = [row[0] for row in rows]
        return Made(
            case, whole, erased=erased, anchors=anchors, journal=journal, signer=city.signer, **bundles
        )


async def history(city: City) -> Raised:
    """A case with what a bundle may have to show, in three checkpoints, the first two of them with a witness.

    An early message, steps, a repeated one, refused ones, one by a department's number, a return; and others' cases.
    """
    role = Checkpointer(
        PostgresCheckpoints(city.pool), MemoryPublisher(city.bus), city.signer, city.names, entries=1
    )
    raised = city.raise_referral("A1", "F20")
    log = city.bus.logs[city.names.out_of("petition"), partition_of(raised.case, city.shards)]
    late = log.pop()
    city.step(raised, "task.received", local_number="调解-1")
    for number in range(12):
        city.work(city.raise_referral(f"B{number}"), "task.received")
    await city.read()
    late.timestamp = int(city.at.timestamp() * 1000)
    log.append(late)
    await city.drain()
    await role.look()
    await witness(city, FIRST)
    city.step(raised, "task.signed")
    city.step(raised, "task.accepted")
    own = city.bus.logs[city.names.out_of("justice"), partition_of(raised.case, city.shards)]
    own.append(replace(own[-1], offset=len(own)))
    city.step(raised, "task.signed")
    fact = {"fact": "person_in_charge", "value": "示例·新任承办人", "legal_at": stamp(city.at)}
    city.say("petition", "case.fact_recorded", "alias:justice:case_number:调解-1", fact)
    await city.drain(relay=True)
    city.work(raised)
    city.confirm(raised)
    city.step(raised, "task.signed", "court")
    city.junk("court")
    await city.drain(relay=True)
    await role.look()
    await witness(city, SECOND)
    call = {"referral": raised.referral, "legal_at": stamp(city.at), "reached": True, "citizen": "测试人甲"}
    city.say("petition", "followup.recorded", raised.case, call)
    for number in range(9):
        city.raise_referral(f"C{number}")
    await city.drain()
    await role.look()
    return raised


async def witness(city: City, at: datetime, who: str = "court") -> None:
    """Cosign the last checkpoint of every shard."""
    async with city.pool.transaction() as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT ON (shard) shard, size, note FROM checkpoint ORDER BY shard, size DESC"
        )
        for row in rows:
            text = Note.parse(row["note"].encode()).text
            line = cosign_note(text, who, private_key(city, who), int(at.timestamp())).line()
            values = (row["shard"], row["size"], who, line, at)
            await connection.execute(
                "INSERT INTO cosignature VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", *values
            )


def private_key(city: City, who: str) -> Ed25519PrivateKey:
    """A department's signing key, with which it cosigns too."""
    return city._keys[who]


async def bundle_of(
    city: City, case: str, opened: str = "everything", signed: bool = True, sources: bool = True
) -> bytes:
    """The bundle of a case."""
    order = Order(Looker("李审计", "2026 年内部审计"), opened, MADE)
    held = [RuleSource.of(DIRECTORY, None)] if sources else []
    means = Means(city.keys, held, city.signer if signed else None)
    wrapped = (await city.journal.keys([case])).get(case)
    key = None if wrapped is None or opened == "nothing" else city.sealer.unwrap(case, wrapped)
    async with city.store.snapshot() as view:
        return await make_bundle(view, case, order, means, key)


def refitted(files: dict[str, bytes], signer: HubSigner | None = None, page: bool = True) -> bytes:
    """What somebody who may sign as the hub (or not) makes of changed files."""
    rest = {name: raw for name, raw in files.items() if name not in (contents.MANIFEST, contents.STATEMENT)}
    manifest = Manifest.parse(files[contents.MANIFEST])
    seqs = {contents.number_in(name) for name in rest if name.startswith("entries/")}
    manifest = replace(manifest, messages={seq: s for seq, s in manifest.messages.items() if seq in seqs})
    if page:
        rest[contents.PAGE] = make_page(rest, manifest)
    manifest = replace(manifest, files=contents.digests(rest))
    raw = manifest.to_bytes()
    root = Note.parse(rest[contents.checkpoint_name(manifest.size)]).text.split("\n")[2]
    digest = contents.digests({contents.MANIFEST: raw})[contents.MANIFEST]
    text = contents.statement_text(manifest, root, len(seqs), digest)
    statement = files[contents.STATEMENT] if signer is None else signer.note(text, manifest.log).to_bytes()
    return write_archive({contents.MANIFEST: raw, contents.STATEMENT: statement, **rest})

"""What does not get in: secrets, junk of every kind, each by its name, the others unaffected (5, 5a.13)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from hub.bus.ports import OutRecord
from hub.domain.entry import Entry, Outcome
from hub.errors import ParkingName, RefusalName
from hub.intake.entries import parked_name
from hub.intake.reading import record_bytes
from hub.intake.verifying import KeyRegistry
from schemas.envelope import Envelope, Secrecy
from schemas.partitioner import partition_of
from schemas.signature import sign
from tests.support.core import Core, Ids, entry, secret_key
from tests.support.everywhere import assert_nowhere, places

SECRET = "绝密内容不得落库"
STAMP = "2026-03-02T10:00:00+08:00"
Spoil = Callable[[Core, Ids, OutRecord], OutRecord]


def with_header(record: OutRecord, name: str, value: bytes | None) -> OutRecord:
    """The record with one header replaced, or left out."""
    others = [(n, v) for n, v in record.headers if n != name]
    return replace(record, headers=others if value is None else [*others, (name, value)])


def with_data(core: Core, ids: Ids, value: bytes, type_: str = "task.signed") -> OutRecord:
    """A well signed record with this data."""
    return core.message("justice", type_, ids.case, value)


def data_of(ids: Ids, **more: Any) -> dict[str, Any]:
    return {"referral": ids.referral, "task": ids.task, "legal_at": STAMP, **more}


def signed_as(core: Core, record: OutRecord, **changes: Any) -> OutRecord:
    """The record signed anew with other attributes."""
    texts = {n.removeprefix("ce_"): v.decode() for n, v in record.headers if n.startswith("ce_")}
    texts |= changes
    who = texts["source"]
    envelope = Envelope.model_validate({n: v for n, v in texts.items() if n not in ("keyid", "signature")})
    return replace(record, headers=sign(envelope, record.value, f"{who}-1", core.secrets[who]).headers())


def elsewhere(core: Core, ids: Ids, record: OutRecord) -> OutRecord:
    return replace(record, partition=1 - record.partition)


PARKED: dict[str, tuple[ParkingName, Spoil]] = {
    "no headers": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: replace(r, headers=[])),
    "no id": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_id", None)),
    "no secrecy": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_secrecy", None)),
    "header not UTF-8": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_id", b"\xff\xfe")),
    "header with NUL": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_id", b"a\x00b")),
    "header named with NUL": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_\x00", b"x")),
    "header in capitals": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_ID", b"x")),
    "header twice": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: replace(r, headers=[*r.headers, ("ce_id", b"x")]),
    ),
    "time no time": (ParkingName.BAD_ENVELOPE, lambda core, ids, r: with_header(r, "ce_time", b"yesterday")),
    "another media type": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: with_header(r, "content-type", b"text/xml"),
    ),
    "header of 100 KB": (
        ParkingName.BAD_ENVELOPE,
        lambda core, ids, r: with_header(r, "ce_id", b"x" * 100_000),
    ),
    "no key": (ParkingName.MISSING_KEY, lambda core, ids, r: replace(r, key=None)),
    "empty key": (ParkingName.MISSING_KEY, lambda core, ids, r: replace(r, key=b"")),
    "foreign source": (ParkingName.FOREIGN_SOURCE, lambda core, ids, r: signed_as(core, r, source="court")),
    "the hub's name": (ParkingName.FOREIGN_SOURCE, lambda core, ids, r: signed_as(core, r, source="hub")),
    "unknown type": (
        ParkingName.UNKNOWN_TYPE,
        lambda core, ids, r: signed_as(core, r, type="task.unheard_of.v1"),
    ),
    "unknown version": (
        ParkingName.UNKNOWN_TYPE,
        lambda core, ids, r: signed_as(core, r, type="task.signed.v9"),
    ),
    "type of the hub": (
        ParkingName.UNKNOWN_TYPE,
        lambda core, ids, r: signed_as(core, r, type="task.assigned.v1"),
    ),
    "the clock's type": (
        ParkingName.UNKNOWN_TYPE,
        lambda core, ids, r: signed_as(core, r, type="hub.early_expired.v1"),
    ),
    "no data": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, b"")),
    "not UTF-8": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, b'{"a":"\xff"}')),
    "lone surrogate": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, b'{"a":"\\ud800"}')),
    "NaN": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, b'{"a":NaN}')),
    "a list": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, b"[]")),
    "cut off": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, r.value[:-5])),
    "very deep": (
        ParkingName.UNREADABLE,
        lambda core, ids, r: with_data(core, ids, b'{"a":' + b"[" * 50_000),
    ),
    "field missing": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(core, ids, to_json({"task": ids.task})),
    ),
    "wrong type of field": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(core, ids, to_json(data_of(ids, legal_at=5))),
    ),
    "NUL in a text": (
        ParkingName.WRONG_SCHEMA,
        lambda core, ids, r: with_data(core, ids, to_json(data_of(ids, note="a\x00b"))),
    ),
    "no signature": (ParkingName.BAD_SIGNATURE, lambda core, ids, r: with_header(r, "ce_signature", None)),
    "signature of others": (
        ParkingName.BAD_SIGNATURE,
        lambda core, ids, r: with_header(
            r,
            "ce_signature",
            dict(core.message("justice", "task.signed", ids.case, b"{}").headers)["ce_signature"],
        ),
    ),
    "data changed": (ParkingName.BAD_SIGNATURE, lambda core, ids, r: replace(r, value=r.value + b" ")),
    "attribute added": (ParkingName.BAD_SIGNATURE, lambda core, ids, r: with_header(r, "ce_new", b"x")),
    "unknown key": (ParkingName.UNKNOWN_SIGNER, lambda core, ids, r: with_header(r, "ce_keyid", b"stranger")),
    "900 KB": (ParkingName.UNREADABLE, lambda core, ids, r: with_data(core, ids, b"z" * 900_000)),
}
REFUSED: dict[str, tuple[RefusalName, Spoil]] = {
    "wrong partition": (RefusalName.WRONG_PARTITION, elsewhere),
    "key is not the case": (RefusalName.WRONG_PARTITION, lambda core, ids, r: replace(r, key=b"other")),
    **{
        level.value: (
            RefusalName.SECRECY_TOO_HIGH,
            lambda core, ids, r, level=level: signed_as(core, r, secrecy=level),
        )
        for level in (Secrecy.SECRET, Secrecy.CONFIDENTIAL, Secrecy.TOP_SECRET)
    },
}


@pytest.mark.parametrize("what", PARKED)
async def test_junk_is_parked_by_its_name_whole_and_sealed(core: Core, dsn: str | None, what: str) -> None:
    name, spoil = PARKED[what]
    ids = core.raise_("p1")
    good = core.message("justice", "task.received", ids.case, to_json(received(ids)))
    bad = spoil(
        core, ids, core.message("justice", "task.signed", ids.case, to_json(data_of(ids, note=SECRET)))
    )
    bad_at = core.bus.append(bad)
    core.bus.append(good)
    core.step(ids, "justice", "task.signed")
    await core.read()
    parked = [
        e for e in await core.entries() if e.origin and e.origin.offset == 0 and e.origin.topic == bad.topic
    ]
    assert [(e.outcome, e.reason) for e in parked] == [(Outcome.PARKED, name)]
    assert parked[0].events == []
    others = [e.outcome for e in await core.entries() if e is not parked[0] and e.origin and e.origin.offset]
    assert set(others) == {Outcome.DECIDED}
    assert len(await core.entries()) == 4
    await assert_nowhere(core, dsn, SECRET)
    name_of_key = parked_name(bad_at.partition, parked[0].seq)
    row = await parked_row(core, dsn, name_of_key)
    key = core.sealer.unwrap(name_of_key, row["wrapped"])
    whole = from_json(key.open(row["raw"].decode(), name_of_key.encode()))
    assert whole == from_json(record_bytes(bad_at))
    assert bytes.fromhex(whole["value"]) == bad.value
    await core.relay()
    receipt = core.told("justice", "receipts.issued")[0][1]["receipts"][0]
    assert (receipt["outcome"], receipt["reason"]) == ("parked", name)
    assert (receipt["topic"], receipt["partition"], receipt["offset"]) == (bad.topic, bad.partition, 0)


def received(ids: Ids) -> dict[str, Any]:
    return {"referral": ids.referral, "task": ids.task, "received_at": STAMP}


async def parked_row(core: Core, dsn: str | None, name: str) -> dict[str, Any]:
    """The sealed record and the wrapped key of the only thing that is parked."""
    wrapped = (await core.stores.journal.keys([name]))[name]
    if dsn is None:
        (row,) = [row for row, _ in core.stores.intake.parked()]  # type: ignore[attr-defined]
        return {"raw": row.raw, "wrapped": wrapped}
    import asyncpg

    connection = await asyncpg.connect(dsn)
    raw = await connection.fetchval("SELECT raw FROM parked")
    await connection.close()
    return {"raw": raw, "wrapped": wrapped}


@pytest.mark.parametrize("what", REFUSED)
async def test_refused_at_the_door(core: Core, dsn: str | None, what: str) -> None:
    name, spoil = REFUSED[what]
    ids = core.raise_("p1")
    bad = spoil(
        core, ids, core.message("justice", "task.signed", ids.case, to_json(data_of(ids, note=SECRET)))
    )
    core.bus.append(bad)
    core.step(ids, "justice", "task.signed")
    await core.read()
    (refused,) = [e for e in await core.entries() if e.outcome is Outcome.REFUSED]
    assert refused.reason == name
    await assert_nowhere(core, dsn, SECRET)
    await core.relay()
    assert [d["reason"] for _, d in core.told("justice", "message.refused")] == [name]
    assert [e.outcome for e in await core.entries()].count(Outcome.DECIDED) == 2


SPOILED: dict[str, Callable[[OutRecord], OutRecord]] = {
    "as it is": lambda r: r,
    "bad envelope": lambda r: with_header(r, "ce_time", b"never"),
    "no key": lambda r: replace(r, key=None),
    "unreadable": lambda r: replace(r, value=SECRET.encode()),
    "attribute twice": lambda r: replace(r, headers=[*r.headers, ("ce_id", b"x")]),
}


@pytest.mark.parametrize("spoiled", SPOILED)
async def test_of_a_secret_only_hash_and_sender_are_stored(core: Core, dsn: str | None, spoiled: str) -> None:
    ids = core.raise_("p1")
    data = to_json(data_of(ids, note=SECRET, document="密字第号"))
    record = core.message(
        "justice", "task.signed", ids.case, data, message="nothing-of-this", secrecy=Secrecy.SECRET
    )
    core.bus.append(SPOILED[spoiled](record))
    await core.read()
    (refused,) = [e for e in await core.entries() if e.outcome is Outcome.REFUSED]
    assert refused.reason == RefusalName.SECRECY_TOO_HIGH
    assert refused == Entry(
        shard=refused.shard,
        seq=refused.seq,
        received_at=refused.received_at,
        outcome=Outcome.REFUSED,
        rules=core.rules.digest,
        origin=refused.origin,
        reason="secrecy_too_high",
        detail="secrecy 'secret'",
        allowed=["internal", "public"],
        mac=refused.mac,
        claim=refused.claim,
    )
    # By which the kit knows its own; of two ids it claims neither.
    twice = spoiled == "attribute twice"
    assert refused.claim == (None if twice else sha256(b"nothing-of-this").hexdigest())
    assert refused.mac is not None
    assert len(refused.mac) == 64
    assert refused.origin is not None
    assert refused.origin.topic == core.names.out_of("justice")
    await assert_nowhere(core, dsn, SECRET, "密字第号", "nothing-of-this")


async def test_a_key_counts_while_it_is_valid(core: Core) -> None:
    """By the broker's time, not by the sender's word."""
    end = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    kept = {("petition", "petition-1"): (entry("petition"), secret_key("petition").public_key())}
    kept["justice", "justice-1"] = (entry("justice", valid_to=end), secret_key("justice").public_key())
    ids = core.raise_("p1")
    core.step(ids, "justice", "task.received")
    core.later(hours=1)
    core.step(ids, "justice", "task.signed")
    await core.read(core.intake(keys=KeyRegistry(kept)))
    assert [(e.outcome, e.reason) for e in await core.entries()] == [
        (Outcome.DECIDED, None),
        (Outcome.DECIDED, None),
        (Outcome.PARKED, ParkingName.UNKNOWN_SIGNER),
    ]


async def test_fields_that_nobody_knows_are_ignored_but_never_lie_open(core: Core, dsn: str | None) -> None:
    """A later version of a type may add fields, at any depth; they may be personal (5a.7)."""
    record, ids = core.raised("p1", added="测试员戊", papers=[])
    data = from_json(record.value)
    common = {"sha256": "a" * 64, "size": 1, "media_type": "application/pdf", "handed_in_by": "测试员己"}
    data["papers"] = [{"code": code, "title": "函", **common} for code in ("entrust_letter", "consent")]
    core.say("petition", "referral.raised", ids.case, to_json(data))
    await core.read()
    (raised,) = await core.entries()
    assert raised.outcome is Outcome.DECIDED
    await assert_nowhere(core, dsn, "测试员戊", "测试员己", "测试员甲", "邻里纠纷")
    assert await places(core.stores, dsn, "entrust_letter") != []
    await core.relay()
    assigned = core.told("justice", "task.assigned")[0][1]
    assert assigned["parties"] == [{"role": "petitioner", "name": "测试员甲"}]
    assert "handed_in_by" not in assigned["papers"][0]


async def test_parking_does_not_wait_for_a_broken_neighbour_shard(core: Core) -> None:
    """All shards go on at once."""
    cases = [core.raise_(f"p{n}") for n in range(12)]
    assert {partition_of(ids.case, core.shards) for ids in cases} == set(range(core.shards))
    for ids in cases:
        core.bus.append(replace(core.message("justice", "task.signed", ids.case, b"{"), headers=[]))
    await asyncio.wait_for(core.read(), 60)
    assert [e.outcome for e in await core.entries()].count(Outcome.DECIDED) == 12

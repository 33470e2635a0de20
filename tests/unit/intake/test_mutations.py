"""Whatever becomes of a valid record on its way: the worker goes on, the record has exactly one outcome, and it is no defect.

Properties over random mutations of signed messages, on the core in memory; relay and projector pass all of it too.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bus.ports import OutRecord
from hub.domain.entry import Outcome
from hub.errors import ParkingName
from hub.store.memory import MemoryStore
from schemas.envelope import Envelope, Secrecy
from schemas.partitioner import partition_of
from schemas.signature import sign
from tests.support.core import Core, Ids, memory_stores, papers

SHARDS = 2
LEGAL_AT = "2026-03-02T10:00:00+08:00"
NASTY = [
    "",
    "\x00",
    "\ud800",
    "a" * 5_000,
    "９",
    "\u202e",
    "alias:",
    "hub",
    "court",
    "-1",
    "9" * 4_000,
    "1e999",
]

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40), st.uuids().map(str), st.datetimes().map(str))
moments = st.sampled_from(
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "2026-03-02", LEGAL_AT]
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**60),
    st.floats(),
    texts,
    moments,
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def steps(ids: Ids) -> list[tuple[str, str, dict[str, Any]]]:
    """Valid messages of the parties and of the hub itself on a standing case."""
    on = {"referral": ids.referral, "task": ids.task, "legal_at": LEGAL_AT}
    of = {"referral": ids.referral, "legal_at": LEGAL_AT}
    other = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    raised = {
        "legal_at": LEGAL_AT,
        "flow": "F20",
        "kind": "entrust",
        "local_number": "又一件",
        "title": "邻里纠纷",
        "parties": [{"role": "petitioner", "name": "测试员甲"}],
        "papers": papers("entrust_letter", "consent"),
        "lead": "justice",
    }
    return [
        ("petition", "referral.raised", raised),
        ("justice", "task.received", {"referral": ids.referral, "task": ids.task, "received_at": LEGAL_AT}),
        ("justice", "task.signed", on),
        ("justice", "task.accepted", on),
        ("justice", "task.progressed", {**on, "step": "hearing", "papers": papers("a")}),
        ("justice", "task.return_proposed", {**on, "reason_code": "not_suitable", "reason": "示例"}),
        ("justice", "task.replied", {**on, "reply": "mediation_result", "outcome": "agreement"}),
        ("justice", "redelivery.requested", {"from_sequence": 1, "to_sequence": 1}),
        ("justice", "case.fact_recorded", {"legal_at": LEGAL_AT, "fact": "custody", "value": "released"}),
        ("petition", "referral.withdrawal_requested", {**of, "reason": "示例"}),
        ("petition", "referral.corrected", {**of, "fields": ["title"], "title": "新题", "reason": "示例"}),
        ("petition", "case.linked", {"legal_at": LEGAL_AT, "other_case": other, "relation": "related"}),
        (
            "court",
            "warning.raised",
            {"legal_at": LEGAL_AT, "colour": "red", "title": "示例", "summary": "示例"},
        ),
        ("hub", "hub.early_expired", {"before": LEGAL_AT, "moment": LEGAL_AT}),
        ("hub", "hub.link_mirrored", {"other_case": other, "relation": "merged_from", "legal_at": LEGAL_AT}),
    ]


@dataclass
class World:
    """One hub for all examples: each has a case of its own."""

    runner: asyncio.Runner
    core: Core = field(default_factory=lambda: Core(memory_stores(MemoryStore(SHARDS), SHARDS)))
    number: int = 0

    def next_case(self) -> Ids:
        self.number += 1
        return self.core.raise_(f"m{self.number}")

    def record(self, ids: Ids, source: str, type_: str, data: Any, **envelope: Any) -> OutRecord:
        """Signed, on the topic of its source."""
        value = data if isinstance(data, bytes) else encoded(data)
        given = {
            "id": f"x{self.number}-{self.core._said}",
            "source": source,
            "type": f"{type_}.v1",
            "subject": ids.case,
        }
        self.core._said += 1
        made = Envelope.model_construct(
            **{
                "specversion": "1.0",
                "datacontenttype": "application/json",
                "time": self.core.at,
                "secrecy": Secrecy.INTERNAL,
                **given,
                **envelope,
            }
        )
        signed = sign(made, value, f"{source}-1", self.core.secrets[source])
        topic = self.core.names.hub("hub.clock.out" if type_ == "hub.early_expired" else "hub.desk.out")
        if source != "hub":
            topic = self.core.names.out_of(source)
        return OutRecord(topic, partition_of(ids.case, SHARDS), ids.case.encode(), value, signed.headers())


def encoded(data: Any) -> bytes:
    """JSON as careless software writes it: NaN, lone surrogates, numbers of any size."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")


def in_data(draw: Callable[..., Any], data: dict[str, Any]) -> dict[str, Any]:
    """One field replaced, removed or added; at the top or in something nested."""
    data = json.loads(json.dumps(data))
    stated = [name for name in data if name.endswith("_at")]
    if stated and draw(st.integers(0, 3)) == 0:
        return data | {draw(st.sampled_from(stated)): draw(moments)}
    place: Any = data
    while True:
        if isinstance(place, list):
            inner = [item for item in place if isinstance(item, dict)]
            if not inner:
                return data
            place = draw(st.sampled_from(inner))
            continue
        name = draw(st.one_of(st.sampled_from(sorted(place) or ["x"]), texts))
        if isinstance(place.get(name), list | dict) and place[name] and draw(st.booleans()):
            place = place[name]
            continue
        if draw(st.booleans()) and name in place:
            del place[name]
        else:
            place[name] = draw(values)
        return data


def in_record(draw: Callable[..., Any], record: OutRecord) -> OutRecord:
    """Bytes, headers, key or place changed after signing."""
    headers = list(record.headers)
    how = draw(
        st.sampled_from(
            ["flip", "cut", "insert", "header", "drop", "twice", "add", "key", "partition", "topic"]
        )
    )
    at = draw(st.integers(0, max(len(record.value) - 1, 0)))
    header = draw(st.integers(0, max(len(headers) - 1, 0)))
    noise = draw(st.binary(max_size=12))
    if how == "flip" and record.value:
        flipped = bytes([record.value[at] ^ draw(st.integers(1, 255))])
        return replace(record, value=record.value[:at] + flipped + record.value[at + 1 :])
    if how == "cut":
        return replace(record, value=record.value[:at])
    if how == "insert":
        return replace(record, value=record.value[:at] + noise + record.value[at:])
    if how == "key":
        return replace(record, key=draw(st.none() | st.binary(max_size=40)))
    if how == "partition":
        return replace(record, partition=1 - record.partition)
    if how == "topic":
        return replace(
            record, topic=draw(st.sampled_from(["dept.court.out", "dept.petition.out", "hub.clock.out"]))
        )
    if how == "add":
        name = "ce_" + draw(st.text("abc9_\x00é", max_size=6))
        return replace(record, headers=[*headers, (name, draw(st.none() | st.binary(max_size=12)))])
    if headers and how == "drop":
        del headers[header]
    elif headers and how == "twice":
        headers.append(headers[header])
    elif headers:
        headers[header] = (headers[header][0], noise)
    return replace(record, headers=headers)


@st.composite
def mutated(draw: Callable[..., Any]) -> Callable[[World, Ids], OutRecord]:
    """How to make one record: which message, what was wrong before signing, what became wrong after."""
    which = draw(st.integers(0, 14))
    wrong_data, wrong_record = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    attributes: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "id": st.sampled_from(["same", "", "a b", "x" * 65]),
                "subject": st.sampled_from(
                    ["alias:court:case_number:（2026）京01民初1号", "nothing", "alias:court:x:" + "y" * 200]
                ),
                "type": st.sampled_from(
                    ["task.signed.v1", "task.signed.v9", "task.assigned.v1", "hub.passed_on.v1", "x"]
                ),
                "secrecy": st.sampled_from(list(Secrecy)),
            },
        )
        if draw(st.integers(0, 3)) == 0
        else st.just({})
    )

    def make(world: World, ids: Ids) -> OutRecord:
        source, type_, data = steps(ids)[which]
        for _ in range(wrong_data):
            data = in_data(draw, data)
        record = world.record(ids, source, type_, data, **attributes)
        for _ in range(wrong_record):
            record = in_record(draw, record)
        return record

    return make


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """On an event loop of its own, so that examples are plain functions."""
    with asyncio.Runner() as runner:
        yield World(runner)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_each_record_has_one_named_outcome_and_the_next_goes_on(world: World, data: st.DataObject) -> None:
    core = world.core
    ids = world.next_case()
    written = []
    for _ in range(data.draw(st.integers(1, 12))):
        written.append(core.bus.append(data.draw(mutated())(world, ids)))
    last = core.message(
        "petition", "case.fact_recorded", ids.case, {"legal_at": LEGAL_AT, "fact": "f", "value": "v"}
    )
    written.append(core.bus.append(last))
    before = {shard: len(core.handed[shard]) for shard in range(SHARDS)}
    core.later(hours=1)
    world.runner.run(passed(core))
    new = [
        c.entry
        for shard in range(SHARDS)
        for c in core.handed[shard][before[shard] :]
        if c.entry.refers is None
    ]
    places = [(e.origin.topic, e.origin.partition, e.origin.offset) for e in new if e.origin is not None]
    for record in written:
        assert places.count((record.topic, record.partition, record.offset)) == 1, record
    assert [e.detail for e in new if e.reason == ParkingName.DEFECT] == []
    (healthy,) = [
        e
        for e in new
        if e.origin
        and (e.origin.topic, e.origin.offset) == (last.topic, written[-1].offset)
        and e.origin.partition == written[-1].partition
    ]
    assert healthy.outcome is Outcome.DECIDED or healthy.reason in (ParkingName.HELD, "case_merged"), healthy


async def passed(core: Core) -> None:
    """Read to the ends; then relay and projector."""
    await core.read()
    await core.relay()
    await core.project()

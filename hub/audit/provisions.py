"""What departments were given of cases: who, which fields, on what basis, to whom, when. Derived from the journal.

Nothing is kept beside the journal for it: a `notified` event says to whom, with which ceiling and from which messages the
relay composes the record, so the same event gives the fields.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pydantic_core import to_json
from rich.table import Table

from hub.domain.case import MessageRef
from hub.domain.decision import CHINA
from hub.domain.entry import Entry
from hub.domain.events import Notified
from hub.domain.rules import Rules
from hub.domain.view import compose
from hub.relay.relay import Relay
from hub.store import read_as_of
from hub.store.reading import Snapshot, standing
from schemas.classes import FieldClass, field_classes
from schemas.messages import kind_of
from schemas.messages.outbound import TaskAssigned

_ASSIGNED = frozenset(TaskAssigned.model_fields)


@dataclass(frozen=True, slots=True)
class Provision:
    """One record for one department.

    `by`: the department whose message it passes on; `hub` for the hub's own. `fields`: those that it holds. `sealed`:
    those among them that are sealed at rest; which of these the sender had filled is in the sealed message alone.
    `basis`: law and articles of the flow's version under which the referral was raised. `relayed`: it went out.
    """

    shard: int
    seq: int
    at: str
    case: str
    to: str
    sequence: int
    type: str
    by: str
    flow: str | None
    version: int | None
    basis: str | None
    ceiling: str
    fields: tuple[str, ...]
    sealed: tuple[str, ...]
    relayed: bool


async def provisions(
    view: Snapshot,
    rules: Rules | None,
    case: str | None = None,
    department: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AsyncIterator[Provision]:
    """By case, in order: of one case, to one department, from a moment until before another. Raises StoreTrouble.

    Reads the entries of the cases in question; without case and department, of all. Without `rules` no basis is told.
    """
    cases: Sequence[str] | None = None if case is None else [case]
    if cases is None and department is not None:
        cases = await read_as_of.candidates(view, department, None)
    passed = (await standing(view)).followers
    last = until or datetime.max.replace(tzinfo=CHINA)
    async for _, entries in read_as_of.entries_until(view, last, cases):
        for one in of_case(entries, rules):
            at = datetime.fromisoformat(one.at)
            fits = (since is None or at >= since) and (until is None or at < until)
            if fits and department in (None, one.to):
                yield _relayed(one, passed)


def _relayed(one: Provision, passed: Mapping[tuple[str, int], int]) -> Provision:
    out = passed.get((Relay.name, one.shard), 0) >= one.seq
    return Provision(**{**asdict(one), "relayed": out})


def of_case(entries: Iterable[Entry], rules: Rules | None) -> Iterable[Provision]:
    """The provisions of one case's entries, in order. Pure."""
    held: dict[MessageRef, Entry] = {}
    flows: dict[str, tuple[str, int]] = {}
    for entry in entries:
        if entry.open is not None and entry.refers is None:
            held[MessageRef(entry.source or "", entry.message or "")] = entry
        for event in entry.events:
            if event.e == "referral_raised":
                flows[event.referral] = event.flow, event.flow_version
            elif event.e == "notified":
                yield _provision(entry, event, held, flows, rules)


def _provision(
    entry: Entry,
    event: Notified,
    held: Mapping[MessageRef, Entry],
    flows: Mapping[str, tuple[str, int]],
    rules: Rules | None,
) -> Provision:
    ceiling = FieldClass(event.ceiling)
    refs = event.contents or ([] if event.actor is None else [_decided(entry)])
    messages = [held[ref] for ref in refs]
    # As the relay composes it, from the fields that are open at rest.
    contents = {ref: (held[ref].type or "", held[ref].open or {}) for ref in refs}
    shown = compose(event, contents[refs[0]] if refs else None, contents)
    sealed = {
        name
        for message in messages
        if message.sealed is not None
        for name, mark in field_classes(kind_of(message.type or "").model).items()
        if mark.sealed and mark.level <= ceiling and (not event.contents or name in _ASSIGNED)
    }
    flow, version = flows.get(shown.get("referral", ""), (None, None))
    return Provision(
        entry.shard,
        entry.seq,
        entry.received_at,
        entry.case or "",
        event.to,
        event.sequence,
        event.type,
        messages[0].source or "hub" if messages else "hub",
        flow,
        version,
        _basis(flow, version, rules),
        ceiling.name.lower(),
        tuple(sorted(shown)),
        tuple(sorted(sealed)),
        relayed=False,
    )


def _decided(entry: Entry) -> MessageRef:
    return entry.refers or MessageRef(entry.source or "", entry.message or "")


def _basis(flow: str | None, version: int | None, rules: Rules | None) -> str | None:
    if flow is None or version is None or rules is None:
        return None
    try:
        found = rules.flow_version(flow, version)
    except KeyError:
        return None
    return f"{found.law} {'、'.join(found.articles)}"


def provisions_json(found: Sequence[Provision]) -> bytes:
    """One JSON array."""
    return to_json([asdict(one) for one in found], indent=2)


def provisions_table(found: Sequence[Provision]) -> Table:
    """For a terminal, times in China."""
    table = Table()
    for heading in ("时间", "案件 流水", "提供 → 接收", "报文 序号", "依据", "字段（*加密存储）"):
        table.add_column(heading, overflow="fold")
    for one in found:
        at = datetime.fromisoformat(one.at).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        fields = [*one.fields, *(f"*{name}" for name in one.sealed)]
        table.add_row(
            at + ("" if one.relayed else "\n尚未发出"),
            f"{one.case}\n{one.shard}/{one.seq}",
            f"{one.by} → {one.to}\n{one.ceiling}",
            f"{one.type} #{one.sequence}",
            f"{one.flow or ''}\n{one.basis or ''}",
            " ".join(fields),
        )
    return table

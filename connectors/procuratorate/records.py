"""The rows of the exchange tables, put together by the record 部门受案号 that they tell of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.transports.exchange_walk import Row

MILESTONES = {"qs": "task.signed.v1", "sl": "task.accepted.v1", "ks": "task.started.v1"}


@dataclass(slots=True)
class Record:
    """The rows of one record 部门受案号, as one snapshot shows them."""

    number: str
    steps: list[Row] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)
    unreadable: list[Row] = field(default_factory=list)
    card: Row | None = None


def records_of(found: Mapping[str, Sequence[Row]]) -> list[Record]:
    """Steps in the order of their numbers, each once; a deletion counts where no row of the step is left."""
    records: dict[str, Record] = {}
    told = {
        "T_AJ_OUT": list(found["T_AJ_OUT"]),
        "T_SA_OUT": [
            _milestone(row, each) for row in found["T_SA_OUT"] for each in MILESTONES if row[f"{each}xh"]
        ],
        "T_CZ_OUT": sorted(found["T_CZ_OUT"], key=_age),
        "T_SC_OUT": list(found["T_SC_OUT"]),
    }
    for name, rows in told.items():
        for row in rows:
            record = records.setdefault(row["bmsah"], Record(row["bmsah"]))
            if not record.number or not row["czxh"].isdecimal():
                record.unreadable.append(row)
            elif all(row["czxh"] != step["czxh"] for step in record.steps):
                (record.deleted if name == "T_SC_OUT" else record.steps).append(row)
                record.card = row if name == "T_AJ_OUT" else record.card
    for record in records.values():
        record.steps.sort(key=lambda step: int(step["czxh"]))
    return list(records.values())


def by_owner(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Parties or papers by the row that they belong to, in their order."""
    owned: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (len(row["sx"]), row["sx"])):
        owned[row["ssxh"]].append(row)
    return owned


def _age(row: Row) -> tuple[str, str]:
    """Of rows that tell of one step the first counts: a double made later must not change what was told."""
    return row["add_time"], row["xh"]


def _milestone(row: Row, prefix: str) -> Row:
    """A step that stands in columns of the acceptance row, in the shape of a row of its own."""
    columns = {"czxh": "xh", "lsh": "ls", "flsj": "sj", "jbr": "r", "wsh": "wh", "bz": "bz"}
    own = {name: row[f"{prefix}{suffix}"] for name, suffix in columns.items()}
    kept = {name: row[name] for name in ("xh", "tysah", "bmsah", "wlajh", "wlywh", "wlrwh")}
    return {**kept, **own, "type": MILESTONES[prefix]}

"""The independent observer: what each department had to get, and what stands in its own books. The hub is not asked.

What had to come follows from the other departments' logs of steps (`deploy.sandbox.core.checker.expected`); that those
steps were given to Kafka and acknowledged follows from the senders' connectors' ledgers.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from deploy.drill.ledgers import rows
from deploy.sandbox.core.checker import (
    ARRIVES_AS,
    SENT_AS,
    Expected,
    Holding,
    as_told,
    compare,
    essence,
    expected,
    noted,
)
from deploy.sandbox.core.matter import Matter

Note = tuple[str, Mapping[str, Any]]
_KINDS = frozenset(ARRIVES_AS.values())
# Under which kind a step would have arrived, by the type of the message that the hub refused.
_ARRIVES_AS = {f"{SENT_AS[step]}.v1": kind for step, kind in ARRIVES_AS.items()}
_REOPENED = "referral.reopened.v1"
_OWN = "('task.received.v1', 'redelivery.requested.v1')"
_ACKNOWLEDGED = f"SELECT count(*) FROM outbox WHERE state IN ('sent', 'receipted') AND type NOT IN {_OWN}"
_DELIVERED = "SELECT message, case_id, sequence FROM inbox WHERE state = 'delivered' AND sequence > 0"
_LEFT = {
    "发件箱未回执 messages without receipt": "SELECT count(*) FROM outbox WHERE state <> 'receipted'",
    "收件箱未送达 deliveries that wait": "SELECT count(*) FROM inbox WHERE state = 'pending'",
    "被系统拒收 deliveries rejected": "SELECT count(*) FROM inbox WHERE state = 'rejected'",
    "缺口 holes": "SELECT count(*) FROM hole",
    "无法映射 changes set aside": "SELECT count(*) FROM unmapped",
    "无法读取 unreadable records": "SELECT count(*) FROM rejected",
}


@dataclass
class Line:
    """One department as receiver. `acknowledged`: what Kafka acknowledged to the senders and had to come here.

    What the hub refused by name, and told its sender so, had not to come.
    """

    department: str
    acknowledged: int = 0
    found: int = 0
    doubled: int = 0
    disordered: int = 0
    unexplained: int = 0

    @property
    def holds(self) -> bool:
        """Everything once, in order, and nothing else."""
        return self.found == self.acknowledged and not (self.doubled or self.disordered or self.unexplained)


@dataclass(frozen=True)
class Count:
    """The lines, and in words everything that is not as it must be (empty when all is)."""

    lines: Sequence[Line]
    problems: Sequence[str]


@dataclass
class Books:
    """The books of one run: departments by their directories, with the seed and plan that the run was given."""

    seed: int
    plan: Mapping[str, Sequence[Matter]]
    places: Mapping[str, Path]

    def count(self) -> Count:
        """Read everything and compare. Call it when nothing moves any more."""
        holdings = {name: Holding.read(place / "records.db", name) for name, place in self.places.items()}
        wanted = expected(self.seed, self.plan, holdings)
        problems = [*_unacknowledged(self.places, holdings), *compare(wanted, holdings), *_left(self.places)]
        done = _steps(holdings)
        refused = _refused(holdings)
        lines = [self._line(name, wanted, holding, done, refused) for name, holding in holdings.items()]
        return Count(lines, problems)

    def moves(self) -> tuple[tuple[int, ...], int]:
        """What changes while anything moves, and how many messages of the connectors are not at their end."""
        counts = []
        waiting = 0
        for place in self.places.values():
            for table in ("step", "received"):
                counts.append(_number(place / "records.db", f"SELECT count(*) FROM {table}"))
            waiting += _number(
                place / "connector.db", "SELECT count(*) FROM outbox WHERE state <> 'receipted'"
            )
            waiting += _number(place / "connector.db", "SELECT count(*) FROM inbox WHERE state = 'pending'")
        return tuple(counts), waiting

    def _line(
        self,
        department: str,
        wanted: Expected,
        holding: Holding,
        done: Counter[Hashable],
        refused: Mapping[tuple[str, str], Counter[str]],
    ) -> Line:
        line = Line(department)
        due: Counter[Hashable] = Counter(
            {task: times for task, times in wanted.tasks.items() if task[0] == department}
        )
        arrived = noted(holding)
        notes = {
            key: _owed(must, arrived.get(key, []), refused.get(key[1:], Counter()))
            for key, must in wanted.notes.items()
            if key[0] == department
        }
        for key, must in notes.items():
            due.update((key, note) for note in must)
        had: Counter[Hashable] = Counter(
            (department, record.flow, record.title, record.role or "")
            for record in holding.records
            if record.direction == "received"
        )
        got = {key: [_name(note) for note in has] for key, has in arrived.items()}
        for key, has in got.items():
            had.update((key, note) for note in has)
            line.disordered += _descents(has, notes.get(key, []))
        line.acknowledged = due.total()
        line.found = sum(min(times, had[thing]) for thing, times in due.items())
        # What a department did may also be told to others than those who need it: once, and only what was done.
        allowed = {thing: due[thing] or done[_without_receiver(thing)] for thing in had}
        line.doubled = sum(max(0, had[thing] - times) for thing, times in allowed.items() if times)
        line.doubled += _told_twice(holding)
        line.unexplained = sum(had[thing] for thing, times in allowed.items() if not times)
        line.disordered += self._against_sequence(holding)
        return line

    def _against_sequence(self, holding: Holding) -> int:
        """How often, within a case, a later record of the hub was written into the books before an earlier one."""
        arrived = {item.delivery_id: item.ordinal for item in holding.received}
        cases: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for message, case, sequence in rows(self.places[holding.department] / "connector.db", _DELIVERED):
            if message in arrived:
                cases[case].append((sequence, arrived[message]))
        return sum(_falls([ordinal for _, ordinal in sorted(case)]) for case in cases.values())


def _unacknowledged(places: Mapping[str, Path], holdings: Mapping[str, Holding]) -> list[str]:
    problems = []
    for name, holding in holdings.items():
        acknowledged = _number(places[name] / "connector.db", _ACKNOWLEDGED)
        if acknowledged != len(holding.steps):
            problems.append(
                f"{name}: {len(holding.steps)} steps in its system, Kafka acknowledged {acknowledged}"
            )
    return problems


def _left(places: Mapping[str, Path]) -> list[str]:
    return [
        f"{name}: {left} {what}"
        for name, place in places.items()
        for what, sql in _LEFT.items()
        if (left := _number(place / "connector.db", sql))
    ]


def _steps(holdings: Mapping[str, Holding]) -> Counter[Hashable]:
    """How often each department did what, as it would be told to another: by (task, actor) and note."""
    done: Counter[Hashable] = Counter()
    for department, holding in holdings.items():
        for step in holding.steps:
            task = step.fields.get("ext_task")
            if step.kind in ARRIVES_AS and task:
                done[(task, department), _name((ARRIVES_AS[step.kind], essence(as_told(step))))] += 1
    return done


def _without_receiver(thing: Hashable) -> Hashable:
    match thing:
        case ((_, task, actor), note):
            return (task, actor), note
    return None


def _told_twice(holding: Holding) -> int:
    """The same words of the hub twice on one matter; a matter that was done or opened again may be closed again."""
    told: Counter[tuple[str | None, str, str]] = Counter()
    again: Counter[str | None] = Counter()
    for item in holding.received:
        # The hub's own rework comes with the word that the matter is open again: it counts once.
        if (item.kind == "rework" and item.fields.get("actor")) or _REOPENED in item.fields.values():
            again[item.number] += 1
        if item.kind not in (*_KINDS, "task"):
            told[item.number, item.kind, repr(sorted(item.fields.items(), key=str))] += 1
    return sum(max(0, times - 1 - again[number]) for (number, _, _), times in told.items())


def _descents(has: Sequence[str], must: Sequence[str]) -> int:
    """How often a note stands before one that it must follow; what must not be there does not count here."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, note in enumerate(must):
        places[note].append(place)
    return _falls([places[note].pop(0) for note in has if places[note]])


def _falls(numbers: Sequence[int]) -> int:
    return sum(later < earlier for earlier, later in pairwise(numbers))


def _refused(holdings: Mapping[str, Holding]) -> dict[tuple[str, str], Counter[str]]:
    """Which steps of a department on a task the hub refused: kinds, by task and department."""
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for department, holding in holdings.items():
        for item in holding.received:
            if item.kind == "refused" and (kind := _ARRIVES_AS.get(str(item.fields.get("type")))):
                found[str(item.fields.get("ext_task")), department][kind] += 1
    return found


def _owed(must: Sequence[Note], has: Sequence[Note], refused: Counter[str]) -> list[str]:
    """The names of what must be there, without those that did not come because the hub refused them."""
    came, excused = Counter(map(_name, has)), Counter(refused)
    owed = []
    for note in must:
        name = _name(note)
        if came[name]:
            came[name] -= 1
        elif excused[note[0]]:
            excused[note[0]] -= 1
            continue
        owed.append(name)
    return owed


def _name(note: Note) -> str:
    return repr((note[0], sorted(note[1].items())))


def _number(path: Path, sql: str) -> int:
    found = rows(path, sql)
    return int(found[0][0]) if found else 0

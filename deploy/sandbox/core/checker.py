"""Whether every department holds what it must, computed from the plan and the departments' own logs alone.

A department's log of steps says what it sent. From all logs follows what must have arrived where: `expected`.
What is in the departments' storage is the `Holding`s; `compare` names every difference. The hub is never
asked.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.sandbox.core.matter import Matter, Received, Record, Step, content_bytes
from deploy.sandbox.core.policies import DEFAULT, Policies, choose
from deploy.sandbox.core.records import Records

ARRIVES_AS = {
    "sign": "signed",
    "accept": "accepted",
    "propose_return": "return_proposed",
    "decide_return": "return_decided",
    "request_supplement": "supplement_requested",
    "provide_supplement": "supplement_provided",
    "start": "started",
    "progress": "progressed",
    "reply": "replied",
    "confirm": "confirmed",
    "rework": "rework",
}
SENT_AS = {
    "sign": "task.signed",
    "accept": "task.accepted",
    "propose_return": "task.return_proposed",
    "decide_return": "return.decided",
    "request_supplement": "task.supplement_requested",
    "provide_supplement": "supplement.provided",
    "start": "task.started",
    "progress": "task.progressed",
    "hand_over": "task.handed_over",
    "reply": "task.replied",
    "confirm": "reply.confirmed",
    "rework": "rework.requested",
}
HUB = "hub"
"""The actor of what no department did: the hub sends a matter back when a follow-up finds the citizen not satisfied."""

_FLOWS = Path(__file__).parents[3] / "hub" / "rules" / "flows"
_TOLD = {"reply": "reply_code", "step": "step_code"}
_SAME = ("outcome", "reason_code", "suggested_to", "agreed", "reassign_to", "reply", "step")
_OVER = ("returned", "withdrawn", "cancelled", "closed")


@dataclass(frozen=True, slots=True)
class Holding:
    """Everything that one department's own storage holds."""

    department: str
    records: Sequence[Record]
    steps: Sequence[Step]
    received: Sequence[Received]

    @classmethod
    def of(cls, records: Records) -> "Holding":
        """Reads the records whole."""
        steps: list[Step] = []
        while page := records.steps_after(steps[-1].seq if steps else 0, 1000):
            steps.extend(page)
        return cls(records.department, records.all_records(), steps, records.received_log())

    @classmethod
    def read(cls, path: Path, department: str) -> "Holding":
        """Reads the file of a stand-in's records, whether its process runs or not."""
        records = Records(path, department)
        try:
            return cls.of(records)
        finally:
            records.close()


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be held. `tasks`: how often a department holds a task (department, flow, title, role).

    `matters`: what a task's content must be, by flow and title. `notes`: for a department, a task and an
    actor, the notes in order. `problems`: contradictions found on the way (a plan that was not raised, a
    script not followed).
    """

    tasks: Counter[tuple[str, str, str, str]]
    matters: Mapping[tuple[str, str], tuple[str, Step]]
    notes: Mapping[tuple[str, str, str], Sequence[tuple[str, Mapping[str, Any]]]]
    problems: Sequence[str]


def expected(
    seed: int, plan: Mapping[str, Sequence[Matter]], logs: Mapping[str, Holding], policies: Path = DEFAULT
) -> Expected:
    """What every department must hold by now. Of receivers it takes only their steps and tasks."""
    problems: list[str] = []
    matters: dict[tuple[str, str], tuple[str, Step]] = {}
    for department, log in logs.items():
        for step in log.steps:
            if step.kind == "raise":
                key = (step.fields["flow"], step.fields["title"])
                if key in matters:
                    problems.append(f"{department} {step.number}: raised twice: {key}")
                matters[key] = (department, step)
    problems += _plan_problems(plan, matters)
    tasks: Counter[tuple[str, str, str, str]] = Counter()
    for (flow, title), (_, step) in matters.items():
        tasks[step.fields["lead"], flow, title, "lead"] += 1
        tasks.update((name, flow, title, "co_handler") for name in step.fields["co_handlers"])
        tasks.update((name, flow, title, "copy") for name in step.fields["copies"])
    holders = {
        record.ext_task: (department, record)
        for department, log in logs.items()
        for record in log.records
        if record.direction == "received" and record.ext_task
    }
    notes: defaultdict[tuple[str, str, str], list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for department, log in logs.items():
        for step in log.steps:
            task = step.fields.get("ext_task")
            if step.kind not in ARRIVES_AS or task not in holders:
                continue
            holder, record = holders[task]
            if step.kind == "decide_return" and step.fields["agreed"] and step.fields["reassign_to"]:
                tasks[step.fields["reassign_to"], record.flow, record.title, record.role or ""] += 1
            sender = matters.get((record.flow, record.title))
            receiver = holder if department != holder else sender[0] if sender else None
            if receiver is not None and record.role != "copy":
                notes[receiver, task, department].append((ARRIVES_AS[step.kind], essence(as_told(step))))
    for receiver, task in _reopened(logs, holders):
        notes[receiver, task, HUB].append(("rework", _by_the_hub()))
    problems += _script_problems(seed, Policies.load(policies), logs)
    return Expected(tasks, matters, notes, problems)


def compare(wanted: Expected, actual: Mapping[str, Holding], finished: bool = True) -> list[str]:
    """Every way in which the departments hold something else than they must; empty when all is right.

    A step that the hub refused, and told its sender so ("refused" on the same case), is allowed to be
    missing. With `finished` a task on which a lead or co-handler still owes the final reply is a problem too.
    """
    problems = list(wanted.problems)
    held = Counter(
        (department, record.flow, record.title, record.role or "")
        for department, holding in actual.items()
        for record in holding.records
        if record.direction == "received"
    )
    for task in sorted({*held, *wanted.tasks}):
        if held[task] != wanted.tasks[task]:
            problems.append(f"task {task}: held {held[task]} times, must be {wanted.tasks[task]}")
    for department, holding in actual.items():
        problems += _content_problems(department, holding, wanted)
        problems += _note_problems(department, holding, wanted, _refused(actual))
        if finished:
            problems += _open_problems(department, holding)
    return problems


def _reopened(
    logs: Mapping[str, Holding], holders: Mapping[str, tuple[str, Record]]
) -> list[tuple[str, str]]:
    """Whose task the hub gives back, and which, for each follow-up below the flow's rating of satisfaction.

    It does so as often as the flow allows, once the lead has given its final reply.
    """
    back: Counter[tuple[str, str]] = Counter()
    replied = {
        step.fields.get("ext_task")
        for log in logs.values()
        for step in log.steps
        if step.kind == "reply" and step.fields["outcome"]
    }
    for department, log in logs.items():
        raised = {record.number: record for record in log.records if record.direction == "raised"}
        for step in log.steps:
            if step.kind != "followup" or step.number not in raised:
                continue
            record = raised[step.number]
            rule, rating = _followup(record.flow), step.fields["rating"]
            if not step.fields["reached"] or rule is None or rating is None or rating >= rule["satisfied"]:
                continue
            for task, (holder, held) in holders.items():
                same = (held.flow, held.title, held.role) == (record.flow, record.title, "lead")
                if same and held.content.get("sender") == department and task in replied:
                    back[holder, task] = min(back[holder, task] + 1, rule["reopenings"])
    return list(back.elements())


@cache
def _followup(flow: str) -> dict[str, Any] | None:
    """What the catalogue says about a flow's follow-up 回访."""
    rule = yaml.safe_load((_FLOWS / f"{flow}.yaml").read_text("utf-8")).get("followup")
    return dict(rule) if rule else None


def _by_the_hub() -> dict[str, Any]:
    """The hub's own words have their moment from the hub's clock, which nobody else knows."""
    return {"papers": []}


def _plan_problems(
    plan: Mapping[str, Sequence[Matter]], matters: Mapping[tuple[str, str], tuple[str, Step]]
) -> list[str]:
    problems = []
    for department, planned in plan.items():
        for matter in planned:
            raised_by, _ = matters.get((matter.flow, matter.title), (None, None))
            if raised_by != department:
                problems.append(f"{department}: planned {matter.key} {matter.title!r} raised by {raised_by}")
    return problems


def _script_problems(seed: int, policies: Policies, logs: Mapping[str, Holding]) -> list[str]:
    """Officers choose by what is in the matter itself, so a changed title shows as another choice."""
    problems = []
    for department, log in logs.items():
        done: defaultdict[str, list[str]] = defaultdict(list)
        for step in log.steps:
            done[step.number].append(step.kind)
        for record in log.records:
            if record.direction == "received":
                alternatives = policies.of(department).tasks.get(record.flow, {}).get(record.role or "", ())
                place = f"{department}/{record.flow}/{record.role}"
                chosen = choose(alternatives, seed, place, record.title, record.content)
                script = [act.do for act in chosen.acts if act.do not in ("raise", "await")] if chosen else []
                taken = [kind for kind in done[record.number] if kind != "decide_withdrawal"][: len(script)]
                if taken != script[: len(taken)]:
                    problems.append(f"{department} {record.number}: did {taken}, the policy says {script}")
    return problems


def _content_problems(department: str, holding: Holding, wanted: Expected) -> list[str]:
    problems = []
    for record in holding.records:
        if record.direction != "received" or (record.flow, record.title) not in wanted.matters:
            continue
        sender, step = wanted.matters[record.flow, record.title]
        must: dict[str, Any] = {
            "sender": sender,
            "sender_number": step.number,
            "legal_at": _moment(step.fields["legal_at"]),
        }
        has = {name: record.content.get(name) for name in must}
        has["legal_at"] = _moment(record.content.get("legal_at"))
        if record.role == "lead":
            must |= {"papers": _hashes(step.fields), "parties": _people(step.fields)}
            has |= {"papers": _hashes(record.content), "parties": _people(record.content)}
        for name in must:
            if has[name] != must[name]:
                problems.append(
                    f"{department} {record.number}: {name} is {has[name]!r}, must be {must[name]!r}"
                )
    return problems


def noted(holding: Holding) -> dict[tuple[str, str, str], list[tuple[str, Mapping[str, Any]]]]:
    """What was done on a task elsewhere, as a department holds it: by department, task and actor, in order of arrival."""
    got: defaultdict[tuple[str, str, str], list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for item in holding.received:
        task, actor = item.fields.get("ext_task"), item.fields.get("actor")
        if item.kind in ARRIVES_AS.values() and task and actor:
            got[holding.department, task, actor].append((item.kind, essence(item.fields)))
        elif item.kind == "rework" and task:
            got[holding.department, task, HUB].append((item.kind, _by_the_hub()))
    return dict(got)


def _note_problems(department: str, holding: Holding, wanted: Expected, refused: Counter[str]) -> list[str]:
    got = noted(holding)
    problems = []
    for key in sorted({*got, *(key for key in wanted.notes if key[0] == department)}):
        must, has = list(wanted.notes.get(key, ())), got.get(key, [])
        if key[2] == HUB and len(has) > len(must):
            problems.append(f"{key}: sent back {len(has)} times, must be {len(must)}")
        missing = [note for note in must if note not in has]
        if key in wanted.notes and has != [note for note in must if note in has]:
            problems.append(
                f"{key}: got {[kind for kind, _ in has]}, must be {[kind for kind, _ in must]} in order"
            )
        if len(missing) > refused[key[2]]:
            problems.append(f"{key}: never got {[kind for kind, _ in missing]}")
    return problems


def _open_problems(department: str, holding: Holding) -> list[str]:
    replied = {step.number for step in holding.steps if step.kind == "reply" and step.fields["outcome"]}
    return [
        f"{department} {record.number}: {record.flow} {record.title!r} rests in state {record.state!r}"
        for record in holding.records
        if record.direction == "received"
        and record.role != "copy"
        and record.state not in _OVER
        and record.number not in replied
    ]


def _refused(actual: Mapping[str, Holding]) -> Counter[str]:
    return Counter(name for name, one in actual.items() for item in one.received if item.kind == "refused")


def as_told(step: Step) -> dict[str, Any]:
    """A step's fields under the names of the contract, as they arrive elsewhere."""
    return {**step.fields, **{told: step.fields.get(own) for told, own in _TOLD.items()}}


def essence(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What of a step or note arrives unchanged: two with the same essence are the same note."""
    same = {name: fields[name] for name in _SAME if fields.get(name) is not None}
    return {**same, "legal_at": _moment(fields.get("legal_at")), "papers": _hashes(fields)}


def _hashes(fields: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    return sorted((paper["code"], content_bytes(paper)) for paper in fields.get("papers") or ())


def _people(fields: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [
        tuple(
            party.get(name) for name in ("role", "name", "id_type", "id_number", "phone", "address", "gender")
        )
        for party in fields.get("parties") or ()
    ]


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None

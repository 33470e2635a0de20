"""Promises 1 to 6 (DESIGN 2), judged from outside: what Kafka acknowledged, what departments wrote and what they hold."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.errors import ParkingName
from schemas.identifiers import derived_id
from tests.simulation.books import Books
from tests.simulation.office import Change, Office

if TYPE_CHECKING:
    from tests.simulation.world import World

# The lowest rating that counts as satisfied, in all flows that ask.
SATISFIED = 3
_WAITING = {ParkingName.EARLY.value, ParkingName.HELD.value}
_BY_HANDLER = {
    f"{step}.v1"
    for step in (
        "task.signed",
        "task.accepted",
        "task.return_proposed",
        "task.supplement_requested",
        "task.started",
        "task.progressed",
        "task.replied",
    )
}
_BY_SENDER = {
    f"{step}.v1" for step in ("return.decided", "supplement.provided", "reply.confirmed", "rework.requested")
}


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a department and what the hub's receipt said of it."""

    department: str
    message: str
    type: str
    state: str
    outcome: str | None
    reason: str | None
    change: Change | None

    def __str__(self) -> str:
        return f"{self.type} {self.message} of {self.department}"


def judge(world: "World", violations: list[str], outcomes: Counter[str]) -> None:
    """Add what does not hold; count what became of the messages."""
    said = [one for department in world.offices for one in _said(world, department)]
    books = Books(world)
    violations += _answered(world, said)
    violations += _in_order(world, books)
    violations += _delivered(world, said)
    violations += _conserved(world, said)
    violations += _fairly_refused(world, said)
    violations += books.problems()
    for one in said:
        outcomes[one.outcome or "nothing"] += 1


def _said(world: "World", department: str) -> Iterator[Said]:
    office = world.offices[department]
    changes = {office.message_id(change.local_id): change for change in office.changes}
    database = world.connectors[department].store._database
    for row in database.rows("SELECT * FROM outbox ORDER BY position"):
        change = changes.pop(row["message"], None)
        values = (row["message"], row["type"], row["state"], row["outcome"], row["reason"])
        yield Said(department, *values, change)
    for message, change in changes.items():
        yield Said(department, message, change.type, "never taken", None, None, change)


def _answered(world: "World", said: list[Said]) -> Iterator[str]:
    """1 and 5: each message that was acknowledged was submitted, refused or parked, and its sender was told."""
    known = {(one.department, one.message) for one in said}
    yield from (
        f"{key} was acknowledged, and its connector forgot it" for key in world.acknowledged.keys() - known
    )
    for one in said:
        if one.state != "receipted" or one.outcome not in ("submitted", "refused", "parked"):
            yield f"{one} has no receipt: {one.state}"
        elif one.outcome != "submitted" and not one.reason:
            yield f"{one} was {one.outcome} without a reason"
        elif one.outcome == "parked":
            # Kits sign and check: nothing of theirs is parked for good.
            yield f"{one} was parked: {one.reason}"


def _in_order(world: "World", books: Books) -> Iterator[str]:
    """2 and 3: what a department holds of a case has the numbers 1, 2, 3 … in the order in which it came."""
    for department, office in world.offices.items():
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for held in office.held:
            if held.delivery.sequence is not None:
                numbers[held.delivery.case].append(held.delivery.sequence)
        for case in numbers.keys() | books.told[department].keys():
            found, due = numbers[case], list(range(1, books.told[department].get(case, 0) + 1))
            if found == due:
                continue
            if sorted(found) == due:
                yield f"{department} got case {case} out of order: {found}"
            elif len(set(found)) < len(found):
                yield f"{department} got records of case {case} twice: {found}"
            else:
                yield f"{department} holds {found} of case {case}, was sent {len(due)}"
        yield from _twice(department, office)


def _twice(department: str, office: Office) -> Iterator[str]:
    """2: what one department did is found once at another, under whatever id it came."""
    marks: Counter[tuple[Any, ...]] = Counter()
    for held in office.held:
        data = held.delivery.data
        if held.delivery.type == "task.assigned.v1":
            marks["assigned", data["task"]] += 1
        elif data.get("document") is not None:
            marks[held.delivery.type, data["document"]] += 1
    yield from (f"{department} holds {mark} {n} times" for mark, n in marks.items() if n > 1)


def _delivered(world: "World", said: list[Said]) -> Iterator[str]:
    """1: what was submitted reached the systems that it is for."""
    marked = {
        (department, held.delivery.type, held.delivery.data.get("document"))
        for department, office in world.offices.items()
        for held in office.held
    }
    assigned = {
        (department, held.delivery.data["task"])
        for department, office in world.offices.items()
        for held in office.held
        if held.delivery.type == "task.assigned.v1"
    }
    # A message that named its case by a number is submitted there first; what its case says to it comes as a message.
    refused = {
        (department, held.delivery.data["message"])
        for department, office in world.offices.items()
        for held in office.held
        if held.delivery.type == "message.refused.v1"
    }
    handler = {task: department for department, task in assigned}
    senders = _senders(world, said)
    for one in said:
        if one.outcome != "submitted" or one.change is None or (one.department, one.message) in refused:
            continue
        data = one.change.data
        if one.type == "referral.raised.v1":
            receivers = [data["lead"], *data["co_handlers"], *data["copies"]]
            for ordinal, receiver in enumerate(receivers):
                task = derived_id(one.department, one.message, "task", ordinal)
                if receiver in world.offices and (receiver, task) not in assigned:
                    yield f"{one}: {receiver} has no task of it"
            continue
        to = None
        if one.type in _BY_HANDLER:
            to = senders.get(data["referral"])
        elif one.type in _BY_SENDER:
            to = handler.get(data["task"])
        elif one.type == "supervision.raised.v1":
            to = data["against"]
        elif one.type == "supervision.answered.v1":
            to = senders.get(data["referral"])
        if to in world.offices and (to, one.type, one.change.document) not in marked:
            yield f"{one} was submitted and never reached {to}"


def _senders(world: "World", said: list[Said]) -> dict[str, str]:
    return {
        derived_id(one.department, one.message, "referral"): one.department
        for one in said
        if one.type == "referral.raised.v1"
    }


def _conserved(world: "World", said: list[Said]) -> Iterator[str]:
    """6: raised = closed + open + returned + withdrawn + refused, as the senders know it."""
    table = world.server.projected.referral
    submitted = {(o.department, o.type, o.change.data["referral"]): o for o in said if _of_referral(o)}
    raised = 0
    for one in said:
        if one.type != "referral.raised.v1" or one.outcome != "submitted":
            continue
        raised += 1
        referral = derived_id(one.department, one.message, "referral")
        if referral not in table:
            yield f"{one} was submitted and is in no table"
            continue
        state = table[referral]["state"]
        told = [
            held.delivery.data["state"]
            for held in world.offices[one.department].held
            if held.delivery.type == "referral.closed.v1" and held.delivery.data["referral"] == referral
        ]
        again = _sent_back(one.department, referral, submitted)
        if state in ("closed", "withdrawn") and (not told or told[-1] != state):
            yield f"{one}: the hub says {state}, the sender was told {told}"
        if state == "open" and told and not again:
            yield f"{one}: the hub says open, the sender was told {told}"
        if state == "returned" and (one.department, "return.decided.v1", referral) not in submitted:
            yield f"{one}: the hub says returned, and the sender has not agreed to it"
        if state not in ("open", "closed", "returned", "withdrawn"):
            yield f"{one}: in no state that counts: {state}"
    if raised != len(table):
        yield f"{raised} referrals were raised, {len(table)} are in the table"


def _sent_back(department: str, referral: str, submitted: dict[tuple[str, str, Any], Said]) -> bool:
    """The sender asked for the work again, or found in a follow-up that the citizen is not satisfied."""
    asked = submitted.get((department, "followup.recorded.v1", referral))
    unhappy = asked is not None and asked.change is not None and asked.change.data["rating"] < SATISFIED
    return unhappy or (department, "rework.requested.v1", referral) in submitted


def _of_referral(one: Said) -> bool:
    return one.outcome == "submitted" and one.change is not None and "referral" in one.change.data


def _fairly_refused(world: "World", said: list[Said]) -> Iterator[str]:
    """Early is not illegal: the first step on a task that was given is only refused for a reason of the matter."""
    table = world.server.projected
    first: set[str] = set()
    for one in said:
        if one.type != "task.signed.v1" or one.change is None or one.change.data["task"] in first:
            continue
        first.add(one.change.data["task"])
        task = table.task.get(one.change.data["task"])
        # A task that is over may have ended before it was signed.
        over = task is None or task["state"] in ("cancelled", "returned")
        if one.outcome == "refused" and one.reason != "early_expired" and not over:
            yield f"{one} was refused as {one.reason}, and its task was there to be signed"
    for one in said:
        if one.type == "referral.raised.v1" and one.outcome == "refused" and one.reason != "limit_reached":
            yield f"{one} was refused: {one.reason}"

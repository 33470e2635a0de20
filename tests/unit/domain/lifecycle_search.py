"""Explicit-state search over the real `decide`: every state of one referral that any messages in any order can reach.

In every state every message that a department could send is tried, by every department, whatever that department may have
been told so far. So messages that are late, lost, repeated by hand or sent without knowledge of what has happened are all
among the ways that are searched; a message of the same id that comes twice is stopped before `decide` and needs none.

What does not influence the life of a task is left out of a state: moments, numbers, sequences, dead tasks, and counters
beyond their caps.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hub.domain.case import OPEN, Case, Referral, Task
from hub.domain.decide import decide
from hub.domain.decision import Message
from hub.domain.flow import Flow
from hub.domain.rules import Rules
from hub.errors import Parking, Refusal
from schemas.identifiers import mint_case_id
from tests.unit.domain.play import LEGAL_AT, departments, papers, rules, step_data

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
GONE = ("returned", "cancelled")
# They leave a task as it is; the search with two departments tries them, the others need not again.
IDLE = (
    "task.progressed",
    "task.extended",
    "task.excluded",
    "task.restarted",
    "task.handed_over",
    "task.received",
)
FOLLOWUP = "followup.recorded"
WITHDRAWAL = ("referral.withdrawal_requested", "referral.withdrawal_decided")


@dataclass(frozen=True)
class Cast:
    """Who takes part: `other` may be given the lead's task when it is returned, `helper` is a co-handler.

    `superior` is that of the sender: it comes in when the returns reach the flow's limit or consulting has not settled it,
    and after it the `convener` of the joint conference.
    """

    sender: str
    lead: str
    other: str | None = None
    helper: str | None = None
    superior: str | None = None
    convener: str | None = None

    @property
    def everybody(self) -> list[str]:
        """All of them."""
        every = (self.sender, self.lead, self.other, self.helper, self.superior, self.convener)
        return [one for one in every if one is not None]


@dataclass
class Node:
    """One state: a case that shows it, and which state each accepted message leads to."""

    case: Case
    number: int
    ways: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def referral(self) -> Referral:
        """The one referral."""
        return next(iter(self.case.referrals.values()))

    @property
    def tasks(self) -> list[Task]:
        """Its tasks that have not been returned or cancelled."""
        return [task for task in self.case.tasks.values() if task.state not in GONE]

    def ended(self) -> bool:
        """Nobody owes anything."""
        life = rules().lifecycle
        return self.referral.state != OPEN and all(life.ended(task.state) for task in self.tasks)

    def accountable(self) -> set[str]:
        """The departments on which something rests now.

        While a withdrawal waits, the lead that must decide on it; else, for each task that has not ended, who must answer the
        request that waits on it, or its owner.
        """
        if self.referral.pending == "withdrawal":
            return {self.referral.lead}
        return {self._owner(task) for task in self.tasks if not rules().lifecycle.ended(task.state)}

    def _owner(self, task: Task) -> str:
        if task.pending == "return" and (above := self.referral.conference or self.referral.superior):
            return above
        if task.pending is not None or rules().lifecycle.states[task.state].owner == "sender":
            return self.referral.sender
        return task.department


@dataclass
class Search:
    """All states of a flow with a cast, and how many decisions were made to find them."""

    flow: Flow
    cast: Cast
    under: Rules
    nodes: list[Node] = field(default_factory=list)
    tried: int = 0
    pairs: set[tuple[str | None, ...]] = field(default_factory=set)

    @classmethod
    def run(cls, flow: Flow, cast: Cast, under: Rules | None = None) -> "Search":
        """Search to the end. Raises what `decide` raises that is no refusal and no parking."""
        search = cls(flow, cast, _with_superior(under or rules(), cast))
        first = search._raised()
        known: dict[Hashable, int] = {search._key(first): 0}
        search.nodes.append(Node(first, 0))
        waiting = deque([0])
        while waiting:
            node = search.nodes[waiting.popleft()]
            pending = (node.referral.pending, *sorted(str(task.pending) for task in node.tasks))
            search.pairs.add(pending)
            for source, step, data in search._messages(node.case):
                case = search._decided(node.case, source, step, data)
                if case is None:
                    continue
                key = search._key(case)
                if key not in known:
                    known[key] = len(search.nodes)
                    search.nodes.append(Node(case, len(search.nodes)))
                    waiting.append(known[key])
                node.ways.append((source, step, known[key]))
        return search

    def reaching(self, silent: str | None = None) -> set[int]:
        """The states from which an end can be reached while this department says nothing any more."""
        before: dict[int, set[int]] = {}
        for node in self.nodes:
            for source, _, after in node.ways:
                if source != silent:
                    before.setdefault(after, set()).add(node.number)
        found = {node.number for node in self.nodes if node.ended()}
        waiting = list(found)
        while waiting:
            new = before.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    def _raised(self) -> Case:
        flow, cast = self.flow, self.cast
        data = {
            "legal_at": LEGAL_AT,
            "flow": flow.flow,
            "kind": flow.kinds[0].value,
            "local_number": "1",
            "title": "事由",
            "lead": cast.lead,
            "co_handlers": [cast.helper] if cast.helper else [],
            "papers": papers([paper.code for paper in flow.papers if paper.required]),
        }
        case = self._decided(Case(mint_case_id(cast.sender, "1")), cast.sender, "referral.raised", data)
        assert case is not None
        return case

    def _decided(self, case: Case, source: str, step: str, data: dict[str, Any]) -> Case | None:
        """The case after the message, None if it was refused or parked."""
        self.tried += 1
        message = Message(source, f"m{self.tried}", f"{step}.v1", case.id, data)
        try:
            return decide(case, message, self.under, AT).case
        except (Refusal, Parking):
            return None

    def _messages(self, case: Case) -> Iterator[tuple[str, str, dict[str, Any]]]:
        (referral,) = case.referrals.values()
        common = {"legal_at": LEGAL_AT, "referral": referral.id}
        for source in self.cast.everybody:
            yield source, WITHDRAWAL[0], {**common, "reason": "另案处理"}
            for agreed in (True, False):
                yield source, WITHDRAWAL[1], {**common, "agreed": agreed}
            if self.flow.followup is not None:
                yield source, FOLLOWUP, {**common, "reached": True, "rating": 1}
            for task in case.tasks.values():
                if task.state in GONE and task.department != self.cast.lead:
                    continue
                for step in self.under.lifecycle.steps:
                    if step in IDLE[:-1] and len(self.cast.everybody) > 2:
                        continue
                    for data in self._data(step):
                        yield source, step, {**common, "task": task.id, **data}

    def _data(self, step: str) -> Iterator[dict[str, Any]]:
        if step == "task.replied":
            for reply in self.flow.replies:
                outcome = {"outcome": self.flow.outcomes[0].code} if reply.final else {}
                yield {"reply": reply.code, **outcome}
        elif step == "return.consulted":
            yield {"settled": False}
        elif step == "return.decided":
            yield {"agreed": False}
            yield {"agreed": True}
            for to in (self.cast.lead, self.cast.other):
                if to is not None and self.cast.other is not None:
                    yield {"agreed": True, "reassign_to": to}
        else:
            yield step_data(step, self.flow)

    def _key(self, case: Case) -> Hashable:
        (referral,) = case.referrals.values()
        tasks = sorted(
            (
                task.role,
                task.department,
                task.state,
                str(task.pending),
                task.replies,
                task.outcome is not None,
            )
            for task in case.tasks.values()
            if task.state not in GONE
        )
        caps = self.flow.limits
        again = (min(referral.reworks, caps.reworks), referral.reopenings)
        counters = (min(referral.returns, caps.returns + 1), *again)
        above = (str(referral.superior), str(referral.conference), referral.settled, str(referral.keeper))
        at = (referral.state, str(referral.pending), referral.lead, above)
        return at, counters, tuple(tasks)


def _with_superior(under: Rules, cast: Cast) -> Rules:
    if cast.superior is None:
        return under
    departments = dict(under.departments)
    below = departments[cast.sender].model_copy(update={"superior": cast.superior})
    departments[cast.sender] = below
    if cast.convener is not None:
        known = departments[cast.convener]
        above = {"roles": [*known.roles, "conference"], "region": below.region}
        departments[cast.convener] = known.model_copy(update=above)
    return replace(under, departments=departments)


def two(flow: Flow) -> Cast:
    """The sender and the lead."""
    sender = departments(list(flow.senders))[0]
    return Cast(sender, next(one for one in departments(list(flow.lead)) if one != sender))


def with_other(flow: Flow) -> Cast:
    """And a third that may be given the lead's task."""
    cast = two(flow)
    return replace(cast, other=next(one for one in departments(list(flow.lead)) if one not in cast.everybody))


def with_helper(flow: Flow) -> Cast | None:
    """And a co-handler; None when the flow has none."""
    cast = two(flow)
    helper = next((one for one in departments(list(flow.co_handlers)) if one not in cast.everybody), None)
    return None if helper is None else replace(cast, helper=helper)


def with_superior(flow: Flow) -> Cast:
    """And the sender's superior."""
    cast = two(flow)
    return replace(cast, superior=next(one for one in rules().departments if one not in cast.everybody))


def with_conference(flow: Flow) -> Cast:
    """And who convenes the joint conference after it."""
    cast = with_superior(flow)
    return replace(cast, convener=next(one for one in rules().departments if one not in cast.everybody))

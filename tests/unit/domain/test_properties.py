"""What holds for every sequence of messages that the contract allows, sensible or not."""

from collections.abc import Iterable
from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from hub.domain.case import CLOSED, OPEN, RETURNED, WITHDRAWN, Case
from hub.domain.decide import decide, handles
from hub.domain.decision import Message
from hub.domain.evolve import evolve, fold
from hub.errors import Parking, Refusal
from schemas.messages import KINDS, OWN_BY_TYPE
from tests.unit.domain.play import (
    LEGAL_AT,
    NUMBER,
    OTHER_CASE,
    Play,
    departments,
    open_fields,
    papers,
    rules,
    step_data,
)

STEPS = [kind.type.rpartition(".v")[0] for kind in KINDS if kind.inbound]
FLOW_CODES = [*rules().flows, "no_such_flow"]
SENDERS = [*rules().departments]


class Hand:
    """Draws messages that make sense often enough for cases to get old. Hypothesis gives the seed."""

    def __init__(self, random: Random, case: Case) -> None:
        self.random, self.case = random, case

    def one(self, *choices: Iterable[Any]) -> Any:
        return self.random.choice([choice for group in choices for choice in group])

    def seldom(self) -> bool:
        return self.random.random() < 0.05

    def message(self) -> tuple[str, str, dict[str, Any]]:
        """Source, step and valid data."""
        if not self.case.referrals or self.seldom():
            return self.raised()
        task = self.one(self.case.tasks.values())
        referral = self.case.referrals[task.referral]
        possible = [
            s for s in rules().lifecycle.allowed(task.role, task.state) if "return" not in s or self.seldom()
        ]
        step = self.one(possible or ["task.received"])
        if task.pending is not None and not self.seldom():
            step = {"return": "return.decided", "supplement": "supplement.provided"}[task.pending]
        elif self.random.random() < 0.15:
            step = self.one(STEPS)
            if step == "case.merged" and not self.seldom():
                step = "case.fact_recorded"
        if step == "referral.raised":
            return self.raised()
        row = rules().lifecycle.steps.get(step)
        source = task.department if row is not None and row.by == "handler" else referral.sender
        if step == "referral.withdrawal_decided":
            source = referral.lead
        if self.seldom():
            source = self.one(SENDERS)
        ids = {"referral": referral.id, "task": task.id}
        if self.seldom():
            ids[self.one(["referral", "task"])] = OTHER_CASE
        return source, step, self.data(step, referral.flow, ids, task.replies)

    def raised(self) -> tuple[str, str, dict[str, Any]]:
        code = self.one(FLOW_CODES) if self.case.born else self.one(["F20", "F21", "F21", "F21", "F22"])
        flow = rules().flows.get(code, rules().flows["F21"])[-1]
        source = self.one(departments(list(flow.senders)))
        helpers, copies = departments(list(flow.co_handlers)), departments(list(flow.copies))
        if not self.case.born:
            source = "petition"
        return (
            source,
            "referral.raised",
            {
                "legal_at": LEGAL_AT,
                "flow": code,
                "kind": self.one(flow.kinds).value if not self.seldom() else "notify",
                "local_number": NUMBER,
                "title": "事由",
                "lead": self.one(departments(list(flow.lead)) if not self.seldom() else SENDERS),
                "co_handlers": [self.one(helpers)] if helpers and self.random.random() < 0.4 else [],
                "copies": [self.one(copies)] if copies and self.random.random() < 0.4 else [],
                "papers": papers([paper.code for paper in flow.papers]),
                "opened_by": self.one(self.case.referrals) if self.case.referrals and self.seldom() else None,
            },
        )

    def data(self, step: str, code: str, ids: dict[str, str], replies: int) -> dict[str, Any]:
        flow = rules().flows[code][-1]
        act = {"legal_at": LEGAL_AT}
        own: dict[str, dict[str, Any]] = {
            "task.received": {**ids, "received_at": LEGAL_AT},
            "task.accepted": {**ids, **act, "local_number": "受2026-1"},
            "task.return_proposed": {**ids, **act, "reason": "x", "reason_code": flow.return_reasons[0].code},
            "return.decided": {**ids, **act, "agreed": self.one([True, False])},
            "return.consulted": {**ids, **act, "settled": self.one([True, False])},
            "task.supplement_requested": {**ids, **act, "papers_wanted": []},
            "supplement.provided": {**ids, **act, "papers": []},
            "task.progressed": {**ids, **act, "step": "hearing_notice"},
            "task.extended": {
                **ids,
                **act,
                "clock": "x",
                "amount": 1,
                "unit": "d",
                "approver": "甲",
                "reason": "x",
            },
            "task.excluded": {**ids, **act, "kind": "x", "from_on": "2026-03-01", "to_on": "2026-03-02"},
            "task.restarted": {**ids, **act, "reason_code": "x"},
            "task.handed_over": {**ids, **act, "to_officer": "测试员"},
            "reply.confirmed": {**ids, **act, "papers": papers([p.code for p in flow.confirm.papers])},
            "rework.requested": {**ids, **act, "reason": "x"},
            "referral.withdrawal_requested": {**act, "referral": ids["referral"], "reason": "x"},
            "referral.withdrawal_decided": {
                **act,
                "referral": ids["referral"],
                "agreed": self.one([True, False]),
            },
            "referral.corrected": {
                **act,
                "referral": ids["referral"],
                "fields": ["summary", "legal_at"],
                "reason": "x",
                "corrected_legal_at": "2026-03-01T09:30:00+08:00",
            },
            "redelivery.requested": {"from_sequence": self.random.randint(1, 9)},
            "case.fact_recorded": {**act, "fact": "custody", "value": "in_custody"},
            "case.linked": {**act, "other_case": OTHER_CASE, "relation": "same_incident"},
            "case.merged": {**act, "into_case": OTHER_CASE},
            "duplicate.dismissed": {**act, "other_case": OTHER_CASE, "reason": "x"},
            "case.split": {**act, "new_local_number": "新1", "referrals": [ids["referral"]]},
            "followup.recorded": {
                **act,
                "referral": ids["referral"],
                "reached": self.one([True, False]),
                "rating": self.one([None, 1, 2, 3, 5]),
            },
            "supervision.raised": {
                **act,
                "referral": ids["referral"],
                "step": self.one(["urge", "urge", "interview", "rectify", "no_such_step"]),
                "against": self.one(SENDERS, [t.department for t in self.case.tasks_of(ids["referral"])]),
                "answer_by": self.one([None, "2026-03-09"]),
                "reason": "x",
            },
            "supervision.answered": {
                **act,
                "referral": ids["referral"],
                "supervision": self.one([*self.case.supervisions] or [OTHER_CASE]),
                "measures": "x",
            },
            "supervision.cleared": {
                **act,
                "referral": ids["referral"],
                "supervision": self.one([*self.case.supervisions] or [OTHER_CASE]),
                "ground": "done",
                "reason": "x",
            },
            "warning.raised": {**act, "colour": "red", "local_number": NUMBER, "text": "x"},
        }
        if step == "return.decided" and own[step]["agreed"]:
            own[step]["reassign_to"] = self.one([None], SENDERS)
        if step == "task.replied":
            given = step_data(step, flow, replies)
            return {**ids, **act, **(given if not self.seldom() else {"reply": flow.replies[-1].code})}
        return own.get(step, {**ids, **act})


def check(case: Case) -> None:
    """What must be true of a case at any moment."""
    states = rules().lifecycle.states
    for referral in case.referrals.values():
        assert referral.state in (OPEN, CLOSED, RETURNED, WITHDRAWN)
        tasks = case.tasks_of(referral.id)
        leads = [t for t in tasks if t.role == "lead" and t.state not in ("returned", "cancelled")]
        assert len(leads) == (0 if referral.state in (RETURNED, WITHDRAWN) else 1)
        if leads:
            assert leads[0].department == referral.lead
            assert (leads[0].state == "confirmed") == (referral.state == CLOSED)
        if referral.state in (RETURNED, WITHDRAWN):
            assert all(states[t.state].end and t.pending is None for t in tasks)
            assert referral.pending is None
        for task in tasks:
            owner = {"handler": task.department, "sender": referral.sender}[states[task.state].owner]
            assert owner in rules().departments
        live = [t.department for t in tasks if t.state not in ("returned", "cancelled")]
        assert len(live) == len(set(live))
    for one in case.supervisions.values():
        gone = case.tasks[one.task].state in ("returned", "cancelled")
        assert one.state == "cleared" or not gone
        limits = {number for number in (one.answer, one.stands) if number in case.deadlines}
        assert not limits or one.state != "cleared", "a cleared step has a clock that nobody can stop"
    assert Case.from_bytes(case.to_bytes()).to_bytes() == case.to_bytes()
    assert Case.from_bytes(case.to_bytes()) == case


def played(random: Random) -> Play:
    """A case after up to eighty messages, checked after each."""
    stage = Play()
    for _ in range(random.randint(1, 80)):
        source, step, data = Hand(random, stage.case).message()
        before, stored = stage.case, stage.case.to_bytes()
        counted = len(stage.events)
        try:
            decision = stage.decide(source, step, data)
        except Refusal as refused:
            event(f"refused {refused.name}")
            assert stage.case is before
        except Parking as parked:
            event(f"parked {parked.name}")
            assert stage.case is before
        else:
            event(f"decided {step}")
            assert decision.case == fold(before, stage.events[counted:])
        assert before.to_bytes() == stored
        check(stage.case)
    return stage


@settings(max_examples=600)
@given(st.integers(0, 2**64))
def test_any_sequence_keeps_the_case_sound(seed: int) -> None:
    stage = played(Random(seed))
    assert fold(Case(stage.case.id), stage.events) == stage.case
    assert stage.case.version == len(stage.events)
    sent: dict[str, int] = {}
    for each in stage.events:
        if each.e == "notified":
            sent[each.to] = sent.get(each.to, 0) + 1
            assert each.sequence == sent[each.to]
    assert sent == stage.case.sequences
    raised = [each.referral for each in stage.events if each.e == "referral_raised"]
    assert sorted(raised) == sorted(stage.case.referrals)
    ended = [each for each in stage.events if each.e in ("referral_ended", "referral_reopened")]
    for referral in stage.case.referrals.values():
        changes = [getattr(each, "state", OPEN) for each in ended if each.referral == referral.id]
        assert (changes[-1] if changes else OPEN) == referral.state


@settings(max_examples=150)
@given(st.integers(0, 2**64))
def test_decide_is_pure(seed: int) -> None:
    random = Random(seed)
    stage = played(random)
    source, step, fields = Hand(random, stage.case).message()
    type_ = f"{step}.v1"
    results = []
    for case in (stage.case, deepcopy(stage.case), Case.from_bytes(stage.case.to_bytes())):
        opened = open_fields(type_, fields)
        kept = dict(opened)
        try:
            decision = decide(case, Message(source, "pure", type_, case.id, opened), rules(), stage.at)
            results.append((decision.events, decision.case.to_bytes()))
        except (Refusal, Parking) as problem:
            results.append(([], repr((problem.name, problem.detail)).encode()))
        assert dict(opened) == kept
    assert results[0] == results[1] == results[2]


@settings(max_examples=150)
@given(st.integers(0, 2**64))
def test_evolve_leaves_the_case_that_it_was_given(seed: int) -> None:
    stage = played(Random(seed))
    case = Case(stage.case.id)
    for each in stage.events:
        before = case.to_bytes()
        changed = evolve(case, each)
        assert case.to_bytes() == before
        assert changed.version == case.version + 1
        case = changed


def test_every_inbound_type_has_a_rule() -> None:
    missing = [step for step in STEPS if not handles(step, rules())]
    assert missing == []
    # A message that is passed on is decided as what it is; its wrapping never comes this far.
    own = set(OWN_BY_TYPE) - {"hub.passed_on.v1"}
    assert [kind for kind in own if not handles(kind.rpartition(".v")[0], rules())] == []

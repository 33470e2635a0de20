"""No flow ever comes to a state without an owner, without a way to an end, or with somebody to wait for who owes nothing.

Over all states that messages in any order can reach, with two and three departments. `docs/reference/lifecycle-search.md`
records the size; `python -m tests.unit.domain.lifecycle_report` writes it anew.
"""

from dataclasses import replace
from functools import cache

import pytest

from hub.domain.case import CLOSED, RETURNED, WITHDRAWN
from hub.domain.flow import Flow
from tests.unit.domain.lifecycle_report import PAGE, casts, page
from tests.unit.domain.lifecycle_search import Search
from tests.unit.domain.play import flows, rules

EACH_FLOW = pytest.mark.parametrize("flow", flows(), ids=lambda flow: f"{flow.flow}@{flow.version}")


@cache
def searches(code: str, version: int) -> list[Search]:
    """The searches of one flow, done once."""
    flow = rules().flow_version(code, version)
    return [Search.run(flow, cast) for cast in casts(flow).values()]


@EACH_FLOW
def test_every_open_task_has_one_accountable_owner_that_is_there(flow: Flow) -> None:
    for search in searches(flow.flow, flow.version):
        for node in search.nodes:
            leads = [task for task in node.tasks if task.role == "lead"]
            gone = node.referral.state in (RETURNED, WITHDRAWN)
            assert len(leads) == (0 if gone else 1), node.referral
            assert [task.department for task in leads] == ([] if gone else [node.referral.lead])
            assert node.accountable() <= set(search.cast.everybody)
            assert bool(node.accountable()) is not node.ended(), node


@EACH_FLOW
def test_nothing_is_owed_for_what_was_returned_or_withdrawn(flow: Flow) -> None:
    for search in searches(flow.flow, flow.version):
        for node in search.nodes:
            if node.referral.state in (RETURNED, WITHDRAWN):
                assert node.ended(), [(task.role, task.state) for task in node.tasks]
                assert node.referral.pending is None
                assert [way for way in node.ways if way[2] != node.number] == []


@EACH_FLOW
def test_whoever_is_accountable_can_do_something_about_it(flow: Flow) -> None:
    for search in searches(flow.flow, flow.version):
        for node in search.nodes:
            moves = {source for source, _, after in node.ways if after != node.number}
            assert node.accountable() <= moves, (
                node.accountable() - moves,
                node.tasks,
                node.referral.pending,
            )


@EACH_FLOW
def test_from_every_state_there_is_a_way_to_an_end(flow: Flow) -> None:
    for search in searches(flow.flow, flow.version):
        stuck = {node.number for node in search.nodes} - search.reaching()
        assert [(search.nodes[n].referral, search.nodes[n].tasks) for n in stuck] == []
        ends = {node.referral.state for node in search.nodes if node.ended()}
        assert ends == {CLOSED, RETURNED, WITHDRAWN}


@EACH_FLOW
def test_nobody_waits_for_a_department_that_owes_nothing(flow: Flow) -> None:
    """When one department falls silent for good, the others can go on to an end, or to where it is the one accountable."""
    for search in searches(flow.flow, flow.version):
        for silent in search.cast.everybody:
            free = search.reaching(silent)
            for node in search.nodes:
                if node.number in free or silent in node.accountable():
                    continue
                reached, waiting = {node.number}, [node.number]
                while waiting:
                    here = search.nodes[waiting.pop()]
                    new = {after for source, _, after in here.ways if source != silent} - reached
                    reached |= new
                    waiting += new
                assert any(silent in search.nodes[n].accountable() for n in reached), (silent, node)


@EACH_FLOW
def test_every_pair_of_requests_that_the_race_table_lets_wait_together_is_met(flow: Flow) -> None:
    """And none that it does not: a withdrawal waits beside a supplement of the lead, never beside a return of it."""
    met = {pair for search in searches(flow.flow, flow.version) for pair in search.pairs}
    assert {("None", "return"), ("None", "supplement")} <= {(str(w), *t) for w, *t in met if len(t) == 1}
    late = flow.withdraw.after == "lead" and flow.withdraw.before != "replied"
    assert (("withdrawal", "None") in {(str(w), *t) for w, *t in met}) is late
    assert (("withdrawal", "supplement") in met) is late
    assert not [pair for pair in met if pair[0] == "withdrawal" and "return" in pair[1:]]
    if flow.co_handlers:
        both = {tuple(tasks) for waiting, *tasks in met if waiting is None and len(tasks) == 2}
        assert {("return", "supplement"), ("return", "return"), ("supplement", "supplement")} <= both


def test_the_record_is_what_is_found() -> None:
    found = {(flow.flow, flow.version): searches(flow.flow, flow.version) for flow in flows()}
    assert PAGE.read_text("utf-8") == page(found)


def test_the_search_sees_a_state_that_nobody_can_leave() -> None:
    """What the tests above rest on: with steps taken out of the table they would fail."""
    life, flow = rules().lifecycle, rules().flows["F21"][-1]
    left = {
        name: step for name, step in life.steps.items() if name not in ("reply.confirmed", "rework.requested")
    }
    spoiled = replace(rules(), lifecycle=life.model_copy(update={"steps": left}))
    search = Search.run(flow, casts(flow)["two"], spoiled)
    stuck = [search.nodes[n] for n in {node.number for node in search.nodes} - search.reaching()]
    assert {task.state for node in stuck for task in node.tasks} == {"replied"}
    assert all(node.accountable() == {search.cast.sender} for node in stuck)
    assert not any(after != node.number for node in stuck for _, _, after in node.ways)

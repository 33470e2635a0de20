"""The record of the search over all states: `docs/reference/lifecycle-search.md`. Run as a module, it writes the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.domain.flow import Flow
from hub.reference.flows import in_order
from hub.reference.markdown import page as lines
from hub.reference.markdown import table
from tests.unit.domain.lifecycle_search import (
    Cast,
    Search,
    two,
    with_conference,
    with_helper,
    with_other,
    with_superior,
)
from tests.unit.domain.play import flows

# Two copies that know of it multiply the states by nine; what the conference may do is the same in every flow.
WITH_CONFERENCE = "F1"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "lifecycle-search.md"

_HEAD = [
    "# Search over all states 全状态搜索",
    "",
    "`tests/unit/domain/test_lifecycle_search.py` searches every state that one referral of each flow can reach, with the real "
    "`decide`: in every state it tries every message that each department could send, so late, lost, repeated and ill-informed "
    "messages and every pair of waiting requests are among the ways. It is run to its end, with two departments (sender and "
    "lead), with a third to which the lead's task may go when it is returned, with the sender's superior, who comes in when "
    "returns reach the flow's limit or consulting fails, with a co-handler, and in one flow with the joint conference after the "
    "superior. What does not influence the life of a task (moments, numbers, tasks that are gone) is left out of a state.",
    "",
    "`tests/unit/domain/test_lifecycle_search.py` 以真实的 `decide` 穷尽每个流程一次移送的全部状态：在每一状态下，"
    "逐一尝试每个部门可能发出的每种报文，因此迟到、丢失、重复、不知情的报文，以及任意两项待答请求的竞合，均在其中。"
    "搜索进行到底：两个部门（来文、主办），加一个退回后可改派的部门、来文单位的上级（退回达到上限时介入）或一个协办部门；另有一个流程加联席会议召集单位。",
    "",
    "In all of them: every task that has not ended has exactly one accountable owner, and that owner has a step to take; from "
    "every state there is a way to an end; nothing is owed for what was returned or withdrawn; and when one department falls "
    "silent for good, the others can go on to an end, or to where it is the accountable one.",
    "",
    "所有状态均满足：未结任务恰有一个责任单位，且其有可采取的步骤；从任一状态都能到达终结；已退回、撤回的不再有未尽事项；"
    "任一部门从此沉默，其余部门仍可到达终结，或到达由其负责的状态。",
    "",
    "How often a department's silence stops a referral is in the last column: states from which no end is reached without it. "
    "末列为某一部门沉默即无法终结的状态数。",
    "",
]


def casts(flow: Flow) -> dict[str, Cast]:
    """The casts that a flow is searched with, by name."""
    helped = with_helper(flow)
    found = {"two": two(flow), "other": with_other(flow), "superior": with_superior(flow)}
    if flow.flow == WITH_CONFERENCE:
        found["conference"] = with_conference(flow)
    return found if helped is None else found | {"helper": helped}


def page(found: Mapping[tuple[str, int], Sequence[Search]]) -> str:
    """The text of the page for the searches of all flows."""
    rows, states, tried = [], 0, 0
    for flow in in_order(flows()):
        searches = found[flow.flow, flow.version]
        for name, search in zip(casts(flow), searches, strict=True):
            ends = sum(node.ended() for node in search.nodes)
            held = [
                f"{role} {len(search.nodes) - len(search.reaching(department))}"
                for role, department in vars(search.cast).items()
                if department is not None
            ]
            rows.append(
                (
                    f"`{flow.flow}`",
                    name,
                    str(len(search.nodes)),
                    str(ends),
                    str(search.tried),
                    ", ".join(held),
                )
            )
            states += len(search.nodes)
            tried += search.tried
    head = (
        "Flow 流程",
        "Departments 部门",
        "States 状态",
        "Ends 终结",
        "Decisions 判定",
        "Held up by silence 因沉默受阻",
    )
    total = [f"In all 合计: {states} states 状态, {tried} decisions 判定.", ""]
    return lines(_HEAD, total, table(head, rows))


if __name__ == "__main__":
    every = {
        (flow.flow, flow.version): [Search.run(flow, cast) for cast in casts(flow).values()]
        for flow in flows()
    }
    PAGE.write_text(page(every), encoding="utf-8")

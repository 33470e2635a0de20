"""The transitions of a task, as the table has them and as the end of a referral or an agreed return makes them."""

from dataclasses import dataclass

from hub.domain.lifecycle import Lifecycle

INITIAL = "assigned"
HANDLING, CONFIRMED, RETURNED, CANCELLED = "handling", "confirmed", "returned", "cancelled"


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state to another by a step, named in both languages. `copy`: only a copy's task."""

    before: str
    after: str
    en: str
    zh: str
    copy: bool = False


def transitions(lifecycle: Lifecycle) -> list[Transition]:
    """All that change the state, in the table's order.

    Some are not in the table, since flow data or another step decides them: a reply that is not final or needs no
    confirmation and an agreed return (`hub.domain.decide_task`), and a referral that ends while the task is open
    (`hub.domain.decide_referral.cancel_open_tasks`).
    """
    found: list[Transition] = []
    for name, step in lifecycle.steps.items():
        zh = step.zh
        handled = [Transition(before, after, name, zh) for before, after in step.from_.items()]
        known = {(one.before, one.after) for one in handled}
        copies = [Transition(before, after, name, zh, copy=True) for before, after in step.copy_.items()]
        found += handled + [one for one in copies if (one.before, one.after) not in known]
        effects: list[tuple[str, str, str]] = []
        if step.rung == "replied":
            effects = [(HANDLING, "not final", "非最终"), (CONFIRMED, "no confirmation", "无须确认")]
        if step.answers == "return":
            effects = [(RETURNED, "agreed", "同意")]
        for after, english, chinese in effects:
            named = f"{name}: {english}", f"{zh}（{chinese}）"
            found += [
                Transition(before, after, *named) for before in lifecycle.states if before in step.from_
            ]
    found += [
        Transition(before, after, "followup.recorded: not satisfied", "回访：不满意")
        for before, after in lifecycle.reopens.items()
    ]
    still_open = [name for name, state in lifecycle.states.items() if not state.end]
    found += [Transition(name, CANCELLED, "the referral ends", "移送终结") for name in still_open]
    return [one for one in found if one.before != one.after]

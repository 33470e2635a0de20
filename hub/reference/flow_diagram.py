"""A flow as a picture: the life of its lead's task with the flow's own replies and ends, as Mermaid text or as SVG.

Drawn from the lifecycle table and the flow's data, so that it shows what the hub really does.
"""

from collections.abc import Sequence
from dataclasses import replace

from hub.domain.flow import Flow
from hub.domain.lifecycle import Lifecycle
from hub.reference.drawing import Box, draw
from hub.reference.flow_rows import Language, Say, saying
from hub.reference.transitions import CONFIRMED, HANDLING, Transition, transitions

_REPLIED, _NOTED = "replied", "noted"


def flow_parts(flow: Flow, lifecycle: Lifecycle) -> tuple[list[Box], list[Transition]]:
    """States and transitions of the lead's task in this flow; each reply that is not the final one is a state."""
    given = [f"reply.{reply.code}" for reply in flow.replies[:-1]]
    boxes: list[Box] = []
    for name, state in lifecycle.states.items():
        if name == _NOTED or (name == _REPLIED and not flow.confirm.required):
            continue
        boxes.append(Box(name, state.zh, state.en, state.end))
        if name == HANDLING:
            boxes += [Box(f"reply.{r.code}", r.title, r.en, end=False) for r in flow.replies[:-1]]
    known = {box.name for box in boxes}
    # The replies first: where two ways are equally long, the picture follows the flow and not its breaking off. From
    # `accepted` too a reply may come; the picture shows the usual way, through `handling`.
    found: list[Transition] = []
    along = [HANDLING, *given, _REPLIED if flow.confirm.required else CONFIRMED]
    for n, reply in enumerate(flow.replies):
        found.append(Transition(along[n], along[n + 1], f"reply: {reply.code}", reply.title))
        if not reply.required:
            skipped = f"without {reply.code}"
            found.append(Transition(along[n], along[n + 2], skipped, f"略过{reply.title}"))
    for way in transitions(lifecycle):
        drawn = way.before in known and way.after in known and not way.copy
        again = way.en != "rework.requested" or flow.limits.reworks
        if drawn and again and not way.en.startswith("task.replied"):
            found.append(way)
    ended = [way for way in found if way.before == HANDLING and way.after in ("cancelled", "returned")]
    found += [replace(way, before=name) for way in ended for name in given]
    return boxes, found


def flow_svg(flow: Flow, lifecycle: Lifecycle) -> str:
    """The picture as SVG text. Deterministic."""
    boxes, ways = flow_parts(flow, lifecycle)
    return draw(boxes, ways)


def flow_mermaid(flow: Flow, lifecycle: Lifecycle, language: Language = "both") -> str:
    """The same as a Mermaid state diagram, with outcomes and what they open at its end."""
    say = saying(language)
    boxes, ways = flow_parts(flow, lifecycle)
    lines = ["stateDiagram-v2"]
    lines += [f'  state "{_plain(say(box.zh, box.en))}" as {_id(box.name)}' for box in boxes]
    lines.append(
        f"  [*] --> {_id(boxes[0].name)}: {_plain(say(f'{flow.flow} {flow.title.zh}', f'{flow.flow} {flow.title.en}'))}"
    )
    grouped: dict[tuple[str, str], list[str]] = {}
    for way in ways:
        grouped.setdefault((way.before, way.after), []).append(_plain(say(way.zh, way.en)))
    lines += [f"  {_id(a)} --> {_id(b)}: {' / '.join(labels)}" for (a, b), labels in grouped.items()]
    for outcome in flow.outcomes:
        opened = ", ".join(opening.flow for opening in flow.opens.get(outcome.code, ()))
        after = f" → {opened}" if opened else ""
        lines.append(f"  {_id(CONFIRMED)} --> [*]: {_plain(say(outcome.title, outcome.en))}{after}")
    lines += [f"  {_id(box.name)} --> [*]" for box in boxes if box.end and box.name != CONFIRMED]
    return "\n".join(lines) + "\n"


def map_mermaid(flows: Sequence[Flow], language: Language = "both") -> str:
    """Which flow's outcome opens which other flow, as a Mermaid flowchart. A thick arrow is a duty."""
    say = saying(language)
    lines = ["flowchart LR"]
    lines += [f'  {flow.flow}["{flow.flow} {_plain(say(flow.title.zh, flow.title.en))}"]' for flow in flows]
    for flow in flows:
        lines += _openings(flow, say)
    return "\n".join(lines) + "\n"


def _openings(flow: Flow, say: Say) -> list[str]:
    titles = {outcome.code: say(outcome.title, outcome.en) for outcome in flow.outcomes}
    grouped: dict[tuple[str, str], list[str]] = {}
    for outcome, openings in flow.opens.items():
        for opening in openings:
            grouped.setdefault((opening.flow, opening.duty), []).append(_plain(titles[outcome]))
    arrows = {"must": "==>", "may": "-->"}
    return [
        f'  {flow.flow} {arrows[duty]}|"{"; ".join(labels)}"| {to}' for (to, duty), labels in grouped.items()
    ]


def _id(name: str) -> str:
    return name.replace(".", "_")


def _plain(text: str) -> str:
    # Mermaid reads these as its own.
    return text.replace('"', "'").replace(":", " ").replace(";", ",").replace("#", " ")

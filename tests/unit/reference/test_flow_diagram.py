"""Pictures of flows: each flow's replies, ends and openings are in them, and no box hides another."""

from itertools import combinations
from xml.etree import ElementTree

import pytest

from hub.domain.flow import Flow
from hub.domain.lifecycle import Lifecycle
from hub.reference.flow_diagram import flow_mermaid, flow_parts, flow_svg, map_mermaid
from hub.reference.flows import the_flows
from tests.unit.reference.test_drawing import SVG, rectangles

EACH_FLOW = pytest.mark.parametrize("flow", the_flows(), ids=lambda flow: f"{flow.flow}@{flow.version}")


@EACH_FLOW
def test_every_state_and_reply_is_drawn_once_and_nothing_overlaps(flow: Flow, life: Lifecycle) -> None:
    root = ElementTree.fromstring(flow_svg(flow, life))
    texts = [one.text for one in root.iter(f"{SVG}text")]
    for reply in flow.replies[:-1]:
        assert texts.count(f"reply.{reply.code}") == 1
    for reply in flow.replies:
        assert f"reply: {reply.code}" in texts
    assert ("replied" in texts) is flow.confirm.required
    assert ("rework.requested" in texts) is (flow.limits.reworks > 0)
    boxes = rectangles(root)
    assert len(boxes) == len(flow_parts(flow, life)[0])
    for (x, y, width, height), (x2, y2, width2, height2) in combinations(boxes, 2):
        assert x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y
    _, _, right, bottom = (float(number) for number in root.get("viewBox", "").split())
    assert all(
        x >= 0 and y >= 0 and x + width <= right and y + height <= bottom for x, y, width, height in boxes
    )


@EACH_FLOW
def test_each_way_leads_on_to_an_end(flow: Flow, life: Lifecycle) -> None:
    boxes, ways = flow_parts(flow, life)
    reached = {box.name for box in boxes if box.end}
    for _ in boxes:
        reached |= {way.before for way in ways if way.after in reached}
    assert reached == {box.name for box in boxes}


@EACH_FLOW
def test_the_text_names_outcomes_and_what_they_open(flow: Flow, life: Lifecycle) -> None:
    lines = flow_mermaid(flow, life, "en").splitlines()
    assert lines[0] == "stateDiagram-v2"
    ends = [line for line in lines if line.startswith("  confirmed --> [*]: ")]
    assert len(ends) == len(flow.outcomes)
    for line, outcome in zip(ends, flow.outcomes, strict=True):
        opened = [opening.flow for opening in flow.opens.get(outcome.code, ())]
        assert line.endswith(f" → {', '.join(opened)}") if opened else "→" not in line
    for line in lines[1:]:
        assert line.count(":") <= 1
        assert ";" not in line


def test_the_map_has_an_arrow_for_each_opening() -> None:
    flows = the_flows()
    text = map_mermaid(flows, "zh")
    for flow in flows:
        assert f'  {flow.flow}["{flow.flow} ' in text
        for outcome, openings in flow.opens.items():
            title = next(one.title for one in flow.outcomes if one.code == outcome)
            for opening in openings:
                arrow = "==>" if opening.duty == "must" else "-->"
                (line,) = [
                    one
                    for one in text.splitlines()
                    if one.startswith(f"  {flow.flow} {arrow}|") and one.endswith(f"| {opening.flow}")
                ]
                assert title in line

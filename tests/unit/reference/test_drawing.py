"""The picture: whole, without overlapping boxes, readable as XML, the same each time."""

from itertools import combinations
from xml.etree import ElementTree

from hub.domain.lifecycle import Lifecycle
from hub.reference.drawing import Box, draw, longest_chain
from hub.reference.lifecycle import lifecycle_picture
from hub.reference.transitions import Transition, transitions

SVG = "{http://www.w3.org/2000/svg}"


def rectangles(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    found = [one for one in root.iter(f"{SVG}rect") if one.get("class") in ("box", "end")]
    return [
        tuple(float(one.get(name, "")) for name in ("x", "y", "width", "height"))  # type: ignore[misc]
        for one in found
    ]


def test_every_state_and_every_name_of_a_transition_is_in_the_picture(life: Lifecycle) -> None:
    root = ElementTree.fromstring(lifecycle_picture(life))
    texts = [one.text for one in root.iter(f"{SVG}text")]
    for name, state in life.states.items():
        assert texts.count(name) == 1
        assert state.zh in texts
    for way in transitions(life):
        assert way.en in texts
        assert way.zh in texts


def test_no_two_boxes_overlap_and_all_are_inside(life: Lifecycle) -> None:
    root = ElementTree.fromstring(lifecycle_picture(life))
    boxes = rectangles(root)
    assert len(boxes) == len(life.states)
    for (x, y, width, height), (x2, y2, width2, height2) in combinations(boxes, 2):
        assert x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y
    _, _, right, bottom = (float(number) for number in root.get("viewBox", "").split())
    for x, y, width, height in boxes:
        assert x >= 0
        assert y >= 0
        assert x + width <= right
        assert y + height <= bottom


def test_the_picture_is_the_same_each_time(life: Lifecycle) -> None:
    assert lifecycle_picture(life) == lifecycle_picture(life.model_copy(deep=True))


def test_the_chain_is_the_longest_way_forward_and_leaves_copies_out(life: Lifecycle) -> None:
    chain = longest_chain(list(life.states), transitions(life))
    assert chain == ["assigned", "delivered", "signed", "accepted", "handling", "replied", "confirmed"]
    ways = [Transition("assigned", "noted", "a", "甲", copy=True), Transition("assigned", "done", "b", "乙")]
    assert longest_chain(["assigned", "noted", "done"], ways) == ["assigned", "done"]


def test_a_name_with_special_characters_stays_xml() -> None:
    boxes = [Box("assigned", "<派发>", "a & b", False), Box("done", "完", "done", True)]
    root = ElementTree.fromstring(draw(boxes, [Transition("assigned", "done", "a<b", "甲&乙")]))
    assert "a<b" in [one.text for one in root.iter(f"{SVG}text")]

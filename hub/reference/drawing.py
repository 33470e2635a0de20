"""A layered drawing of states and transitions as SVG. Own and small: the page must not depend on a drawing program.

The longest chain from the first state runs down the middle. A transition to the next state of the chain is a
straight arrow; all others with the same label and end share one lane beside the chain: forward ones and those of
copies on the left, backward ones and ends on the right. Lanes whose rows do not touch share a column.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from hub.reference.transitions import INITIAL, Transition

BOX, ROW, LANE, TALL = 150, 92, 178, 46
TOP, SIDE = 20, 20
# A state beside the chain stands so much above its row that no line of that row runs behind it.
AHEAD = 38
STYLE = """
  .page { fill: #fcfcfa; }
  .box { fill: #e8eef6; stroke: #44597a; stroke-width: 1.2; }
  .end { fill: #e9efe6; stroke: #4c6b45; stroke-width: 2.2; }
  .way { fill: none; stroke: #5a6473; stroke-width: 1.3; }
  .copy { stroke-dasharray: 5 4; }
  .tip { fill: #5a6473; }
  text { font: 12px sans-serif; fill: #1d2430; }
  .zh { font-size: 14px; font-weight: bold; }
  .label { font-size: 11px; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #16191f; } .box { fill: #243247; stroke: #8aa4cc; } .end { fill: #24342a; stroke: #8fbf86; }
    .way { stroke: #a3adbb; } .tip { fill: #a3adbb; } text { fill: #e6e9ee; }
  }"""


@dataclass(frozen=True, slots=True)
class Box:
    """A state to draw."""

    name: str
    zh: str
    en: str
    end: bool


@dataclass(slots=True)
class Lane:
    """Transitions with one name and one end, drawn as one line with several beginnings. Rows count from above."""

    way: Transition
    befores: list[str]
    left: bool
    first: int = 0
    last: int = 0
    column: int = 0

    @property
    def after(self) -> str:
        """The state that it leads to."""
        return self.way.after


def draw(boxes: Sequence[Box], ways: Sequence[Transition]) -> str:
    """The SVG text. Deterministic. A state that no chain holds stands in the lane that leads to it."""
    chain = longest_chain([box.name for box in boxes], ways)
    rows = {name: row for row, name in enumerate(chain)}
    straight = set(pairwise(chain))
    lanes = _lanes(rows, [way for way in ways if (way.before, way.after) not in straight])
    for lane in lanes:
        rows.setdefault(lane.after, lane.last)
    left = 1 + max((lane.column for lane in lanes if lane.left), default=-1)
    right = 1 + max((lane.column for lane in lanes if not lane.left), default=-1)
    middle = SIDE + left * LANE + BOX / 2
    width = middle + BOX / 2 + right * LANE + SIDE
    height = TOP * 2 + TALL + ROW * max(rows.values())
    places = {name: (middle, _y(row)) for name, row in rows.items()}
    places |= {
        lane.after: (_x(lane, middle), _y(lane.last) - AHEAD) for lane in lanes if lane.after not in chain
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">',
        f"<style>{STYLE}\n</style>",
        f'<rect class="page" width="{width:g}" height="{height:g}" rx="8"/>',
    ]
    for lane in lanes:
        parts += _lane(lane, middle, places)
    for pair in pairwise(chain):
        parts += _arrow([way for way in ways if (way.before, way.after) == pair], places)
    parts += [part for box in boxes for part in _box(box, *places[box.name])]
    return "\n".join([*parts, "</svg>", ""])


def longest_chain(names: Sequence[str], ways: Iterable[Transition]) -> list[str]:
    """The longest way forward from the first state; forward is the order of `names`. Those of copies do not count."""
    order = {name: place for place, name in enumerate(names)}
    nexts: dict[str, list[str]] = {name: [] for name in names}
    fed: dict[str, int] = dict.fromkeys(names, 0)
    for way in ways:
        if not way.copy and order[way.after] > order[way.before]:
            nexts[way.before].append(way.after)
            fed[way.after] += 1
    best: dict[str, list[str]] = {}
    for name in reversed(names):
        tails = [best[after] for after in nexts[name]]
        best[name] = [name, *max(tails, key=len, default=[])]
    return best[INITIAL]


def _lanes(rows: Mapping[str, int], ways: Sequence[Transition]) -> list[Lane]:
    grouped: dict[tuple[str, str], Lane] = {}
    for way in ways:
        forward = rows.get(way.after, -1) > rows[way.before]
        lane = grouped.setdefault((way.en, way.after), Lane(way, [], way.copy or forward))
        lane.befores.append(way.before)
    for lane in grouped.values():
        at = [rows[before] for before in lane.befores]
        end = rows.get(lane.after, max(at) + 1)
        lane.first, lane.last = min(*at, end), max(*at, end)
    _columns(list(grouped.values()))
    return list(grouped.values())


def _columns(lanes: Sequence[Lane]) -> None:
    """Short lanes nearest to the chain; two that touch never share a column."""
    placed: list[Lane] = []
    for lane in sorted(lanes, key=lambda one: one.last - one.first):
        beside = [
            other.column
            for other in placed
            if other.left == lane.left and other.first <= lane.last and lane.first <= other.last
        ]
        lane.column = next(column for column in range(len(lanes)) if column not in beside)
        placed.append(lane)


def _x(lane: Lane, middle: float) -> float:
    away = BOX / 2 + (lane.column + 0.5) * LANE
    return middle - away if lane.left else middle + away


def _y(row: int) -> float:
    return TOP + TALL / 2 + row * ROW


def _lane(lane: Lane, middle: float, places: Mapping[str, tuple[float, float]]) -> list[str]:
    x, side = _x(lane, middle), -1 if lane.left else 1
    style = "way copy" if lane.way.copy else "way"
    goal_x, goal_y = places[lane.after]
    beside = goal_x == x
    # Beginnings and ends of several lanes at one box stand a little apart.
    shift = 5 + 4 * lane.column
    edge = middle + side * BOX / 2
    end = f"V {goal_y - TALL / 2:g}" if beside else f"V {goal_y - shift:g} H {edge:g}"
    starts = [places[before][1] + shift for before in lane.befores]
    parts = [f'<path class="{style}" d="M {edge:g} {y:g} H {x:g} {end}"/>' for y in starts]
    if beside:
        parts.append(_tip(x, goal_y - TALL / 2, "down"))
    else:
        parts.append(_tip(edge, goal_y - shift, "right" if lane.left else "left"))
    gap = lane.first if beside else lane.last - 1
    return [*parts, *_label(lane.way, x + 6, _y(gap) + ROW / 2)]


def _arrow(ways: Sequence[Transition], places: Mapping[str, tuple[float, float]]) -> list[str]:
    """One arrow down the chain; names of further ways stand on its other side."""
    (x, above), (_, below) = places[ways[0].before], places[ways[0].after]
    top, bottom = above + TALL / 2, below - TALL / 2
    parts = [f'<path class="way" d="M {x:g} {top:g} V {bottom:g}"/>', _tip(x, bottom, "down")]
    for place, way in enumerate(ways):
        parts += _label(way, x + (6, -6)[place % 2], (top + bottom) / 2, ("start", "end")[place % 2])
    return parts


def _label(way: Transition, x: float, y: float, anchor: str = "start") -> list[str]:
    return [
        f'<text class="label" x="{x:g}" y="{at:g}" text-anchor="{anchor}">{escape(text)}</text>'
        for at, text in ((y - 2, way.en), (y + 11, way.zh))
    ]


def _tip(x: float, y: float, way: str) -> str:
    dx, dy = {"down": (0, -1), "left": (1, 0), "right": (-1, 0)}[way]
    one = f"{x + 8 * dx + 4 * dy:g},{y + 8 * dy + 4 * dx:g}"
    other = f"{x + 8 * dx - 4 * dy:g},{y + 8 * dy - 4 * dx:g}"
    return f'<polygon class="tip" points="{x:g},{y:g} {one} {other}"/>'


def _box(box: Box, x: float, y: float) -> list[str]:
    style = "end" if box.end else "box"
    return [
        f'<rect class="{style}" x="{x - BOX / 2:g}" y="{y - TALL / 2:g}" width="{BOX}" height="{TALL}" rx="7"/>',
        f'<text class="zh" x="{x:g}" y="{y - 3:g}" text-anchor="middle">{escape(box.zh)}</text>',
        f'<text x="{x:g}" y="{y + 14:g}" text-anchor="middle">{escape(box.name)}</text>',
    ]

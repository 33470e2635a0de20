"""The page of the routing lists and of the kinds of matters, from `hub/rules/routing/` and `hub/rules/codes/matters.yaml`."""

from typing import Any

from hub.domain.routing_rows import AdmissionRow, Conditions, DutyRow, LevelRow, RoutingList
from hub.reference.markdown import NONE, codes, page, table
from hub.rules.catalogues import Catalogues, load_catalogues
from hub.rules.loader import load_flows, rule_roots
from hub.rules.routing_files import load_routing

_HEAD = [
    "# Routing 归口",
    "",
    "From `hub/rules/routing/`. The row that fits most exactly wins: first by the kind of matter, then by the place, then by "
    "level, weight, track and priority. These lists are a pattern; a city puts its own duty list over them: "
    "[routing](../how-to/routing.md). *Not verified*: the articles were not read in an official text.",
    "",
    "本页由 `hub/rules/routing/` 生成。最具体的行优先：先看事项类别，再看地点，再看层级、大小、轨道和紧急程度。"
    "所列清单为通用样例，城市以自己的权责清单替换，见[归口](../how-to/routing.zh-CN.md)。“未核对”指条文未对照正式文本。",
    "",
]


def routing_reference() -> str:
    """`docs/reference/routing.md`."""
    roots = rule_roots()
    held = load_catalogues(roots)
    routing = load_routing(roots, held, {flow.flow for flow in load_flows(roots, held)})
    parts = []
    for one in routing.duties:
        rows = [(_when(row, held), _owner(row), row.duty.zh, row.duty.en, row.article) for row in one.rows]
        head = ("When 事项", "Owner 归属", "职责", "Duty", "Article 依据")
        parts += [_title(one, codes(one.flows)), table(head, rows)]
    for levels in routing.levels:
        settled = [(_when(row, held), _settles(row), row.article) for row in levels.rows]
        head3 = ("When 事项", "Settled at 化解层级", "Source 依据")
        parts += [_title(levels, codes(levels.flows)), table(head3, settled)]
    for admission in routing.admissions:
        barred = [
            (_when(row, held), _instead(row), row.reason.zh, row.reason.en, row.article)
            for row in admission.rows
        ]
        head5 = ("Not admitted 不得准入", "Instead 应归", "理由", "Reason", "Article 依据")
        parts += [_title(admission, codes(admission.roles)), table(head5, barred)]
    matters = [
        (f"`{one.code}`", one.title, one.en, "、".join(one.causes) or NONE) for one in held.matters.values()
    ]
    catalogue = ["## Kinds of matters 事项类别", "", *table(("Code", "中文", "English", "案由"), matters)]
    return page(_HEAD, *parts, catalogue)


def _title(held: RoutingList[Any], where: str) -> list[str]:
    until = "" if held.effective_to is None else str(held.effective_to)
    read = "verified 已核对" if held.verified else "**not verified 未核对**"
    return [
        f"## {held.name} {held.title.zh} {held.title.en}",
        "",
        f"{held.effective_from} – {until} · {held.law} · {read} · {where}",
        "",
    ]


def _when(row: Conditions, held: Catalogues) -> str:
    parts = [f"`{code}` {held.matters[code].title}" for code in row.matters]
    for values in (row.regions, row.levels, row.weights, row.tracks, row.priorities):
        if values:
            parts.append(" / ".join(f"`{one}`" for one in values))
    return "; ".join(parts) or "all else 其余"


def _owner(row: DutyRow) -> str:
    helped = f" + {codes(row.helpers)}" if row.helpers else ""
    return f"`{row.department or row.to}`{helped}"


def _settles(row: LevelRow) -> str:
    return f"`{row.settles}`"


def _instead(row: AdmissionRow) -> str:
    return codes(row.instead)

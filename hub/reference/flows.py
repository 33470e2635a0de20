"""The page of all flows, from `hub/rules/flows/`."""

import re
from collections.abc import Sequence

from hub.domain.flow import Flow
from hub.reference.flow_diagram import map_mermaid
from hub.reference.flow_rows import flow_rows, law
from hub.reference.markdown import codes, page, table
from hub.rules.catalogues import load_catalogues
from hub.rules.loader import load_flows, rule_roots

_HEAD = [
    "# Flows 业务流程",
    "",
    "From `hub/rules/flows/`. A flow says who may hand what to whom, with which papers, replies, outcomes, clocks and limits. "
    "*Verified* means that the articles were read in an official text; *not verified* that they were not, and must be "
    "checked before use. Clocks are named by their ids in the list of clocks; `fact.…` is a recorded fact of the case, "
    "`opened.…` the next referral. A city adds and changes flows in its own directory: "
    "[change a flow](../how-to/change-a-flow.md).",
    "",
    "本页由 `hub/rules/flows/` 生成。流程规定何方可向何方移送、须附何种文书、须作何种回复、结果、时限与次数限制。"
    "“已核对”指条文已对照正式文本；“未核对”者使用前须核对。时限以时限表编号表示；`fact.…` 为案件登记的事实，"
    "`opened.…` 为后续移送。城市在自己的目录中增改流程，见[修改流程](../how-to/change-a-flow.zh-CN.md)。",
    "",
]
_MAP = [
    "Which outcome opens which flow 何种结果引出何种后续流程 (thick: must 粗线为应当):",
    "",
]


def the_flows() -> list[Flow]:
    """Every version of every flow of the hub itself, F4 before F4B before F17."""
    roots = rule_roots()
    return in_order(load_flows(roots, load_catalogues(roots)))


def in_order(flows: Sequence[Flow]) -> list[Flow]:
    """The flows by number, then by what follows it, then by version."""
    return sorted(flows, key=lambda flow: (_natural(flow.flow), flow.version))


def flows_reference(flows: Sequence[Flow] | None = None) -> str:
    """`docs/reference/flows.md`."""
    shown = the_flows() if flows is None else flows
    drawn = ["```mermaid", *map_mermaid(shown).splitlines(), "```", ""]
    return page(_HEAD, _overview(shown), _MAP, drawn, *(_flow(flow) for flow in shown))


def _natural(code: str) -> tuple[str, int, str]:
    letters, digits, rest = re.fullmatch(r"(\D*)(\d*)(.*)", code).groups()  # type: ignore[union-attr]
    return letters, int(digits or 0), rest


def _overview(flows: Sequence[Flow]) -> list[str]:
    head = ("Flow", "中文", "English", "Senders 发起", "Lead 主办", "Law 依据")
    rows = [
        (f"[`{f.flow}`](#{_anchor(f)})", f.title.zh, f.title.en, codes(f.senders), codes(f.lead), law(f))
        for f in flows
    ]
    return table(head, rows)


def _anchor(flow: Flow) -> str:
    return f"{flow.flow}-v{flow.version}".lower()


def _flow(flow: Flow) -> list[str]:
    title = [f'<a id="{_anchor(flow)}"></a>', "", f"## {flow.flow} {flow.title.zh} {flow.title.en}", ""]
    return [*title, *table((f"Version 版本 {flow.version}", ""), flow_rows(flow))]

"""The page of all flows, from `hub/rules/flows/`."""

import re
from collections.abc import Iterable, Sequence

from hub.domain.flow import Coded, Flow, FlowPaper, FlowReply
from hub.reference.markdown import NONE, codes, page, table
from hub.rules.files import load_model
from hub.rules.loader import HERE

_HEAD = [
    "# Flows 业务流程",
    "",
    "From `hub/rules/flows/`. A flow says who may hand what to whom, with which papers, replies, outcomes and limits. "
    "*Verified* means that the articles were read in an official text; *not verified* that they were not, and must be "
    "checked before use. The limit of returns and the flows that an outcome opens are recorded here for people; the hub does "
    "not act on them yet.",
    "",
    "本页由 `hub/rules/flows/` 生成。流程规定何方可向何方移送、须附何种文书、须作何种回复、结果与次数限制。"
    "“已核对”指条文已对照正式文本；“未核对”者使用前须核对。退回次数上限与后续流程目前仅作记录，中枢尚不据此处理。",
    "",
]


def the_flows() -> list[Flow]:
    """Every version of every flow file, F4 before F17."""
    flows = [load_model(path, Flow) for path in sorted((HERE / "flows").glob("*.yaml"))]
    return sorted(flows, key=lambda flow: (_natural(flow.flow), flow.version))


def flows_reference(flows: Sequence[Flow] | None = None) -> str:
    """`docs/reference/flows.md`."""
    shown = the_flows() if flows is None else flows
    return page(_HEAD, _overview(shown), *(_flow(flow) for flow in shown))


def _natural(code: str) -> tuple[str, int]:
    letters, digits = re.fullmatch(r"(.*?)(\d*)", code).groups()  # type: ignore[union-attr]
    return letters, int(digits or 0)


def _overview(flows: Sequence[Flow]) -> list[str]:
    head = ("Flow", "中文", "English", "Senders 发起", "Lead 主办", "Law 依据")
    rows = [
        (f"[`{f.flow}`](#{_anchor(f)})", f.title.zh, f.title.en, codes(f.senders), codes(f.lead), _law(f))
        for f in flows
    ]
    return table(head, rows)


def _anchor(flow: Flow) -> str:
    return f"{flow.flow}-v{flow.version}".lower()


def _flow(flow: Flow) -> list[str]:
    until = f" – {flow.effective_to}" if flow.effective_to else ""
    raised = (
        ""
        if flow.limits.raised_per_case is None
        else f"; raised per case 每案发起 {flow.limits.raised_per_case}"
    )
    confirm = _coded(flow.confirm.papers) if flow.confirm.papers else ""
    opened = "; ".join(f"`{outcome}` → {codes(after)}" for outcome, after in flow.opens.items())
    rows = [
        ("Law 依据", f"{_law(flow)}, {_verified(flow)}"),
        ("In force 施行", f"{flow.effective_from}{until}"),
        ("Kinds 方式", codes(kind.value for kind in flow.kinds)),
        ("Senders 发起单位", codes(flow.senders)),
        ("Lead 主办单位", codes(flow.lead)),
        ("Co-handlers 协办单位", codes(flow.co_handlers)),
        ("Copies 抄送单位", codes(flow.copies)),
        ("Papers 文书", _papers(flow.papers)),
        ("Replies, in order 依次回复", _replies(flow.replies)),
        ("Outcomes 结果", _coded(flow.outcomes)),
        ("Return reasons 退回理由", _coded(flow.return_reasons)),
        ("Sender confirms 来文单位确认", f"yes 是 {confirm}".strip() if flow.confirm.required else "no 否"),
        (
            "Withdrawn by the sender alone 单方撤回",
            f"before the lead has 主办单位以下步骤之前: `{flow.withdraw.before}`",
        ),
        ("When the lead closes, co-handlers 主办办结后协办任务", _ON_CLOSE[flow.on_lead_close.co_handlers]),
        ("Sees up to 可见字段至", _visible(flow)),
        (
            "Limits 次数限制",
            f"returns 退回 {flow.limits.returns}; reworks 重办 {flow.limits.reworks}{raised}",
        ),
        ("Opens 后续流程", opened or NONE),
    ]
    title = [f'<a id="{_anchor(flow)}"></a>', "", f"## {flow.flow} {flow.title.zh} {flow.title.en}", ""]
    return [*title, *table((f"Version 版本 {flow.version}", ""), rows)]


_ON_CLOSE = {"keep": "`keep`: go on 继续办理", "close": "`close`: are cancelled 一并终止"}


def _law(flow: Flow) -> str:
    return f"{flow.law} {'、'.join(flow.articles)}"


def _verified(flow: Flow) -> str:
    return "verified 已核对" if flow.verified else "**not verified 未核对**"


def _papers(papers: Iterable[FlowPaper]) -> str:
    return (
        "; ".join(f"`{p.code}` {p.title}{'' if p.required else ' (optional 可选)'}" for p in papers) or NONE
    )


def _replies(replies: Iterable[FlowReply]) -> str:
    notes = {True: " (final 最终)", False: ""}
    return "; ".join(
        f"{place}. `{r.code}` {r.title}{notes[r.final]}{'' if r.required else ' (optional 可选)'}"
        for place, r in enumerate(replies, 1)
    )


def _coded(items: Iterable[Coded]) -> str:
    return "; ".join(f"`{item.code}` {item.title}" for item in items) or NONE


def _visible(flow: Flow) -> str:
    seen = flow.visibility
    return f"lead 主办 `{seen.lead}`; co-handler 协办 `{seen.co_handler}`; copy 抄送 `{seen.copy_}`"

"""The page of the catalogues that flows refer to, from `hub/rules/codes/`."""

from hub.reference.markdown import codes, page, table
from hub.rules.catalogues import load_catalogues
from hub.rules.loader import rule_roots

_HEAD = [
    "# Codes 代码目录",
    "",
    "From `hub/rules/codes/`. A code means the same in every flow; a flow may word it for itself. A city adds codes in its own "
    "directory: [change a flow](../how-to/change-a-flow.md).",
    "",
    "本页由 `hub/rules/codes/` 生成。同一代码在各流程中含义相同，流程可另拟措辞。城市可在自己的目录中增加代码，"
    "见[修改流程](../how-to/change-a-flow.zh-CN.md)。",
    "",
]


def codes_reference() -> str:
    """`docs/reference/codes.md`."""
    held = load_catalogues(rule_roots())
    roles = [(f"`{one.code}`", one.title, one.en) for one in held.roles.values()]
    reasons = [(f"`{one.code}`", one.title, one.en) for one in held.return_reasons.values()]
    papers = [(f"`{one.code}`", one.title, one.en, f"`{one.volume}`") for one in held.papers.values()]
    facts = [(f"`{one.code}`", one.title, one.en, codes(one.values)) for one in held.facts.values()]
    return page(
        _HEAD,
        ["## Roles 单位角色", "", *table(("Code", "中文", "English"), roles)],
        ["## Return reasons 退回理由", "", *table(("Code", "中文", "English"), reasons)],
        ["## Papers 电子卷宗目录", "", *table(("Code", "中文", "English", "Volume 卷"), papers)],
        ["## Facts 案件事实", "", *table(("Code", "中文", "English", "Values 取值"), facts)],
    )

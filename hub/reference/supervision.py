"""The page of the ladder of supervision, from `hub/rules/supervision.yaml`."""

from hub.domain.supervision import Supervision
from hub.reference.markdown import page, table
from hub.reference.supervision_rows import step_head, step_rows, trigger_rows
from hub.rules.files import load_model
from hub.rules.loader import HERE
from hub.rules.supervision_files import supervision_file

_HEAD = [
    "# Ladder of supervision 督办阶梯",
    "",
    "From `hub/rules/supervision.yaml`. Times and counts are house rules; a city's own file stands in place of this one: "
    "[supervision](../how-to/supervision.md).",
    "",
    "本页由 `hub/rules/supervision.yaml` 生成。其中时间与次数为内部规定，城市可用自己的文件取代："
    "[督办](../how-to/supervision.zh-CN.md)。",
    "",
    "## Steps 步骤",
    "",
    "The lowest first. `sender`: of the referral; `superior`: of the supervised, which never takes or clears its own steps.",
    "",
    "自低至高。`sender` 为来文单位，`superior` 为被督办单位的上级；被督办单位不得自行作出或解除。",
    "",
]
_TRIGGERS = [
    "## What makes the hub take a step 自动触发",
    "",
    "Any step may also be taken by a person who may (`supervision.raised`). On one task at most one step of the hub stands; "
    "a higher one takes its place.",
    "",
    "凡有权者均可作出任一步骤（`supervision.raised`）。同一任务上中枢作出的步骤至多一个，较高者取代较低者。",
    "",
]


def supervision_reference() -> str:
    """`docs/reference/supervision.md`."""
    ladder = load_model(supervision_file([HERE]), Supervision)
    return page(
        _HEAD,
        table(step_head(), step_rows(ladder)),
        _TRIGGERS,
        table(("By 依", "When 情形", "Step 步骤"), trigger_rows(ladder)),
    )

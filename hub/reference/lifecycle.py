"""The page and the picture of a task's life, from `hub/rules/lifecycle.yaml`."""

from functools import cache

from hub.domain.lifecycle import Lifecycle, Step
from hub.reference.drawing import Box, draw
from hub.reference.markdown import codes, page, table
from hub.reference.transitions import INITIAL, transitions
from hub.rules.files import load_model
from hub.rules.loader import HERE

WHO = {"handler": "handler 承办单位", "sender": "sender 来文单位", "lead": "lead 主办单位"}
REQUESTS = {"return": "return 退回", "supplement": "supplement 补正", "withdrawal": "withdrawal 撤回"}
VERDICTS = {
    "first": "first: the later step is refused as `superseded` 先提交者优先，后一步骤以 `superseded` 拒收",
    "replaces": "replaces: the later step takes effect and ends the waiting request 后一步骤生效，先前请求终结",
    "both": "both: they do not touch each other 两者互不影响",
}


@cache
def the_lifecycle() -> Lifecycle:
    """The table that the hub runs with."""
    return load_model(HERE / "lifecycle.yaml", Lifecycle)


def lifecycle_picture(lifecycle: Lifecycle | None = None) -> str:
    """`docs/reference/lifecycle.svg`."""
    life = lifecycle or the_lifecycle()
    boxes = [Box(name, state.zh, state.en, state.end) for name, state in life.states.items()]
    return draw(boxes, transitions(life))


def lifecycle_reference(lifecycle: Lifecycle | None = None) -> str:
    """`docs/reference/lifecycle.md`."""
    life = lifecycle or the_lifecycle()
    return page(
        _HEAD,
        _mermaid(life),
        ["## States 状态", ""],
        _states(life),
        _STEPS,
        _steps(life),
        _RACES,
        _races(life),
    )


_HEAD = [
    "# Life of a task 任务的生命周期",
    "",
    "From `hub/rules/lifecycle.yaml`, which the hub runs with. A referral gives each receiver a task; every step below is "
    "a message. Lines drawn broken are a copy's. Steps that leave the state as it is are in the table only.",
    "",
    "本页由 `hub/rules/lifecycle.yaml` 生成，中枢即按该表运行。一次移送给每个接收单位一个任务；下列每一步骤即一条报文。"
    "虚线为抄送单位的步骤。不改变状态的步骤只列于表中。",
    "",
    "![Life of a task 任务的生命周期](lifecycle.svg)",
    "",
]
_STEPS = [
    "## Steps 步骤",
    "",
    "In any other state the step is refused as `illegal_step` with the steps that are allowed. `a → b`: from state a to b; "
    "`copy`: of a copy's task, which has no other steps; `again`: repeated without effect.",
    "",
    "在其他状态下，该步骤以 `illegal_step` 拒收，并告知允许的步骤。`copy`：抄送单位的任务，仅有这些步骤；`again`：重复而无影响。",
    "",
]
_RACES = [
    "## Races 竞合",
    "",
    "A request that waits (row) against a step that comes after it (column). First committed wins:",
    "",
    "等待答复的请求（行）遇到其后的步骤（列），以先提交者为准：",
    "",
    *(f"- {verdict}" for verdict in VERDICTS.values()),
    "",
]


def _mermaid(life: Lifecycle) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'  state "{state.zh} {name}" as {name}' for name, state in life.states.items()]
    lines += [f"  [*] --> {INITIAL}"]
    grouped: dict[tuple[str, str], list[str]] = {}
    for way in transitions(life):
        label = f"{way.en} {way.zh}".replace(":", "") + (" 抄送" if way.copy else "")
        grouped.setdefault((way.before, way.after), []).append(label)
    lines += [f"  {before} --> {after}: {' / '.join(labels)}" for (before, after), labels in grouped.items()]
    lines += [f"  {name} --> [*]" for name, state in life.states.items() if state.end]
    return [*lines, "```", ""]


def _states(life: Lifecycle) -> list[str]:
    rows = [
        (f"`{name}`", state.zh, state.en, WHO[state.owner], "yes 是" if state.end else "")
        for name, state in life.states.items()
    ]
    return table(("State", "中文", "English", "Accountable 责任单位", "End 终态"), rows)


def _steps(life: Lifecycle) -> list[str]:
    head = ("Step", "中文", "By 由谁", "From → to 状态变化", "Request 请求", "Receipt 回执", "Tells 告知")
    return table(head, [_step(name, step) for name, step in life.steps.items()])


def _step(name: str, step: Step) -> tuple[str, ...]:
    changes = [f"{before} → {after}" for before, after in step.from_.items()]
    changes += [f"copy: {before} → {after}" for before, after in step.copy_.items()]
    if step.again:
        changes.append(f"again: {', '.join(step.again)}")
    request = f"opens {REQUESTS[step.opens]}" if step.opens else ""
    request = f"answers {REQUESTS[step.answers]}" if step.answers else request
    told = ", ".join(WHO[who] for who in step.tells)
    return (
        f"`{name}`",
        step.zh,
        WHO[step.by],
        "; ".join(changes),
        request,
        codes([step.rung] if step.rung else []),
        told,
    )


def _races(life: Lifecycle) -> list[str]:
    columns = list(next(iter(life.races.values())))
    rows = [[REQUESTS[request], *(row[column] for column in columns)] for request, row in life.races.items()]
    return table(["Waiting 等待中", *(f"`{column}`" for column in columns)], rows)

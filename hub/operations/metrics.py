"""Every metric of the hub, declared once: name, kind, labels, unit and plain meaning."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Scope = Literal["process", "store"]
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
# Upper bounds of the time from step to step; the law counts in days, connectors in seconds.
STEP_BOUNDS = (
    1,
    10,
    MINUTE,
    10 * MINUTE,
    HOUR,
    4 * HOUR,
    DAY,
    3 * DAY,
    7 * DAY,
    15 * DAY,
    30 * DAY,
    60 * DAY,
)
# Bounds in days of the ages of open tasks.
AGE_BOUNDS = (1, 3, 7, 15, 30, 60)
AGES = ("under_1d", "1d_3d", "3d_7d", "7d_15d", "15d_30d", "30d_60d", "over_60d")


@dataclass(frozen=True, slots=True)
class Metric:
    """`scope`: of this process, or read from the store and then the same in every process."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    unit: str
    scope: Scope
    en: str
    zh: str


BUILD = Metric(
    "fengqiao_build_info",
    "gauge",
    ("version", "rules"),
    "1",
    "process",
    "Version of the code and digest of the loaded rules; always 1.",
    "程序版本与所载规则摘要；恒为 1。",
)
STORE_UP = Metric(
    "fengqiao_store_up",
    "gauge",
    (),
    "0 or 1",
    "process",
    "Whether the store answered this scrape; if not, the metrics read from the store are missing.",
    "本次采集时数据库是否应答；未应答时不给出取自数据库的指标。",
)
READY = Metric(
    "fengqiao_ready",
    "gauge",
    (),
    "0 or 1",
    "process",
    "Whether every role of this process works now (as /readyz).",
    "本进程各角色当前是否正常（同 /readyz）。",
)
ASSIGNED = Metric(
    "fengqiao_assigned_shards",
    "gauge",
    (),
    "shards",
    "process",
    "Shards whose intake this process has.",
    "本进程承担接收的分片数。",
)
MEASURED_AGE = Metric(
    "fengqiao_measured_age_seconds",
    "gauge",
    (),
    "seconds",
    "process",
    "Since the ends of the source topics were last asked for; missing before the first time.",
    "距上次询问来源主题末端的时间；首次之前不给出。",
)
SOURCE_LAG = Metric(
    "fengqiao_source_lag_records",
    "gauge",
    ("topic", "shard"),
    "records",
    "process",
    "Records of a source topic that are not committed yet: end of the log minus stored position.",
    "来源主题中尚未入库的记录数：日志末端减去已存位置。",
)
READ_RATE = Metric(
    "fengqiao_read_records_per_second",
    "gauge",
    (),
    "records a second",
    "process",
    "Records of its source topics that intake of this process committed a second, over the last minute.",
    "本进程接收最近一分钟每秒入库的报文数。",
)
CATCH_UP = Metric(
    "fengqiao_catch_up_seconds",
    "gauge",
    (),
    "seconds",
    "process",
    "Until intake of this process has read all that waits, at the pace of the last minute; 0 when nothing waits, missing "
    "while it does not get less.",
    "按最近一分钟的速度，本进程读完积压所需时间；无积压为 0，积压未减少时不给出。",
)
POLL_AGE = Metric(
    "fengqiao_poll_age_seconds",
    "gauge",
    ("shard",),
    "seconds",
    "process",
    "Since intake of the shard last looked for records.",
    "该分片上次读取记录距今的时间。",
)
COMMIT_AGE = Metric(
    "fengqiao_commit_age_seconds",
    "gauge",
    ("shard",),
    "seconds",
    "process",
    "Since intake of the shard last committed (or began); grows while nothing arrives.",
    "该分片上次提交（或启动）距今的时间；无报文时自然增长。",
)
STOPPED = Metric(
    "fengqiao_source_stopped",
    "gauge",
    ("topic", "shard"),
    "1",
    "process",
    "A source partition that must not be read on without a person; the log gives the remedy.",
    "须人工处理方可继续读取的来源分区；处理办法见日志。",
)
BRAKE = Metric(
    "fengqiao_brake",
    "gauge",
    ("topic",),
    "0 or 1",
    "process",
    "Whether a source topic is paused because too large a share of it gets parked.",
    "来源主题是否因搁置比例过高而暂停读取。",
)
ENTRIES = Metric(
    "fengqiao_journal_entries_total",
    "counter",
    ("shard",),
    "entries",
    "store",
    "Entries of the journal.",
    "流水条数。",
)
FOLLOWER_LAG = Metric(
    "fengqiao_follower_lag_entries",
    "gauge",
    ("follower", "shard"),
    "entries",
    "store",
    "Journal entries that the relay or the projector has not passed yet.",
    "转发器或投影器尚未处理的流水条数。",
)
FOLLOWER_AGE = Metric(
    "fengqiao_follower_lag_seconds",
    "gauge",
    ("follower", "shard"),
    "seconds",
    "store",
    "Age of the oldest entry that the follower has not passed; 0 when it is at the end.",
    "尚未处理的最早一条流水距今的时间；已至末端为 0。",
)
MESSAGES = Metric(
    "fengqiao_messages_total",
    "counter",
    ("department", "outcome", "reason"),
    "messages",
    "store",
    "What became of messages: submitted, refused or parked (with the named reason), duplicate, "
    "return_proposed; passed_on (a lead after a return, by through how many hands it went), escalated (to whom, before whom "
    "and why).",
    "报文处理结果：已提交、拒收、搁置（附原因）、重复、提出退回；退回后改派（按经手单位数）、争议升级（告知单位、层次与原因）。",
)
PARKED = Metric(
    "fengqiao_parked",
    "gauge",
    ("department", "reason"),
    "messages",
    "store",
    "Messages that are parked now.",
    "当前搁置的报文数。",
)
PARKED_AGE = Metric(
    "fengqiao_parked_oldest_age_seconds",
    "gauge",
    ("department", "reason"),
    "seconds",
    "store",
    "Age of the oldest message that is parked now.",
    "当前搁置最久的报文距今的时间。",
)
RAISED = Metric(
    "fengqiao_referrals_raised_total",
    "counter",
    ("department", "flow"),
    "referrals",
    "store",
    "Referrals that a department raised and the hub accepted into the journal.",
    "部门发起并已入流水的移送事项数。",
)
REFERRALS = Metric(
    "fengqiao_referrals",
    "gauge",
    ("department", "flow", "state"),
    "referrals",
    "store",
    "Referrals by sender and by what they are now: open, closed, returned, withdrawn. No counter, since "
    "closed ones may be reopened.",
    "按发起部门与当前状态统计的移送事项数：在办、办结、退回、撤回。办结可重开，故非累计值。",
)
STEPS = Metric(
    "fengqiao_task_steps_total",
    "counter",
    ("department", "flow", "step"),
    "tasks",
    "store",
    "Tasks of a department that were assigned, delivered, signed, accepted, replied (final reply), returned, "
    "cancelled.",
    "部门任务中已派发、送达、签收、受理、回复（最终回复）、退回、终止的件数。",
)
STEP_TIME = Metric(
    "fengqiao_step_seconds",
    "histogram",
    ("department", "flow", "step"),
    "seconds",
    "store",
    "Time from one receipt of a task to the next, by the hub's times of receipt. A second final reply "
    "after rework moves its task to another bucket.",
    "任务相邻回执之间的时间，以平台收到时间计。退回重办后的再次回复会改变该任务所在区间。",
)
OPEN = Metric(
    "fengqiao_tasks_open",
    "gauge",
    ("department", "flow", "age"),
    "tasks",
    "store",
    "Tasks that have not ended, by the time since they were assigned.",
    "未结任务数，按派发至今的时间分段。",
)
OF_PROCESS = (
    BUILD,
    STORE_UP,
    READY,
    ASSIGNED,
    MEASURED_AGE,
    SOURCE_LAG,
    READ_RATE,
    CATCH_UP,
    POLL_AGE,
    COMMIT_AGE,
    STOPPED,
    BRAKE,
)
OF_STORE = (ENTRIES, FOLLOWER_LAG, FOLLOWER_AGE, MESSAGES, PARKED, PARKED_AGE, RAISED, REFERRALS)
METRICS = (*OF_PROCESS, *OF_STORE, STEPS, STEP_TIME, OPEN)


def metric_reference() -> str:
    """The page `docs/reference/metrics.md`."""
    return "\n".join(
        [
            "# Metrics 指标",
            "",
            "Served on `/metrics` by every hub process, beside the usual `process_*`.",
            "",
            "各进程在 `/metrics` 提供以下指标，另有通用的 `process_*` 指标。",
            "",
            *_table("Of the process 进程自身", "process"),
            "Read from the store, the same in every process: aggregate with `max`, not `sum`.",
            "",
            "以下取自数据库，各进程相同：汇总请用 `max`，勿用 `sum`。",
            "",
            *_table("Of the hub 平台整体", "store"),
        ]
    )


def _table(title: str, scope: Scope) -> list[str]:
    head = ["| Name | Kind | Labels | Unit | Meaning | 含义 |", "| --- | --- | --- | --- | --- | --- |"]
    return [f"## {title}", "", *head, *(_row(m) for m in METRICS if m.scope == scope), ""]


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.en} | {metric.zh} |"

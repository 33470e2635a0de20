"""The page of all topics, from `hub/bus/topics.py`."""

from hub.bus.topics import CHECKPOINTS, CLOCK, CONSOLE, COSIGNATURES, DESK, RETENTION_MS, TIME, TopicNames
from hub.reference.markdown import page, table

_ANY = "<id>"
_NAMES = TopicNames()
_USES = {
    _NAMES.out_of(_ANY): (
        "the department's connector",
        "intake",
        "What the department says. 部门发出的报文。",
    ),
    _NAMES.into(_ANY): (
        "relay",
        "the department's connector",
        "Tasks, what others did, receipts, refusals. 任务、他方步骤、回执、拒收通知。",
    ),
    CONSOLE: ("nobody yet 尚无", "intake", "The pages, when there are any. 页面操作（尚未提供）。"),
    CLOCK: ("timekeeper", "intake", "Moments that have come. 到期时刻。"),
    DESK: (
        "relay, timekeeper, failure desk",
        "intake",
        "The hub to itself: the other half of a link, merge or split, a number that became known, what a person decided "
        "about a parked record. 中枢发给自身的报文：关联另一端、编号已知、搁置报文的人工处置。",
    ),
    COSIGNATURES: (
        "witnesses",
        "checkpointer",
        "What departments sign under checkpoints. 各部门在检查点下的联署。",
    ),
    CHECKPOINTS: (
        "checkpointer",
        "witnesses",
        "Signed checkpoints of the journal with their consistency proofs; the key is the name of the shard's log, the "
        "partition the shard. 日志的签名检查点及一致性证明；键为该分片日志的名称，分区即分片。",
    ),
}
_USES[TIME] = (
    "timekeeper",
    "nobody 无",
    "Empty records, kept for an hour: their time is the broker's. 空记录，保留一小时，用以取得消息代理的时间。",
)
_DAY_MS = 86_400_000


def topics_reference() -> str:
    """`docs/reference/topics.md`. Raises KeyError for a declared topic whose use is not written here."""
    declared = _NAMES.declared([_ANY], shards=1)
    rows = [(f"`{topic.name}`", *_USES[topic.name]) for topic in declared]
    theirs, ours = (
        {
            tuple(sorted(topic.settings.items()))
            for topic in declared
            if topic.ours is own and topic.name != TIME
        }
        for own in (False, True)
    )
    if len(theirs) != 1 or len(ours) != 1:
        raise ValueError("topics have different settings: the page shows one table for two kinds of topics")
    of_ours = dict(next(iter(ours)))
    shared = [(f"`{name}`", f"`{value}`", f"`{of_ours[name]}`") for name, value in next(iter(theirs))]
    return page(
        _HEAD,
        table(("Topic 主题", "Written by 写", "Read by 读", "What 内容"), rows),
        _SETTINGS,
        table(("Setting", "What departments write 部门所写", "What the hub writes 中枢所写"), shared),
    )


_HEAD = [
    "# Topics 主题",
    "",
    "From `hub/bus/topics.py`; made by `fengqiao topics apply`. `<id>` is a department's id in the city's directory. "
    "All have as many partitions as the hub has shards (6 unless said otherwise when the store was made); the key is the "
    "case id and the partition is `murmur2(case id) mod shards` (test vectors in `schemas/published/asyncapi.yaml`). With "
    "`FENGQIAO_TOPIC_PREFIX` each name begins with that prefix.",
    "",
    "本页由 `hub/bus/topics.py` 生成；由 `fengqiao topics apply` 创建。`<id>` 为部门标识。各主题分区数均等于分片数"
    "（默认 6，建库时确定）；键为案件标识，分区按 `murmur2(案件标识) mod 分片数`。设 `FENGQIAO_TOPIC_PREFIX` 后各名称加该前缀。",
    "",
]
_SETTINGS = [
    "## Settings of every topic 各主题的设置",
    "",
    f"Retention is {RETENTION_MS // _DAY_MS} days: longer than the longest outage that the hub promises to survive (30 days).",
    "",
    f"保留 {RETENTION_MS // _DAY_MS} 天，长于承诺可承受的最长中断（30 天）。",
    "",
    "A department's record may have 1 MiB. Kafka counts it as it is sent, the hub uncompressed and with its headers: a bigger "
    "one is parked as `too_large`. What the hub makes of such records may be bigger.",
    "",
    "部门每条报文不超过 1 MiB：Kafka 按发送时大小计，中枢按未压缩（含报文头）计，超出者以 `too_large` 搁置。"
    "中枢据此组合的报文可以更大。",
    "",
]

"""What a check found: what is proved, what is not, and what does not hold, each in plain Chinese and English."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in both languages."""

    zh: str
    en: str

    def in_(self, lang: str) -> str:
        """The sentence in `zh` or `en`."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that does not hold. `name`: of `FAILURES`; `file` in the bundle; `entry`: the number of an entry."""

    name: str
    file: str
    entry: int | None = None
    detail: str = ""

    def said(self) -> Said:
        """File, entry and what."""
        zh, en = FAILURES[self.name]
        place_zh = self.file + (f"，流水 {self.entry}" if self.entry is not None else "")
        place_en = self.file + (f", entry {self.entry}" if self.entry is not None else "")
        more = f" ({self.detail})" if self.detail else ""
        return Said(f"{place_zh}：{zh}{more}", f"{place_en}: {en}{more}")


# What can be wrong with a bundle: Chinese, English.
FAILURES = {
    "changed": ("文件内容被改动（与校验和不符）", "the file was changed: its checksum does not hold"),
    "missing": ("清单所列文件不存在", "the manifest names it, and it is not there"),
    "unlisted": ("清单未列此文件", "the manifest does not name it"),
    "form": ("格式不合规", "its form is wrong"),
    "statement": ("声明与证据包不一致", "the statement is of another bundle"),
    "hub_signature": ("中枢的签名不成立", "the hub's signature does not hold"),
    "cosignature": ("见证方的联署不成立", "a witness's cosignature does not hold"),
    "other_log": ("检查点属于另一个库或分片", "the checkpoint is of another log"),
    "other_checkpoint": ("证明所附检查点不是本包的检查点", "the proof is under another checkpoint than the bundle's"),
    "consistency": ("不能证明后一检查点延续前一检查点", "the later checkpoint is not proved to continue this one"),
    "split_view": ("与您留存的检查点的根不同（两份历史）", "its root is not that of the checkpoint which you keep: a split view"),
    "inclusion": ("不能证明该流水在检查点之中", "the entry is not proved to be under the checkpoint"),
    "other_entry": ("流水的分片、号或案件与文件名不符", "shard, number or case of the entry are not those of the bundle"),
    "no_proof": ("缺少证明", "there is no proof for it"),
    "no_key": ("没有其签名密钥", "the key that it names is not in the bundle"),
    "key_not_valid": ("签名密钥当时无效", "the key was not valid when the message was received"),
    "other_key": ("包内公钥与您提供的不同", "the key in the bundle is not one that you gave"),
    "signature": ("部门的签名不成立", "the sender's signature does not hold"),
    "other_content": ("报文内容与流水所载不符", "the message does not say what the entry says"),
    "message_missing": ("清单称报文完整，但没有", "the manifest says that the message is whole, and it is not there"),
    "message_state": ("清单所称报文状态与流水不符", "the manifest says otherwise of the message than the entry"),
    "gap": ("编号不连续：有流水被略去", "numbers do not follow each other: an entry was left out"),
    "nothing_before": ("所依据的事项不在包内：有流水被略去", "what it builds on is not in the bundle: an entry was left out"),
    "rules": ("规则文本与摘要不符", "the text of the rules does not have this digest"),
    "deadline": ("时限推导与流水所载到期时间不符", "the derivation does not lead to the due moment that the entry has"),
    "page": ("页面内容与记录不符", "the page does not say what the records say"),
}  # fmt: skip


@dataclass(slots=True)
class Report:
    """The outcome. `facts`: figures for machines. `anchored`: the checker gave the hub's key, or a checkpoint it kept."""

    failures: list[Failure] = field(default_factory=list)
    proved: list[Said] = field(default_factory=list)
    open: list[Said] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    anchored: bool = False

    @property
    def good(self) -> bool:
        """Nothing failed."""
        return not self.failures

    def fails(self, name: str, file: str, entry: int | None = None, detail: object = "") -> None:
        """Note what does not hold."""
        self.failures.append(Failure(name, file, entry, str(detail)[:300]))

    def proves(self, zh: str, en: str) -> None:
        """Note what is proved."""
        self.proved.append(Said(zh, en))

    def leaves_open(self, zh: str, en: str) -> None:
        """Note what is not."""
        self.open.append(Said(zh, en))

"""What a check comes to, in words for people who know neither hashes nor this hub: what is proved and what is not.

The questions are those that the other side's lawyer asks. Each is answered, or said to be open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.verifier.anchors import Anchors
from hub.verifier.check_case import Numbers
from hub.verifier.check_log import Log
from hub.verifier.check_messages import Messages, senders
from hub.verifier.check_rules import RuleBook
from hub.verifier.contents import Manifest
from hub.verifier.findings import Report
from hub.verifier.keys import HeldKey
from hub.verifier.page_words import china
from hub.verifier.records import Record


@dataclass(frozen=True, slots=True)
class Found:
    """All that the single checks found."""

    manifest: Manifest
    records: Sequence[Record]
    keys: Sequence[HeldKey]
    anchors: Anchors
    log: Log
    messages: Messages
    numbers: Numbers
    rules: RuleBook
    derivations: int
    stated: bool


def conclude(found: Found, report: Report) -> None:
    """Put the words and figures into the report. What failed is not repeated as proved."""
    kept = [size for size, one in sorted(found.log.checkpoints.items()) if one.kept]
    last = max(found.log.proved, default=0)
    report.anchored = bool(found.anchors.hub) or max(kept, default=0) >= last > 0
    _existence(found, report, kept)
    _witnesses(found, report)
    _signatures(found, report)
    _completeness(found, report)
    _rules(found, report)
    _rest(found, report)
    report.facts = _facts(found)


def _existence(found: Found, report: Report, kept: Sequence[int]) -> None:
    proved, size = len(found.log.proved), found.manifest.size
    if proved:
        report.proves(
            f"{proved} 条流水逐字在日志 {found.manifest.origin} 的前 {size} 条之中（Merkle 证明，中枢签名的检查点）。",
            f"{proved} entries stand, to the byte, among the first {size} of the log {found.manifest.origin} "
            "(Merkle proofs under a checkpoint that the hub signed).",
        )
    if kept:
        sizes = ", ".join(map(str, kept))
        under = _range([seq for seq in found.log.proved if seq <= kept[-1]]) or "-"
        report.proves(
            f"{sizes} 条的检查点与您自己留存的一致：流水 {under} 在其中。",
            f"The checkpoints of {sizes} entries are those that you kept yourself; they have entries {under}.",
        )
    if not found.anchors.hub:
        report.leaves_open(
            "中枢的公钥取自证据包本身：谁做了这个包，就可能连同密钥一起做。请向可信来源取得公钥，用 --checkpoint-key 提供。",
            "The hub's public key is the bundle's own word: whoever made the bundle could have made the key too. Get the key "
            "from a source that you trust and give it with --checkpoint-key.",
        )


def _witnesses(found: Found, report: Report) -> None:
    groups: dict[int, list[int]] = {}
    alone = []
    for seq in found.log.proved:
        seen = found.log.first_witnessed(seq)
        if seen is None:
            alone.append(seq)
        else:
            groups.setdefault(seen.said.size, []).append(seq)
    for size, entries in groups.items():
        which, witnesses = _range(entries), found.log.checkpoints[size].witnesses
        by_given = [moment for moment, given in witnesses.values() if given]
        at = china(min(by_given or [moment for moment, _ in witnesses.values()]).isoformat())
        zh = "、".join(
            name + ("" if given else "（公钥为证据包自述）") for name, (_, given) in witnesses.items()
        )
        en = ", ".join(
            name + ("" if given else " (its key is the bundle's own word)")
            for name, (_, given) in witnesses.items()
        )
        report.proves(
            f"流水 {which} 最迟于 {at} 已存在：包含它们的检查点（{size} 条）由见证方联署：{zh}。",
            f"Entries {which} existed at the latest at {at}: witnesses cosigned the checkpoint of {size} that has them: {en}.",
        )
    if alone:
        report.leaves_open(
            f"流水 {_range(alone)} 没有见证方联署：只有中枢自己的签名，同时掌握全部表和中枢密钥的人可以另做一份。",
            f"No witness cosigned a checkpoint with entries {_range(alone)}: only the hub's own signature stands for them, and "
            "whoever has all tables and the hub's key can make another history.",
        )
    elif found.log.proved:
        report.leaves_open(
            "联署的见证方若与中枢串通，可以为另一份历史作证。",
            "A witness that conspires with the hub can cosign another history too.",
        )


def _signatures(found: Found, report: Report) -> None:
    messages = found.messages
    counts = senders(messages)
    if counts:
        zh = "、".join(f"{name} {count} 件" for name, count in counts.items())
        en = ", ".join(f"{name} {count}" for name, count in counts.items())
        report.proves(
            f"报文签名已核验，内容与流水一致：{zh}。密钥在收到时有效。",
            f"Signatures of messages checked, and their content is what the entries say: {en}. Each key was valid at receipt.",
        )
    if messages.own_word:
        names = ", ".join(sorted(messages.own_word))
        report.leaves_open(
            f"下列单位的公钥为证据包自述：{names}。用 --sender-key 单位=文件 提供其公钥即可独立核验。",
            f"The public keys of {names} are the bundle's own word. Give them with --sender-key DEPARTMENT=FILE to check "
            "independently.",
        )
    if messages.sealed:
        report.leaves_open(
            f"流水 {_range(messages.sealed)} 的报文有密封字段未打开：此处不能核验其签名；"
            "密封的字节受哈希保护，中枢称收到时签名有效。",
            f"The messages of entries {_range(messages.sealed)} have sealed fields that were not opened: their signatures can't "
            "be checked here. The sealed bytes are covered by the hashes; that the signatures held at receipt is the hub's word.",
        )
    if messages.erased:
        report.leaves_open(
            f"流水 {_range(messages.erased)} 的密封字段，其密钥（或其中某人的密钥）已销毁，销毁部分谁也读不到；"
            "密封的字节仍受哈希保护，未被替换。",
            f"Keys of the sealed fields of entries {_range(messages.erased)} (or of a person in them) are destroyed: nobody "
            "can read what was under them. The sealed bytes are still covered by the hashes and were not replaced.",
        )


def _completeness(found: Found, report: Report) -> None:
    gaps = any(failure.name in ("gap", "nothing_before") for failure in report.failures)
    last = ", ".join(f"{name} {number}" for name, number in sorted(found.numbers.last.items()))
    if not gaps and last:
        report.proves(
            f"发给各单位的记录和时限编号连续，没有一条依据包外的事项。各单位最后收到的编号：{last}；收到过更大编号的单位可据此证明有遗漏。",
            f"Records to each department and time limits are numbered without a gap, and nothing builds on what is not here. "
            f"Last number of each: {last}. A department that was sent a higher one can show that something was left out.",
        )
    if found.stated:
        report.leaves_open(
            f"中枢签名声明：这 {len(found.records)} 条是前 {found.manifest.size} 条中本案的全部。这是声明，不是证明；"
            "任何人出示另一条本案流水及其证明，即可证其不实。",
            f"The hub states under its signature that these {len(found.records)} entries are all of the case among the first "
            f"{found.manifest.size}. That is a statement and no proof; whoever shows another entry of the case with its proof "
            "proves it false.",
        )
    else:
        report.leaves_open(
            "没有中枢签名的完整性声明；清单、用途、制作人为制作者自述。",
            "The hub did not sign that this is all of the case; manifest, purpose and maker are the maker's own word.",
        )
    report.leaves_open(
        f"不通知任何单位的流水（拒收、搁置、重复）若被略去，编号看不出来；检查点（{found.manifest.size} 条）之后的、"
        "因无法归入案件而搁置的、从未发给中枢的，都不在内。在中枢的库上执行 fengqiao audit verify 才能核对全部。",
        "Entries that told nobody (refused, parked, repeated) could be left out without a gap. What came after the checkpoint "
        f"of {found.manifest.size} entries, what was parked without a case and what was never sent to the hub is not in here. "
        "Only `fengqiao audit verify` on the hub's store checks all of it.",
    )


def _rules(found: Found, report: Report) -> None:
    calendars = sorted(set(found.rules.calendars.values()))
    if calendars:
        zh = "、".join(f"{digest[:12]}…（至 {year} 年）" for digest, year in calendars)
        en = ", ".join(f"{digest[:12]}… (to {year})" for digest, year in calendars)
        report.proves(
            f"判定所用规则的文本在包内，与流水所载摘要一致；日历 {zh}。",
            f"The text of the rules that the decisions name is in the bundle and has the digests in the entries; calendar {en}.",
        )
    for digest, count in found.rules.absent.items():
        report.leaves_open(
            f"{count} 条流水所用规则（{digest[:12]}…）的文本不在包内，只有摘要。",
            f"The text of the rules {digest[:12]}… of {count} entries is not in the bundle; only the digest is.",
        )
    report.leaves_open(
        f"本工具不重新作出判定：流水说判定了什么是已证明的，按这些规则本应如此判定则须由中枢程序重算。"
        f"{found.derivations} 项时限推导与流水所载到期时间一致，推导本身可由人对照条文核对。"
        "规则源文件（sources/）和名称（words.json）为中枢自述。",
        "This tool does not decide again: what was decided is proved, that it follows from these rules takes the hub's own code. "
        f"{found.derivations} derivations of time limits lead to the due moments in the entries; people can follow them by the "
        "articles. The rules' source files (sources/) and names (words.json) are the hub's word.",
    )


def _rest(found: Found, report: Report) -> None:
    if not any(failure.name in ("page", "form", "changed") for failure in report.failures):
        report.proves(
            "可读页面 page.html 与记录逐字一致（已重新生成并比对）。",
            "The readable page page.html says what the records say (it was made again and compared).",
        )
    report.leaves_open(
        "文书不在包内，只有其 SHA-256：持有文书者可自行比对。签名是单位的，不是经办人的；内容是否属实，签名不能证明。"
        "收到时间为消息服务器时钟，以见证时间为上限。",
        "The papers are not in the bundle, only their SHA-256: who has one can compare. Signatures are departments', not "
        "officers'; they don't prove that what is said is true. Times of receipt are the broker's clock; witnesses bound them.",
    )


def _facts(found: Found) -> dict[str, object]:
    return {
        "case": found.manifest.case,
        "log": found.manifest.origin,
        "checkpoint": found.manifest.size,
        "entries": len(found.records),
        "proved": len(found.log.proved),
        "outcomes": found.numbers.outcomes,
        "signatures": senders(found.messages),
        "sealed": found.messages.sealed,
        "erased": found.messages.erased,
        "last_numbers": found.numbers.last,
        "witnesses": sorted({name for one in found.log.checkpoints.values() for name in one.witnesses}),
        "hub_statement": found.stated,
        "derivations": found.derivations,
    }


def _range(numbers: Sequence[int]) -> str:
    """Numbers of entries, short: `3, 7, 12 … 40 (9)`."""
    shown = [str(number) for number in numbers]
    return ", ".join(shown) if len(shown) <= 8 else f"{', '.join(shown[:3])} … {shown[-1]} ({len(shown)})"

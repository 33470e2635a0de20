"""One part of a notice as an HTML file: nothing is fetched, Chinese with an English switch, made to be printed."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hub.audit.event_words import Both, Words
from hub.audit.notices import RECORD, Notice
from hub.audit.page import STYLE, both, local
from hub.domain.look import Look
from hub.domain.rules import Rules
from schemas.messages.base import LEAD, Party
from schemas.messages.outbound import TaskAssigned
from schemas.titles import field_title_zh

_PRINT = "@media print { @page { size: A4 portrait; margin: 18mm; } } body { max-width: 820px; } th { width: 24%; }"
_ROLES: dict[str, Both] = {
    "lead": ("主办", "lead"),
    "co_handler": ("协办", "co-handler"),
    "copy": ("抄送", "copy"),
    RECORD: ("存根（来文单位备存）", "record, kept by the sender"),
}
_KINDS: dict[str, Both] = {
    "forward": ("转送", "forwarded"),
    "assign": ("交办", "assigned"),
    "transfer": ("移送", "transferred"),
    "request": ("提请", "requested"),
    "entrust": ("委托", "entrusted"),
    "notify": ("通报", "notified"),
}
_FIELDS = (
    "sender", "sender_number", "document", "legal_at", "flow", "kind", "lead", "co_handlers", "due_on", "title",
    "summary", "matter", "cause", "region", "in_custody", "track", "priority",
)  # fmt: skip
_FOOTER = (
    "本联所列事项、当事人信息和附件以发给该单位的内容为限；附件按 SHA-256 核对。",
    "This part holds what this receiver was given, and no more; attachments are checked by their SHA-256.",
)


def notice_page(notice: Notice, parts: Sequence[Notice], rules: Rules | None, look: Look) -> str:
    """The whole file. `parts`: all of the referral, which the sender's record lists. `look`: as recorded; stands on it."""
    words, data = Words(rules), notice.data
    title: Both = ("处理通知单", "Notice of duty")
    part: Both = (f"第 {notice.part} 联，共 {notice.parts} 联", f"part {notice.part} of {notice.parts}")
    rows = "".join(
        f"<tr><th>{_label(name)}</th><td>{_value(name, data[name], data, words)}</td></tr>"
        for name in _FIELDS
        if data.get(name) not in (None, [], "")
    )
    to = both(words.department(notice.to))
    made = f"{escape(look.operator)} · {escape(look.purpose)} · {local(look.at)} ({look.seq})"
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>处理通知单 {escape(notice.to)}</title><style>{STYLE}{_PRINT}</style></head>
<body><input type="radio" name="lang" id="zh" checked><input type="radio" name="lang" id="en">
<div class="page"><div class="switch"><label for="zh">中文</label><label for="en">English</label></div>
<h1>{both(title)}</h1><p class="about">{both(part)} · {both(_ROLES[notice.role])}</p>
<p class="about">{both(("送", "To"))}{both(("：", ": "))}<b>{to}</b></p><p class="about num">{local(notice.at)}</p>
<h2>{both(("事项", "The matter"))}</h2><table><tbody>{rows}</tbody></table>
{_parties(data.get("parties") or ())}{_papers(data.get("papers") or (), notice, words)}{_parts(notice, parts, words)}
<footer><p>{both(_FOOTER)}</p><p>{both(("制作", "Made for"))}{both(("：", ": "))}{made}</p></footer></div></body></html>
"""


def _label(name: str) -> str:
    return both((field_title_zh(TaskAssigned, name), name.replace("_", " ")))


def _value(name: str, value: Any, data: Mapping[str, Any], words: Words) -> str:
    if name in ("sender", "lead") and value != "route":
        return both(words.department(value))
    if name == "co_handlers":
        return "、".join(both(words.department(one)) for one in value)
    if name == "flow":
        return both(words.flow(value))
    if name == "kind":
        return both(_KINDS[value])
    if name == "legal_at":
        return f'<span class="num">{local(value)}</span>'
    if name == "in_custody":
        return both(("是", "yes") if value else ("否", "no"))
    return escape(str(value))


def _parties(parties: Sequence[Mapping[str, Any]]) -> str:
    names = [name for name in Party.model_fields if any(one.get(name) is not None for one in parties)]
    if not names:
        return ""
    head = "".join(f"<th>{both((field_title_zh(Party, n), n.replace('_', ' ')))}</th>" for n in names)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(str(one.get(n) or ''))}</td>" for n in names) + "</tr>"
        for one in parties
    )
    return _section(("当事人", "Parties"), head, lines)


def _papers(papers: Sequence[Mapping[str, Any]], notice: Notice, words: Words) -> str:
    record = notice.role == RECORD
    headings: list[Both] = [("附件", "Attachment"), ("大小", "Bytes"), ("SHA-256", "SHA-256")]
    if record:
        headings.append(("发给", "For"))
    lines = []
    for paper in papers:
        cells = [escape(paper["title"]), str(paper["size"]), f'<span class="faint">{paper["sha256"]}</span>']
        if record:
            cells.append("、".join(both(_receiver(one, words)) for one in paper.get("to") or ["all"]))
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{both(one)}</th>" for one in headings)
    return _section(("附件", "Attachments"), head, "".join(lines)) if lines else ""


def _receiver(name: str, words: Words) -> Both:
    if name == LEAD:
        return _ROLES["lead"]
    return ("各接收单位", "all receivers") if name == "all" else words.department(name)


def _parts(notice: Notice, parts: Sequence[Notice], words: Words) -> str:
    """The sender alone has the list of who was given a part."""
    if notice.role != RECORD:
        return ""
    lines = "".join(
        f"<tr><td>{one.part}</td><td>{both(words.department(one.to))}</td><td>{both(_ROLES[one.role])}</td>"
        f'<td class="num">{local(one.at)}</td></tr>'
        for one in parts
    )
    headings: tuple[Both, ...] = (("联", "Part"), ("单位", "Department"), ("角色", "Role"), ("时间", "Time"))
    return _section(("分送", "Sent to"), "".join(f"<th>{both(one)}</th>" for one in headings), lines)


def _section(title: Both, head: str, lines: str) -> str:
    return f"<h2>{both(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"

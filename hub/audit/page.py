"""The story of a case as one HTML file: nothing is fetched, Chinese with an English switch, made to be printed."""

from datetime import datetime
from html import escape

from hub.audit.event_words import OUTCOMES, Both, Words
from hub.audit.story import ClockNote, Story, StoryRow
from hub.domain.case import Running
from hub.domain.decision import CHINA
from hub.domain.look import Look
from hub.domain.rules import Rules
from hub.errors import PARKINGS, REFUSALS

# The switch is two radio buttons and no script: what is not chosen is not shown, nor printed.
STYLE = """
:root { --ink: #1b1f24; --faint: #5c6670; --line: #d5dae0; --soft: #f4f6f8; --late: #a8071a; --mark: #0b5cad; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px; color: var(--ink); background: #fff;
  font: 14px/1.55 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 16px; margin: 28px 0 8px; }
.about { color: var(--faint); margin: 0 0 2px; overflow-wrap: anywhere; }
.switch { float: right; } .switch label { border: 1px solid var(--line); padding: 3px 10px; cursor: pointer; }
input[name=lang] { position: absolute; opacity: 0; }
#zh:checked ~ .page label[for=zh], #en:checked ~ .page label[for=en] { background: var(--ink); color: #fff; }
#zh:focus-visible ~ .page label[for=zh], #en:focus-visible ~ .page label[for=en] { outline: 2px solid var(--mark); }
#zh:checked ~ .page [lang=en], #en:checked ~ .page [lang=zh] { display: none; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { text-align: left; background: var(--soft); font-weight: 600; }
th, td { border: 1px solid var(--line); padding: 6px 8px; vertical-align: top; overflow-wrap: anywhere; }
td p { margin: 0 0 2px; } .faint { color: var(--faint); } .late { color: var(--late); } .told { color: var(--mark); }
.num { font-variant-numeric: tabular-nums; white-space: nowrap; }
.why { margin: 4px 0 0; padding-left: 8px; border-left: 3px solid var(--line); }
tr.refused td, tr.parked td { background: #fdf3f2; }
footer { margin-top: 24px; color: var(--faint); font-size: 12px; }
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  body { max-width: none; padding: 0; font-size: 10.5px; }
  .switch { display: none; } thead { display: table-header-group; } tr { break-inside: avoid; }
  h2 { break-after: avoid; } tr.refused td, tr.parked td { background: none; }
}
"""
_STATES = {"open": ("办理中", "open"), "closed": ("已办结", "closed"), "returned": ("已退回", "returned")}
_STATES["withdrawn"] = ("已撤回", "withdrawn")


def page(story: Story, rules: Rules | None, look: Look) -> str:
    """The whole file. `look`: who had it made and what for, as recorded; it stands on the page."""
    head = "".join(
        f'<p class="about">{both(label)}{both((": ", ": "))}{escape(text)}</p>'
        for label, text in (
            (("查阅人", "Made for"), look.operator),
            (("目的", "Purpose"), look.purpose + (f" · {look.reference}" if look.reference else "")),
            (
                ("制作时间（记录序号）", "Made at (number in the log of reads)"),
                f"{local(look.at)} ({look.seq})",
            ),
        )
    )
    people = any(row.people is not None for row in story.rows)
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>案件时间线 {escape(story.case)}</title><style>{STYLE}</style></head>
<body><input type="radio" name="lang" id="zh" checked><input type="radio" name="lang" id="en">
<div class="page"><div class="switch"><label for="zh">中文</label><label for="en">English</label></div>
<h1>{both(("案件时间线", "Timeline of a case"))}</h1><p class="about num">{escape(story.case)}</p>{head}
<h2>{both(("现状", "As it stands"))}</h2>{_standing(story, Words(rules))}
<h2>{both(("经过", "What happened"))}</h2>{_rows(story, people)}
<footer>{both(_FOOTER)}</footer></div></body></html>
"""


_FOOTER = (
    "“收到”为平台收到时间，“法定”为文书所载时间，均为北京时间。期限推导按现行规则计算；规则已变更的不列推导。"
    "每条流水可用 fengqiao audit prove 取得证明。",
    "“Received” is when the hub received it, “legal” the moment in the document; both in China's zone. Derivations are those "
    "of the rules at hand; where these give another moment, none is shown. Each entry can be proved: fengqiao audit prove.",
)


def _standing(story: Story, words: Words) -> str:
    lines = []
    for task in story.state.tasks.values():
        referral = story.state.referrals[task.referral]
        running = [
            f'<p class="{"late" if one.breached else ""}">{both(words.clock(one.clock))} '
            f'<span class="num">{local(one.due)}</span>{_computed(one)}</p>'
            for one in story.state.deadlines.values()
            if one.task == task.id
        ]
        outcome = task.outcome or referral.outcome
        lines.append(
            f"<tr><td>{both(words.flow(referral.flow))}</td>"
            f'<td>{both(words.department(referral.sender))}<p class="faint">{escape(referral.local_number)}</p></td>'
            f'<td>{both(words.department(task.department))}<p class="faint">{escape(task.local_number or "")}</p></td>'
            f"<td>{both(_STATES.get(referral.state, (referral.state, referral.state)))}</td>"
            f'<td>{both(words.state(task.state))}<p class="num faint">{local(task.since)}</p>'
            f"<p>{both(words.outcome(referral.flow, outcome)) if outcome else ''}</p></td><td>{''.join(running)}</td></tr>"
        )
    headings = (
        ("流程", "Flow"),
        ("来文单位 编号", "Sender, its number"),
        ("承办单位 编号", "Receiver, its number"),
        ("移送", "Referral"),
        ("任务", "Task"),
        ("未了时限", "Time limits"),
    )
    return _table(headings, (18, 18, 18, 8, 16, 22), lines)


def _rows(story: Story, people: bool) -> str:
    headings: tuple[Both, ...] = (
        ("流水", "Entry"),
        ("收到 / 法定", "Received / legal"),
        ("单位 报文 处理", "Department, message, outcome"),
        ("判定与告知", "Decided and told"),
        ("时限及其推导", "Time limits and how they came about"),
    )
    widths: tuple[int, ...] = (6, 14, 20, 28, 32)
    if people:
        headings, widths = (*headings, ("人员", "People")), (6, 14, 18, 24, 26, 12)
    return _table(headings, widths, [_row(one, people) for one in story.rows])


def _row(one: StoryRow, people: bool) -> str:
    row = one.row
    legal = f'<p class="num">{local(row.legal_at)}</p>' if row.legal_at else '<p class="faint">—</p>'
    reason = ""
    if row.reason is not None:
        reason = f' <span class="late">{both(_REASONS.get(row.reason, (row.reason, row.reason)))}</span>'
    told = "".join(f'<p class="told">⇒ {both(to)} #{number}</p>' for to, number in one.told)
    named = "".join(
        f'<p>{escape(each.name)} <span class="faint">{both(each.words)}</span></p>'
        for each in one.people or ()
    )
    taken = both(("（等待后处理）", " (taken up)")) if row.type.endswith("(taken up)") else ""
    return (
        f'<tr class="{row.outcome}"><td class="num">{row.shard}/{row.seq}</td>'
        f'<td><p class="num">{local(row.received_at)}</p>{legal}</td>'
        f"<td><p>{both(one.by)}</p><p>{both(one.title)}{taken}</p>"
        f"<p>{both(OUTCOMES.get(row.outcome, (row.outcome, row.outcome)))}{reason}</p></td>"
        f"<td>{''.join(f'<p>{both(words)}</p>' for words in one.words)}{told}</td>"
        f"<td>{''.join(_clock(clock) for clock in one.clocks)}</td>"
        + (f"<td>{named}</td>" if people else "")
        + "</tr>"
    )


def _clock(note: ClockNote) -> str:
    provisional = both(("（暂定）", " (provisional)")) if note.provisional else ""
    why = "" if note.why is None else f'<p class="why">{both(note.why)}</p>'
    counts = ("推算，另定的期限不变", "computed; the date that was set stays") if note.beside else _TOO_LATE
    due = f'<p class="num">{local(note.due)} {both(counts)}{provisional}</p>'
    return f"<p>#{note.number} {both(note.title)}</p>{due}{why}"


_TOO_LATE = ("起逾期", "is too late")
_REASONS: dict[str, Both] = {
    name.value: words for names in (REFUSALS, PARKINGS) for name, words in names.items()
}


def _table(headings: tuple[Both, ...], widths: tuple[int, ...], lines: list[str]) -> str:
    columns = "".join(f'<col style="width:{width}%">' for width in widths)
    head = "".join(f"<th>{both(heading)}</th>" for heading in headings)
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def both(words: Both) -> str:
    """Words in both languages, of which the switch shows one; escaped."""
    zh, en = words
    return (
        escape(zh) if zh == en else f'<span lang="zh">{escape(zh)}</span><span lang="en">{escape(en)}</span>'
    )


def _computed(one: Running) -> str:
    """What is computed, where a person set the date."""
    if one.computed is None:
        return ""
    return f'<br><span class="faint">{both(("推算", "computed"))} <span class="num">{local(one.computed)}</span></span>'


def local(text: str) -> str:
    """A moment as it is in China."""
    return datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")

"""The readable page of a bundle. It is made from the bundle's other files alone, so that a check can make it again.

What it shows is then what the records say: a page that says anything else is found.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hub.verifier import contents
from hub.verifier.check_messages import ERASED, STATES, WHOLE
from hub.verifier.contents import Malformed, Manifest, read_json
from hub.verifier.findings import Report, Said
from hub.verifier.page_style import HEAD, STYLE, SWITCH
from hub.verifier.page_words import Words, china
from hub.verifier.records import Record, read_records
from schemas.checkpoints import Checkpoint
from schemas.notes import Note


def make_page(files: Mapping[str, bytes], manifest: Manifest) -> bytes:
    """The page of these files. Raises Malformed where they can't be read."""
    report = Report()
    records = read_records(files, manifest, report)
    if report.failures:
        raise Malformed(report.failures[0].said().en)
    try:
        words = Words(files)
        title = Said(f"案件证据 {manifest.case}", f"Evidence of case {manifest.case}")
        body = [
            SWITCH,
            f"<main>\n<h1>{_both(title)}</h1>\n",
            _about(manifest, records, words),
            _section("经过", "What happened", _timeline(files, manifest, records, words)),
            _section("时限", "Time limits", _deadlines(files, records, words)),
            _section("文书", "Papers", _papers(files, records)),
            _section("检查点", "Checkpoints", _checkpoints(files)),
            _section("所用规则", "Rules in force", _rules(files, records)),
            "</main>\n",
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise Malformed(str(problem)[:200]) from None
    head = f"{HEAD}<title>{escape(title.zh)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    return f"{head}{''.join(body)}</body>\n</html>\n".encode()


def _about(manifest: Manifest, records: Sequence[Record], words: Words) -> str:
    entries = len(records)
    whole = sum(state == WHOLE for state in manifest.messages.values())
    erased = sum(state == ERASED for state in manifest.messages.values())
    numbers = [event for record in records for event in record.events if event["e"] == "number_learned"]
    named = [f"{words.of('departments', one.get('department')).zh} {one.get('number')}" for one in numbers]
    opened = words.of("opened", manifest.opened)
    rows = [
        (Said("案件", "Case"), escape(manifest.case)),
        (Said("部门编号", "Departments' numbers"), escape("；".join(dict.fromkeys(named)))),
        (Said("用途", "Purpose"), escape(manifest.purpose)),
        (Said("制作人", "Made by"), escape(manifest.operator)),
        (Said("制作时间", "Made at"), china(manifest.made_at)),
        (Said("密封字段", "Sealed fields"), _both(opened)),
        (Said("流水", "Journal"), f"{escape(manifest.origin)}, {entries} / {manifest.size}"),
    ]
    text = Said(
        f"本页由同一文件中的 {entries} 条流水生成，供阅读。是否属实以 fengqiao-verify 的核验结果为准："
        "它会重新生成本页并逐字比对。"
        f"报文中 {whole} 件内容完整并附签名，{erased} 件密钥已销毁。时间均为北京时间。",
        f"This page is made from the {entries} entries in the same file, for reading. What counts is what fengqiao-verify says: "
        f"it makes this page again and compares it byte for byte. {whole} messages are whole with their signatures; the keys "
        f"of {erased} are destroyed. All times are China's.",
    )
    if manifest.reference:
        rows.append((Said("依据编号", "Reference"), escape(manifest.reference)))
    if manifest.ground:
        rows.append(
            (Said("查阅封存记录的依据", "Ground for showing a sealed record"), escape(manifest.ground))
        )
    items = "".join(f"<dt>{_both(name)}</dt><dd>{value}</dd>" for name, value in rows)
    return f'<p class="note">{_both(text)}</p>\n<dl>{items}</dl>\n'


def _timeline(files: Mapping[str, bytes], manifest: Manifest, records: Sequence[Record], words: Words) -> str:
    rows = [
        _row(
            f'<span class="n">{record.seq}</span>',
            f'<span class="n">{china(record.text("received_at"))}</span><br><span class="soft n">'
            f"{china(_opened(record).get('legal_at') or '')}</span>",
            _message(files, manifest, record, words),
            _list([words.event(event) for event in record.events]) + _refusal(record, words),
        )
        for record in records
    ]
    heads = [
        Said("流水号", "Entry"),
        Said("收到 / 法定时间", "Received / legal moment"),
        Said("报文", "Message"),
        Said("判定", "What was decided"),
    ]
    return _table(heads, rows)


def _message(files: Mapping[str, bytes], manifest: Manifest, record: Record, words: Words) -> str:
    state = manifest.messages.get(record.seq, "")
    data = dict(_opened(record))
    if (raw := files.get(contents.message_name(record.seq))) is not None:
        whole = read_json(raw, strict=False)
        data = whole if isinstance(whole, dict) else data
    head = (
        f"<strong>{_both(words.of('departments', record.text('source')))}</strong> "
        f"{_both(words.of('types', record.text('type')))}"
    )
    zh, en = STATES.get(state, (state, state))
    about = f'<div class="soft">{_both(Said(zh, en))}<br><span class="hash">{escape(record.text("message"))}</span></div>'
    items = "".join(
        f"<dt>{_both(words.of('fields', name))}</dt><dd>{_value(name, value, words)}</dd>"
        for name, value in data.items()
        if value not in (None, [], {})
    )
    return f"{head}{about}" + (f"<dl>{items}</dl>" if items else "")


def _value(name: str, value: Any, words: Words) -> str:
    if name == "papers" and isinstance(value, list):
        # Their hashes stand in a table of their own.
        value = [str(one.get("title", "")) if isinstance(one, dict) else one for one in value]
    if isinstance(value, dict):
        inner = "".join(
            f"<li>{_both(words.of('fields', part))}: {_value(part, one, words)}</li>"
            for part, one in value.items()
            if one is not None
        )
        return f"<ul>{inner}</ul>"
    if isinstance(value, list):
        return f"<ul>{''.join(f'<li>{_value(name, one, words)}</li>' for one in value)}</ul>"
    if isinstance(value, bool):
        return _both(Said("是", "yes") if value else Said("否", "no"))
    return _both(words.value(name, value)) if isinstance(value, str) else escape(str(value))


def _refusal(record: Record, words: Words) -> str:
    outcome = _both(words.of("verdicts", record.text("outcome")))
    reason = record.text("reason")
    said = f": {_both(words.of('reasons', reason))}" if reason else ""
    return f'<div class="soft">{outcome}{said} {escape(record.text("detail"))}</div>'


def _deadlines(files: Mapping[str, bytes], records: Sequence[Record], words: Words) -> str:
    """What is derived; beside it the date that a person set last, where it was not taken back."""
    by_person: dict[str, str] = {}
    for record in records:
        for event in record.events:
            if event["e"] == "date_set":
                by_person[str(event.get("deadline"))] = str(event.get("after"))
            elif event["e"] == "date_lifted":
                by_person.pop(str(event.get("deadline")), None)
    rows = [
        _row(
            escape(str(one["deadline"])),
            _both(words.of("clocks", one["clock"])),
            _both(words.of("departments", one["owner"])),
            f'<span class="n">{china(one["due"])}</span>{_by_person(by_person.get(str(one["deadline"])))}',
            _both(Said(str(one["zh"]), str(one["en"]))),
            escape(str(one["entry"])),
        )
        for one in read_json(files[contents.DEADLINES])
    ]
    heads = [
        Said("序号", "No."),
        Said("时限", "Time limit"),
        Said("责任单位", "Owner"),
        Said("到期", "Too late from"),
    ]
    heads += [Said("推导与依据", "Derivation and article"), Said("流水号", "Entry")]
    return _table(heads, rows)


def _by_person(until: str | None) -> str:
    if until is None:
        return ""
    return f'<br>{_both(Said("由人另定", "set by a person"))} <span class="n">{escape(china(until))}</span>'


def _papers(files: Mapping[str, bytes], records: Sequence[Record]) -> str:
    rows = []
    for record in records:
        raw = files.get(contents.message_name(record.seq))
        data = _opened(record) if raw is None else read_json(raw, strict=False)
        papers = data.get("papers") if isinstance(data, dict) else None
        for paper in papers if isinstance(papers, list) else []:
            cells = [str(paper.get(name, "")) for name in ("title", "code", "sha256", "size")]
            rows.append(
                _row(
                    str(record.seq), escape(cells[0]), escape(cells[1]), f'<span class="hash">{escape(cells[2])}</span>',
                    escape(cells[3]),
                )
            )  # fmt: skip
    heads = [
        Said("流水号", "Entry"),
        Said("名称", "Title"),
        Said("代码", "Code"),
        Said("文件散列值 SHA-256", "SHA-256 of the file"),
    ]
    return _table([*heads, Said("字节", "Bytes")], rows)


def _checkpoints(files: Mapping[str, bytes]) -> str:
    rows = []
    for name, raw in files.items():
        if name.startswith("checkpoints/"):
            note = Note.parse(raw)
            said = Checkpoint.of(note)
            names = ", ".join(
                dict.fromkeys(each.name for each in note.signatures if each.name != said.origin)
            )
            rows.append(
                _row(str(said.size), f'<span class="hash">{said.root.hex()}</span>', escape(names or "-"))
            )
    return _table(
        [Said("条数", "Entries"), Said("Merkle 根", "Merkle root"), Said("见证方", "Witnesses")], rows
    )


def _rules(files: Mapping[str, bytes], records: Sequence[Record]) -> str:
    used: dict[str, list[int]] = {}
    for record in records:
        used.setdefault(record.text("rules"), []).append(record.seq)
    rows = []
    for digest, entries in used.items():
        raw = files.get(f"rules/{digest}.json")
        parts = [] if raw is None else read_json(raw)
        calendar = str(parts[-1]) if parts else "-"
        hashes = [f'<span class="hash">{escape(each)}</span>' for each in (digest, calendar)]
        rows.append(_row(hashes[0], hashes[1], f"{entries[0]} – {entries[-1]} ({len(entries)})"))
    return _table(
        [
            Said("规则摘要", "Digest of the rules"),
            Said("日历摘要", "Digest of the calendar"),
            Said("流水", "Entries"),
        ],
        rows,
    )


def _opened(record: Record) -> Mapping[str, Any]:
    found = record.raw.get("open")
    return found if isinstance(found, dict) else {}


def _section(zh: str, en: str, content: str) -> str:
    return f"<section>\n<h2>{_both(Said(zh, en))}</h2>\n{content}</section>\n"


def _table(heads: Sequence[Said], rows: Sequence[str]) -> str:
    if not rows:
        return f"<p>{_both(Said('无', 'none'))}</p>\n"
    head = "".join(f"<th>{_both(each)}</th>" for each in heads)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table>\n"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _list(items: Sequence[Said]) -> str:
    return f"<ul>{''.join(f'<li>{_both(each)}</li>' for each in items)}</ul>" if items else ""


def _both(said: Said) -> str:
    if said.zh == said.en:
        return escape(said.zh)
    return f'<span class="zh" lang="zh-CN">{escape(said.zh)}</span><span class="en" lang="en">{escape(said.en)}</span>'

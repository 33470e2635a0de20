"""The reference of all messages as Markdown, in English and in Chinese, made from the published schemas."""

from dataclasses import dataclass
from typing import Any

from schemas.messages import KINDS, MessageKind
from schemas.publish import envelope_schema, message_schema


@dataclass(frozen=True, slots=True)
class Words:
    """What the reference says in one language."""

    title: str
    about: str
    envelope: str
    columns: tuple[str, ...]
    inbound: str
    outbound: str
    both: str
    yes: str
    classes: dict[str, str]
    sealed: str
    shared: str
    list_of: str
    or_: str


ENGLISH = Words(
    title="Messages",
    about="Each message is a CloudEvent in the Kafka binary binding; its schema is in `schemas/published/`.",
    envelope="Envelope",
    columns=("Field", "Chinese name", "Type", "Required", "Class", "Meaning"),
    inbound="department to hub",
    outbound="hub to department",
    both="department to hub, and on to the others",
    yes="yes",
    classes={},
    sealed="sealed",
    shared="Shared parts",
    list_of="list of {}",
    or_=" or ",
)
CHINESE = Words(
    title="报文参考",
    about="每条报文为 CloudEvents 1.0，采用 Kafka 二进制绑定。模式文件见 `schemas/published/`。"
    "字段含义以英文说明为准。",
    envelope="信封",
    columns=("字段", "名称", "类型", "必填", "类别", "含义"),
    inbound="部门 → 中枢",
    outbound="中枢 → 部门",
    both="部门 → 中枢，并转其他相关部门",
    yes="是",
    classes={"public": "公开", "internal": "内部", "personal": "个人信息", "sensitive": "敏感个人信息"},
    sealed="加密存储",
    shared="共用部分",
    list_of="{} 列表",
    or_=" 或 ",
)


def messages_reference(words: Words) -> str:
    """One page: the envelope, every type in the order of the contract, then the parts that they share."""
    shared: dict[str, dict[str, Any]] = {}
    pages = [_part(words.envelope, envelope_schema(), words, shared)]
    for kind in KINDS:
        pages.append(_message(kind, words, shared))
    parts = [_part(name, shared[name], words, {}, level=3) for name in sorted(shared)]
    head = f"# {words.title}\n\n{words.about}\n"
    return "\n".join([head, *pages, f"## {words.shared}\n", *parts])


def _message(kind: MessageKind, words: Words, shared: dict[str, dict[str, Any]]) -> str:
    way = words.both if kind.inbound and kind.outbound else words.inbound if kind.inbound else words.outbound
    return _part(f"`{kind.type}` {kind.title_zh}", message_schema(kind), words, shared, way)


def _part(
    title: str,
    schema: dict[str, Any],
    words: Words,
    shared: dict[str, dict[str, Any]],
    way: str = "",
    level: int = 2,
) -> str:
    shared |= schema.get("$defs", {})
    lines = [f"{'#' * level} {title}", "", schema.get("description", ""), ""]
    if way:
        lines += [f"*{way}*", ""]
    if "enum" in schema:
        lines += [", ".join(f"`{value}`" for value in schema["enum"]), ""]
    required = schema.get("required", [])
    fields = schema.get("properties", {})
    if fields:
        lines += [_row(words.columns), _row(["---"] * len(words.columns))]
    for name, field in fields.items():
        needed = words.yes if name in required else ""
        cells = (f"`{name}`", field["title_zh"], _type(field, words), needed, _class(field, words))
        lines.append(_row((*cells, field.get("description", ""))))
    return "\n".join([*lines, ""] if fields else lines)


def _type(field: dict[str, Any], words: Words) -> str:
    if "anyOf" in field:
        return words.or_.join(_type(option, words) for option in field["anyOf"])
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if field["type"] == "array":
        return words.list_of.format(_type(field["items"], words))
    if "const" in field:
        return f"`{field['const']}`"
    return str(field.get("format", field["type"]))


def _class(field: dict[str, Any], words: Words) -> str:
    level = field.get("x-class", "")
    shown = words.classes.get(level, level)
    return f"{shown}, {words.sealed}" if field.get("x-sealed") else shown


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

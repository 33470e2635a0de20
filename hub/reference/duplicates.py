"""The page of duplicates, from `hub/rules/duplicates.yaml`, and words for what agrees."""

from hub.domain.duplicates import Combination, Duplicates
from hub.reference.markdown import NONE, page, table
from hub.rules.duplicate_file import duplicate_file
from hub.rules.files import load_model
from hub.rules.loader import HERE

AGREES = {
    "name": ("姓名", "name"),
    "id_number": ("证件号码", "identity number"),
    "phone": ("电话", "telephone"),
    "credit_code": ("统一社会信用代码", "credit code"),
    "place_6": ("县区", "county"),
    "place_9": ("乡镇街道", "town"),
    "place_12": ("村社区", "village"),
    "matter_class": ("纠纷大类", "class of matter"),
    "matter_kind": ("纠纷种类", "kind of matter"),
}
_HEAD = [
    "# Duplicates 重复件",
    "",
    "From `hub/rules/duplicates.yaml`; a city's own file stands in place of this one: "
    "[duplicates](../how-to/duplicates.md). The first combination that two open matters fulfil is named in the offer.",
    "",
    "本页由 `hub/rules/duplicates.yaml` 生成，城市可用自己的文件取代：[重复件](../how-to/duplicates.zh-CN.md)。"
    "两件在办事项符合的第一条规则写入提示。",
    "",
]


def duplicates_reference() -> str:
    """`docs/reference/duplicates.md`."""
    rules = load_model(duplicate_file([HERE]), Duplicates)
    return page(
        _HEAD,
        table(
            ("Code 代码", "Title 名称", "Persons 人员", "Place and matter 地点与类别", "Days 天数"),
            map(_row, rules.combinations),
        ),
        [
            f"Compared are matters under {', '.join(rules.flows)}. "
            f"What is named in more than {rules.common} cases does not count.",
            "",
            f"仅比对 {'、'.join(rules.flows)} 项下的事项。出现于 {rules.common} 件以上案件的内容不作为依据。",
        ],
    )


def _row(one: Combination) -> tuple[str, ...]:
    persons = f"{one.persons} × " if one.persons > 1 else ""
    found = [
        *([] if one.place is None else [f"place_{one.place}"]),
        *([] if one.matter is None else [f"matter_{one.matter}"]),
    ]
    return (
        f"`{one.code}`",
        f"{one.title} {one.en}",
        persons + " + ".join(_said(field) for field in one.person),
        " + ".join(_said(code) for code in found),
        NONE if one.days is None else str(one.days),
    )


def _said(code: str) -> str:
    zh, en = AGREES[code]
    return f"{zh} {en}"

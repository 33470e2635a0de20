"""The names of codes that a bundle's page is written with, in both languages."""

from collections.abc import Iterable
from typing import Any

from hub.domain.rules import Rules
from hub.errors import PARKINGS, REFUSALS
from schemas.classes import nested_models
from schemas.messages import KINDS, OWN_KINDS
from schemas.titles import field_title_zh

Names = dict[str, list[str]]
_REQUESTS = {
    "return": ["退回", "return"],
    "supplement": ["补正", "supplement"],
    "withdrawal": ["撤回", "withdrawal"],
}
_VERDICTS = {
    "agreed": ["同意", "agreed"],
    "refused": ["不同意 / 拒收", "refused"],
    "provided": ["已补充", "provided"],
    "superseded": ["已被取代", "superseded"],
    "decided": ["已判定", "decided"],
    "parked": ["搁置", "parked"],
    "duplicate": ["重复", "duplicate"],
}
_RUNGS = {
    "submitted": ["提交", "submitted"],
    "delivered": ["送达", "delivered"],
    "signed": ["签收", "signed"],
    "accepted": ["受理", "accepted"],
    "replied": ["回复", "replied"],
    "confirmed": ["确认", "confirmed"],
    "return_decided": ["退回决定", "return decided"],
    "supplement_provided": ["补充材料", "supplement provided"],
    "withdrawal_decided": ["撤回决定", "withdrawal decided"],
}
_ENDINGS = {"met": ["已完成", "met"], "void": ["不再适用", "void"], "stopped": ["任务终止", "stopped"]}
_ROLES = {"lead": ["主办", "lead"], "co_handler": ["协办", "co-handler"], "copy": ["抄送", "copy"]}
_KINDS = {
    "forward": ["转送", "forward"],
    "assign": ["交办", "assign"],
    "transfer": ["移送", "transfer"],
    "request": ["提请", "request"],
    "entrust": ["委托", "entrust"],
    "notify": ["通报", "notify"],
}
_OPENED = {"nothing": ["未打开", "not opened"], "everything": ["全部打开", "all opened"]}
_ENDED = {
    "open": ["未结", "open"],
    "closed": ["办结", "closed"],
    "returned": ["退回", "returned"],
    "withdrawn": ["撤回", "withdrawn"],
}


def bundle_words(books: Iterable[Rules]) -> dict[str, Names]:
    """Names by group and code; of several sets of rules the last one names."""
    words: dict[str, Names] = {
        "types": {kind.type: [kind.title_zh, _plain(kind.type)] for kind in (*KINDS, *OWN_KINDS)},
        "fields": _fields(),
        "reasons": {name.value: list(said) for names in (REFUSALS, PARKINGS) for name, said in names.items()},
        "requests": _REQUESTS,
        "verdicts": _VERDICTS,
        "rungs": _RUNGS,
        "endings": _ENDINGS,
        "roles": _ROLES,
        "kinds": _KINDS,
        "tracks": {"ordinary": ["普通", "ordinary"], "complex": ["复杂", "complex"]},
        "priorities": {
            "normal": ["平", "normal"],
            "urgent": ["急", "urgent"],
            "emergency": ["战", "emergency"],
        },
    }
    departments: Names = {"hub": ["枫桥中枢", "the hub"]}
    groups: dict[str, Names] = {
        **{"departments": departments, "flows": {}, "states": dict(_ENDED), "steps": {}},
        **{"outcomes": {}, "replies": {}, "clocks": dict(_RUNGS)},
    }
    for rules in books:
        departments |= {each.id: [each.name.zh, each.name.en] for each in rules.directory.departments}
        groups["states"] |= {name: [state.zh, state.en] for name, state in rules.lifecycle.states.items()}
        groups["steps"] |= {name: [step.zh, _plain(name)] for name, step in rules.lifecycle.steps.items()}
        groups["clocks"] |= {
            name: [clock.title.zh, clock.title.en] for name, clock in rules.timetable.clocks.by_id.items()
        }
        for versions in rules.flows.values():
            for flow in versions:
                groups["flows"][flow.flow] = [f"{flow.flow} {flow.title.zh}", f"{flow.flow} {flow.title.en}"]
                groups["outcomes"] |= {each.code: [each.title, each.en] for each in flow.outcomes}
                groups["replies"] |= {each.code: [each.title, each.en] for each in flow.replies}
    opened = _OPENED | {
        name: [f"供{said[0]}查看", f"opened for {said[1]}"] for name, said in departments.items()
    }
    return words | groups | {"opened": opened}


def _plain(code: str) -> str:
    """`task.signed.v1` as one reads it."""
    return code.removesuffix(".v1").replace(".", " ").replace("_", " ")


def _fields() -> Names:
    found: Names = {}
    for kind in (*KINDS, *OWN_KINDS):
        waiting: list[Any] = [kind.model]
        while waiting:
            model = waiting.pop()
            for name, info in model.model_fields.items():
                found.setdefault(name, [field_title_zh(model, name), name.replace("_", " ")])
                waiting += list(nested_models(info.annotation))
    return found

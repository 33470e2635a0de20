"""The petition system's JSON: an entry of the list of changes, and what is posted to the office."""

from typing import Any

from deploy.sandbox.core.matter import Fields, Record, Step
from deploy.sandbox.petition import codes
from deploy.sandbox.petition.words import (
    COMMON,
    MATTER,
    NOTE,
    REFERENCES,
    STEP,
    TASK,
    UNIT_ACTING,
    FormError,
    line,
    local_time,
    read_form,
    write_form,
)

_OUTER = {"number": line("xfbh"), "actor": UNIT_ACTING, **COMMON}


def change(step: Step, record: Record) -> Fields:
    """An entry of the list of changes."""
    if step.kind == "raise":
        content = write_form(MATTER, step.fields)
        content["ywlx"] = codes.BUSINESS.get((step.fields["flow"], step.fields["kind"]), codes.OTHER)
    else:
        content = write_form(STEP, step.fields)
    return {
        "bgbh": step.key,
        "xfbh": record.number,
        "czlx": codes.STEPS[step.kind],
        "djsj": local_time(step.at),
        **write_form(COMMON, step.fields),
        "wlbh": write_form(REFERENCES, step.fields),
        "nr": content,
    }


def received(form: Any) -> tuple[str, Fields]:
    """What was posted: the neutral kind, and the fields that the records take. Raises FormError."""
    if not isinstance(form, dict):
        raise FormError("", form, "对象")
    kind = codes.RECEIVED.get(form.get("jslx", ""))
    if kind is None:
        raise FormError("jslx", form.get("jslx"), sorted(codes.RECEIVED))
    outer = {name: value for name, value in form.items() if name not in ("jslx", "wlbh", "nr")}
    fields = read_form(_OUTER, outer)
    fields |= read_form(REFERENCES, form.get("wlbh") or {}, "wlbh.")
    fields |= read_form(TASK if kind == "task" else NOTE, form.get("nr") or {}, "nr.")
    return kind, fields

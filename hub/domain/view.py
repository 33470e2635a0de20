"""What one recipient sees of what happened: the data of a record, cut to its ceiling (promise 8)."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from msgspec.json import encode

from hub.domain.case import MessageRef
from hub.domain.events import Notified
from schemas.classes import FieldClass, Fields, shown, shown_fields, visible
from schemas.messages import BY_TYPE, Model, kind_of
from schemas.messages.base import LEAD
from schemas.messages.outbound import TaskAssigned

Content = tuple[str, dict[str, Any]]
_ASSIGNED = tuple(TaskAssigned.model_fields)
# What the hub knows of the sender stands in the raising message under another name, or not at all.
_SENDERS = ("sender", "sender_number")

# The end of the data that receivers with the same ceiling see alike, by the messages that it is made of and the fields
# before it. Empty: papers are not for all of them, so each has its own.
Alike = dict[tuple[tuple[MessageRef, ...], int, tuple[str, ...]], bytes]


def composed(
    notified: Notified, passed_on: Content | None, contents: Mapping[MessageRef, Content], alike: Alike
) -> bytes:
    """The JSON of `compose`. `alike` keeps between the receivers of one entry what is written once for several."""
    own = notified.own
    if not (notified.contents and own):
        return encode(compose(notified, passed_on, contents))
    refs = tuple(notified.contents)
    known = refs, notified.ceiling, tuple(own)
    end = alike.get(known)
    if end is None:
        view = assigned(refs, contents, FieldClass(notified.ceiling), known[2])
        alike[known] = end = b"" if _meant(view) else encode(view)
    if not end:
        return encode(compose(notified, passed_on, contents))
    begin = encode(own)
    return begin if end == b"{}" else b"%b,%b" % (begin[:-1], end[1:])


def compose(
    notified: Notified, passed_on: Content | None, contents: Mapping[MessageRef, Content]
) -> dict[str, Any]:
    """The data of the record that `notified` announces.

    `passed_on`: type and whole data of the message that was decided. `contents`: the same for the messages that
    `notified` names: the raising one says whose referral it is, a correction replaces or empties the fields that it
    names. Raises KeyError for content that is missing.
    """
    ceiling = FieldClass(notified.ceiling)
    if notified.contents:
        view = assigned(notified.contents, contents, ceiling)
        # Twice: the first says where its fields stand, the second what they hold.
        data = {**notified.own, **view, **notified.own}
        if _meant(view):
            data["papers"] = _handed(view["papers"], notified, contents[notified.contents[0]][1])
        return data
    if notified.actor is None:
        return dict(notified.own)
    if passed_on is None:
        raise KeyError(f"{notified.type} to {notified.to}: the message it passes on is missing")
    type_, content = passed_on
    return visible(BY_TYPE[type_].model, content, ceiling) | notified.own


def assigned(
    refs: Sequence[MessageRef],
    contents: Mapping[MessageRef, Content],
    ceiling: FieldClass,
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The referral as it stands after its corrections, in the order of the contract, `without` some fields.

    Papers still say whom they are for.
    """
    type_, content = contents[refs[0]]
    # What the hub raises for a department says for which one.
    raised = {"sender": refs[0].source, **content, "sender_number": content["local_number"]}
    data = shown(_raised_fields(kind_of(type_).model, ceiling, without), raised)
    if len(refs) == 1:
        return data
    for ref in refs[1:]:
        type_, content = contents[ref]
        _correct(data, content["fields"], visible(BY_TYPE[type_].model, content, ceiling))
    return {name: data[name] for name in _ASSIGNED if name in data and name not in without}


@cache
def _raised_fields(model: Model, ceiling: FieldClass, without: tuple[str, ...]) -> Fields:
    """What of a raising message a receiver with this ceiling sees in its task, in the order of the contract."""
    seen = shown_fields(model, ceiling)
    told = {*seen.names, *_SENDERS}.difference(without)
    return Fields(tuple(name for name in _ASSIGNED if name in told), seen.inner)


def _meant(view: Mapping[str, Any]) -> bool:
    """Whether a paper says whom it is for."""
    return any("to" in paper for paper in view.get("papers", ()))


def _handed(
    papers: Sequence[dict[str, Any]], notified: Notified, raised: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The papers that are for this receiver; for whom the others are is not for it to know.

    A copy that the sender did not name is the superior in a dispute, who sees what the lead does.
    """
    names, role = {notified.to}, notified.own["role"]
    if role == "lead" or (role == "copy" and notified.to not in raised.get("copies", ())):
        names.add(LEAD)
    return [
        {name: value for name, value in paper.items() if name != "to"}
        for paper in papers
        if not paper.get("to") or names.intersection(paper["to"])
    ]


def _correct(data: dict[str, Any], fields: Sequence[str], seen: Mapping[str, Any]) -> None:
    for name in fields:
        data.pop(name, None)
        holder = "corrected_legal_at" if name == "legal_at" else name
        if holder in seen:
            data[name] = seen[holder]

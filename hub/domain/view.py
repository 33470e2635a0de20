"""What one recipient sees of what happened: the data of a record, cut to its ceiling (promise 8)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.domain.case import MessageRef
from hub.domain.events import Notified
from schemas.classes import FieldClass, visible
from schemas.messages import BY_TYPE
from schemas.messages.base import LEAD
from schemas.messages.outbound import TaskAssigned

Content = tuple[str, dict[str, Any]]
_ASSIGNED = tuple(TaskAssigned.model_fields)


# What receivers with the same ceiling see alike, by the messages that it is made of.
Views = dict[tuple[tuple[MessageRef, ...], int], dict[str, Any]]


def compose(
    notified: Notified,
    passed_on: Content | None,
    contents: Mapping[MessageRef, Content],
    views: Views | None = None,
) -> dict[str, Any]:
    """The data of the record that `notified` announces.

    `passed_on`: type and whole data of the message that was decided. `contents`: the same for the messages that
    `notified` names: the raising one says whose referral it is, a correction replaces or empties the fields that it
    names. `views` keeps what receivers with the same ceiling see alike. Raises KeyError for content that is missing.
    """
    ceiling = FieldClass(notified.ceiling)
    if notified.contents:
        refs = tuple(notified.contents)
        view = views.get((refs, ceiling)) if views is not None else None
        if view is None:
            view = assigned(refs, contents, ceiling)
            if views is not None:
                views[refs, ceiling] = view
        # Twice: the first says where its fields stand, the second what they hold.
        data = {**notified.own, **view, **notified.own}
        if any("to" in paper for paper in view.get("papers", ())):
            data["papers"] = _handed(view["papers"], notified, contents[refs[0]][1])
        return data
    if notified.actor is None:
        return dict(notified.own)
    if passed_on is None:
        raise KeyError(f"{notified.type} to {notified.to}: the message it passes on is missing")
    type_, content = passed_on
    return visible(BY_TYPE[type_].model, content, ceiling) | notified.own


def assigned(
    refs: Sequence[MessageRef], contents: Mapping[MessageRef, Content], ceiling: FieldClass
) -> dict[str, Any]:
    """The referral as it stands after its corrections, in the order of the contract; papers still say whom they are for."""
    data: dict[str, Any] = {}
    for ref in refs:
        type_, content = contents[ref]
        seen = visible(BY_TYPE[type_].model, content, ceiling)
        if data:
            _correct(data, content["fields"], seen)
        else:
            data = seen | {"sender": ref.source, "sender_number": content["local_number"]}
    return {name: data[name] for name in _ASSIGNED if name in data}


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

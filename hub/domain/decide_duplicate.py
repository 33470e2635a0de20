"""Deciding on duplicates 重复件: the hub's offer, a person's answer. The hub links and merges nothing by itself."""

from collections.abc import Callable

from hub.domain import duplicate_events as de
from hub.domain.case import OFFERED
from hub.domain.comparing import comparable, open_referrals
from hub.domain.decision import Draft
from hub.domain.ownership import accountable
from hub.errors import Refusal, RefusalName
from schemas.classes import FieldClass

HUB, LINKED, MERGED, DISMISSED = "hub", "linked", "merged", "dismissed"
_OFFERED = "duplicate.offered.v1"


def found(draft: Draft) -> None:
    """Offer the other case to whom this one rests on. Once for each pair: what was linked or answered is not offered again.

    A case that has ended or was sealed meanwhile leaves nothing to offer.
    """
    data, case = draft.message.open, draft.case
    other = data["other_case"]
    if other in case.duplicates or other in case.links or not comparable(case):
        return
    rests_on = {accountable(case, one, draft.rules.lifecycle) for one in open_referrals(case)}
    to = sorted(one for one in rests_on if one is not None)
    if not to:
        return
    draft.add(de.DuplicateOffered(other, data["combination"], data["agrees"], to, draft.at))
    for department in to:
        draft.tell(department, FieldClass.INTERNAL, _OFFERED, own=dict(data))


def dismissed(draft: Draft) -> None:
    """A party to the case says that the two are not the same. Only what stands offered can be answered so."""
    case, other, source = draft.case, draft.message.open["other_case"], draft.message.source
    if source not in case.parties():
        raise Refusal(RefusalName.NOT_A_PARTY, f"{source!r} has no part in case {case.id}")
    offered = sorted(name for name, state in case.duplicates.items() if state == OFFERED)
    if other not in offered:
        raise Refusal(
            RefusalName.ILLEGAL_STEP,
            f"other_case {other}: is not offered as a duplicate of this case",
            offered,
        )
    answer(draft, other, DISMISSED, source)
    for department in sorted(case.parties() - {source}):
        draft.tell(department, FieldClass.INTERNAL)


def answer(draft: Draft, other: str, verdict: str, by: str) -> None:
    """An offer that stands is answered; without one nothing happens."""
    if draft.case.duplicates.get(other) == OFFERED:
        draft.add(de.DuplicateAnswered(other, verdict, by, draft.at))


HANDLERS: dict[str, Callable[[Draft], None]] = {
    "hub.duplicate_found": found,
    "duplicate.dismissed": dismissed,
}

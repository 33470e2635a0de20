"""Deciding what operators order: erasure, legal hold, sealing of records. Whether they may is checked before (intake)."""

from collections.abc import Callable

from hub.domain import events as ev
from hub.domain import order_events as oe
from hub.domain.case import OPEN
from hub.domain.decision import Draft
from hub.domain.record_sealing import FACT, LIFTED, sealed_by
from hub.errors import Refusal, RefusalName
from schemas.classes import FieldClass

_TOLD = "case.fact_recorded.v1"


def erased(draft: Draft) -> None:
    """Destroying keys. Free text goes only when nothing of the case is open; a held case is left whole."""
    data, case = draft.message.open, draft.case
    if case.holds:
        held = ", ".join(f"{hold} ({article})" for hold, article in sorted(case.holds.items()))
        raise Refusal(RefusalName.LEGAL_HOLD, f"case {case.id} is held: {held}", sorted(case.holds))
    persons, text, everything = (
        data.get("persons", []),
        data.get("text", False),
        data.get("everything", False),
    )
    if not (persons or text or everything) or (everything and persons):
        raise Refusal(
            RefusalName.ILLEGAL_STEP, "names nothing to erase, or too much", ["persons", "text", "everything"]
        )
    unfinished = [referral.id for referral in case.referrals.values() if referral.state == OPEN]
    if unfinished and (text or everything):
        raise Refusal(RefusalName.CASE_OPEN, f"case {case.id} has open referrals {unfinished}", ["persons"])
    draft.add(oe.Erased(list(persons), bool(text), bool(everything), data["article"], draft.at))


def hold_set(draft: Draft) -> None:
    """A hold is set once; another may be set beside it."""
    hold = draft.message.open["hold"]
    if hold in draft.case.holds:
        raise Refusal(RefusalName.ILLEGAL_STEP, f"hold {hold!r} is on the case already")
    draft.add(oe.HoldSet(hold, draft.message.open["article"], draft.at))


def hold_released(draft: Draft) -> None:
    """The hold must be there."""
    hold = draft.message.open["hold"]
    if hold not in draft.case.holds:
        raise Refusal(RefusalName.ILLEGAL_STEP, f"hold {hold!r} is not on the case", sorted(draft.case.holds))
    draft.add(oe.HoldReleased(hold, draft.at))


def record_sealed(draft: Draft) -> None:
    """封存 by an operator: the same fact that a department may record."""
    _record(draft, draft.message.open["seal"])


def record_unsealed(draft: Draft) -> None:
    """解除封存."""
    _record(draft, LIFTED)


def check_sealing(draft: Draft, value: str) -> None:
    """Raises Refusal unless this may be recorded of the case as its sealing, by whomsoever."""
    kinds = [kind.code for kind in draft.rules.record_sealing.kinds]
    if value != LIFTED and value not in kinds:
        raise Refusal(RefusalName.UNKNOWN_SEALING, f"sealing {value!r}", [*kinds, LIFTED])
    if value == LIFTED and sealed_by(draft.case.facts) is None:
        raise Refusal(RefusalName.ILLEGAL_STEP, f"the record of case {draft.case.id} is not sealed", kinds)


def _record(draft: Draft, value: str) -> None:
    check_sealing(draft, value)
    legal_at = draft.message.open["legal_at"]
    draft.add(ev.FactRecorded(FACT, value, legal_at))
    for department in sorted(draft.case.parties()):
        own = {"fact": FACT, "value": value, "legal_at": legal_at}
        draft.tell(department, FieldClass.INTERNAL, _TOLD, own=own)


HANDLERS: dict[str, Callable[[Draft], None]] = {
    "hub.data_erased": erased,
    "hub.hold_set": hold_set,
    "hub.hold_released": hold_released,
    "hub.record_sealed": record_sealed,
    "hub.record_unsealed": record_unsealed,
}

"""Deciding on whole cases: facts, links, merges, splits, redelivery, warnings, and the hub's own messages."""

from collections.abc import Callable

from hub.domain import events as ev
from hub.domain.decide_duplicate import HUB, LINKED, MERGED, answer
from hub.domain.decide_order import check_sealing
from hub.domain.decide_owner import RISK, check_risk, follow_risk
from hub.domain.decide_warning import warning_raised
from hub.domain.decision import Draft
from hub.domain.record_sealing import FACT
from hub.errors import Refusal, RefusalName
from schemas.classes import FieldClass
from schemas.identifiers import mint_case_id

_MERGED_FROM = "merged_from"


def fact_recorded(draft: Draft) -> None:
    """A fact that clocks depend on; every other party learns of it."""
    _be_party(draft)
    data = draft.message.open
    if data["fact"] == FACT:
        check_sealing(draft, data["value"])
    if data["fact"] == RISK:
        check_risk(draft, data["value"])
    draft.add(ev.FactRecorded(data["fact"], data["value"], data["legal_at"]))
    _tell_parties(draft, FieldClass.INTERNAL)
    if data["fact"] == RISK:
        follow_risk(draft, data["value"])


def redelivery_requested(draft: Draft) -> None:
    """A connector misses records. Granted for what was really sent to it, party or not, and refused beyond.

    Without an end, the number after the last is allowed too: then only its refusals, which have no number, come again.
    """
    data, to = draft.message.open, draft.message.source
    if to not in draft.case.sequences:
        _be_party(draft)
    sent = draft.case.sequences.get(to, 0)
    first, last = data["from_sequence"], data.get("to_sequence") or sent
    if last > sent or first > (last if data.get("to_sequence") else sent + 1):
        raise Refusal(
            RefusalName.ILLEGAL_STEP, f"sequences {first}..{last}: {sent} were sent", [f"1..{sent}"]
        )
    draft.add(ev.RedeliveryGranted(to, first, last))


def redelivery_ordered(draft: Draft) -> None:
    """Operators let a department have again what it lost; intake has checked that two of them signed it."""
    data = draft.message.open
    to, first, last = data["to"], data["from_sequence"], data["to_sequence"]
    sent = draft.case.sequences.get(to, 0)
    if not first <= last <= sent:
        raise Refusal(
            RefusalName.ILLEGAL_STEP, f"sequences {first}..{last}: {sent} were sent to {to}", [f"1..{sent}"]
        )
    draft.add(ev.RedeliveryGranted(to, first, last, data["order"]))


def linked(draft: Draft) -> None:
    """This half of a link; the other half is a hub message on the other case (5a.11)."""
    _be_party(draft)
    data = draft.message.open
    draft.add(ev.CaseLinked(data["other_case"], data["relation"]))
    answer(draft, data["other_case"], LINKED, draft.message.source)
    mirrored = {"other_case": draft.case.id, "relation": data["relation"], "legal_at": data["legal_at"]}
    draft.add(ev.HubMessageIssued("hub.link_mirrored.v1", data["other_case"], mirrored))
    _tell_parties(draft, FieldClass.INTERNAL)


def link_mirrored(draft: Draft) -> None:
    """The other half of a link. Nobody is told: the parties of both cases differ (promise 8)."""
    data = draft.message.open
    draft.add(ev.CaseLinked(data["other_case"], data["relation"]))
    answer(draft, data["other_case"], MERGED if data["relation"] == _MERGED_FROM else LINKED, HUB)


def merged(draft: Draft) -> None:
    """并案: this case goes on under another; later messages here are refused with the name of that case."""
    _be_party(draft)
    data = draft.message.open
    if data["into_case"] == draft.case.id:
        raise Refusal(RefusalName.ILLEGAL_STEP, "into_case is this case")
    _tell_parties(draft, FieldClass.INTERNAL)
    mirrored = {"other_case": draft.case.id, "relation": _MERGED_FROM, "legal_at": data["legal_at"]}
    answer(draft, data["into_case"], MERGED, draft.message.source)
    draft.add(ev.HubMessageIssued("hub.link_mirrored.v1", data["into_case"], mirrored))
    draft.add(ev.CaseMerged(data["into_case"]))


def split(draft: Draft) -> None:
    """分案: the new case is linked; its referrals are raised there by the department under its new number."""
    _be_party(draft)
    data = draft.message.open
    unknown = [r for r in data["referrals"] if r not in draft.case.referrals]
    if unknown:
        raise Refusal(
            RefusalName.ILLEGAL_STEP,
            f"referrals {unknown} are not of this case",
            sorted(draft.case.referrals),
        )
    other = mint_case_id(draft.message.source, data["new_local_number"])
    draft.add(ev.CaseLinked(other, "split_into"))
    mirrored = {"other_case": draft.case.id, "relation": "split_from", "legal_at": data["legal_at"]}
    draft.add(ev.HubMessageIssued("hub.link_mirrored.v1", other, mirrored))
    _tell_parties(draft, FieldClass.INTERNAL)


def early_expired(draft: Draft) -> None:
    """The hub's clock: intake ends the waiting of what has waited too long; see `hub.intake.waiting`."""


def alias_known(draft: Draft) -> None:
    """A number has become known: what waits under it is taken up after this message; see `hub.intake.waiting`."""


def parked_mended(draft: Draft) -> None:
    """A person has looked at a parked record. Intake ends its parking and, retried, decides its message next."""


def _be_party(draft: Draft) -> None:
    if draft.message.source not in draft.case.parties():
        raise Refusal(
            RefusalName.NOT_A_PARTY, f"{draft.message.source!r} has no part in case {draft.case.id}"
        )


def _tell_parties(draft: Draft, ceiling: FieldClass) -> None:
    for department in sorted(draft.case.parties() - {draft.message.source}):
        draft.tell(department, ceiling)


HANDLERS: dict[str, Callable[[Draft], None]] = {
    "case.fact_recorded": fact_recorded,
    "redelivery.requested": redelivery_requested,
    "case.linked": linked,
    "case.merged": merged,
    "case.split": split,
    "warning.raised": warning_raised,
    "hub.link_mirrored": link_mirrored,
    "hub.early_expired": early_expired,
    "hub.alias_known": alias_known,
    "hub.redelivery_ordered": redelivery_ordered,
    "hub.parked_retried": parked_mended,
    "hub.parked_dismissed": parked_mended,
}

"""How events of supervision change the case. Part of `hub.domain.evolve`."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from hub.domain import supervision_events as ev
from hub.domain.case import Case, Supervised


def _raised(case: Case, event: ev.SupervisionRaised) -> None:
    case.supervisions[event.supervision] = Supervised(
        event.step,
        event.referral,
        event.task,
        event.against,
        event.by,
        event.trigger,
        event.at,
        event.deadline,
        event.answer,
        event.stands,
    )


def _answered(case: Case, event: ev.SupervisionAnswered) -> None:
    case.supervisions[event.supervision] = replace(case.supervisions[event.supervision], state="answered")


def _cleared(case: Case, event: ev.SupervisionCleared) -> None:
    case.supervisions[event.supervision] = replace(case.supervisions[event.supervision], state="cleared")


RULES: dict[str, Callable[[Case, Any], None]] = {
    "supervision_raised": _raised,
    "supervision_answered": _answered,
    "supervision_cleared": _cleared,
}

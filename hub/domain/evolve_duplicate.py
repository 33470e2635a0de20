"""How events of duplicates change the case. Part of `hub.domain.evolve`."""

from collections.abc import Callable
from typing import Any

from hub.domain import duplicate_events as ev
from hub.domain.case import OFFERED, Case


def _offered(case: Case, event: ev.DuplicateOffered) -> None:
    case.duplicates = {**case.duplicates, event.other: OFFERED}


def _answered(case: Case, event: ev.DuplicateAnswered) -> None:
    case.duplicates = {**case.duplicates, event.other: event.verdict}


RULES: dict[str, Callable[[Case, Any], None]] = {
    "duplicate_offered": _offered,
    "duplicate_answered": _answered,
}

"""A made-up city with a county, towns and villages, to play whistles in."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from hub.domain.case import Referral, Task
from hub.domain.rules import Rules
from hub.rules.loader import load_rules
from tests.unit.domain.play import LEGAL_AT, Play, papers, rules

DIRECTORY = Path(__file__).parents[2] / "support" / "routing_city.yaml"
FLOW = rules().flows["F24"][-1]


@cache
def town_rules() -> Rules:
    """The rules of the hub with the departments of the city."""
    return load_rules(DIRECTORY)


def stage_of(source: str, under: Rules | None = None) -> Play:
    """A case that this department opens."""
    return Play(opener=source, under=under or town_rules())


def whistle(stage: Play, source: str | None = None, **data: Any) -> tuple[Referral, Task]:
    """A referral under F24 without a named lead, unless `data` names one."""
    given = {
        "legal_at": LEGAL_AT,
        "flow": FLOW.flow,
        "kind": "assign",
        "local_number": stage.number,
        "title": "吹哨",
        "papers": papers(["dispatch_order"]),
        "lead": "route",
        **data,
    }
    stage.send(source or stage.opener, "referral.raised", **given)
    referral = list(stage.case.referrals.values())[-1]
    return referral, stage.case.tasks_of(referral.id)[0]


def without(*departments: str) -> Rules:
    """The rules of a city that lacks these departments."""
    kept = {name: one for name, one in town_rules().departments.items() if name not in departments}
    return replace(town_rules(), departments=kept)

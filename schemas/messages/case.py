"""Messages about whole cases, supervision and warnings."""

from datetime import date
from enum import StrEnum

from schemas.classes import FreeText, Internal, Personal
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import Act, Line, Paper, ReferralAct, Region, Text


class CaseLinked(Act):
    """Two cases belong together; both stay."""

    other_case: Internal[Uuid]
    relation: Internal[Code]


class CaseMerged(Act):
    """并案: this case goes on under another; later messages are passed on to it."""

    into_case: Internal[Uuid]
    reason: FreeText[Text | None] = None


class CaseSplit(Act):
    """分案: the named referrals go on under a new case with this number."""

    new_local_number: Internal[Number]
    referrals: Internal[list[Uuid]]
    reason: FreeText[Text | None] = None


class SupervisionRaised(ReferralAct):
    """督办: a formal step against the department that a task rests with."""

    step: Internal[Code]
    against: Internal[DepartmentId]
    answer_by: Internal[date | None] = None
    reason: FreeText[Text]


class SupervisionAnswered(ReferralAct):
    """The answer to a supervision step."""

    supervision: Internal[Uuid]
    measures: FreeText[Text]
    papers: Internal[list[Paper]] = []


class WarningColour(StrEnum):
    """预警 by colour, highest first. 黄 as the highest in use is inferred from one city's counts."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"
    GREEN = "green"


class WarningRaised(Act):
    """预警 about a matter (never a score of a person)."""

    colour: Internal[WarningColour]
    matter: Internal[Code | None] = None
    region: Region = None
    local_number: Internal[Number]
    text: FreeText[Text]
    contact: Personal[Line | None] = None

"""Messages about whole cases, supervision and warnings."""

from enum import StrEnum

from pydantic import Field

from schemas.classes import FreeText, Internal, OfPerson
from schemas.identifiers import Code, DepartmentId, Number, Uuid
from schemas.messages.base import Act, Paper, ReferralAct, Region
from schemas.scalars import Day, Line, Text


class CaseLinked(Act):
    """Two cases belong together; both stay."""

    other_case: Internal[Uuid]
    """Id of the other case; the subject is this one."""
    relation: Internal[Code]
    """How they belong together, e.g. `same_incident`, `co_defendant`."""


class DuplicateDismissed(Act):
    """不是重复件: an offered case is not the same matter as this one; it is not offered again."""

    other_case: Internal[Uuid]
    """Id of the case that was offered, as in `duplicate.offered`."""
    reason: FreeText[Text]
    """Why the two are not the same."""


class CaseMerged(Act):
    """并案: this case goes on under another; later messages are passed on to it."""

    into_case: Internal[Uuid]
    """Id of the case under which this one goes on."""
    reason: FreeText[Text | None] = None
    """Why they are handled as one."""


class CaseSplit(Act):
    """分案: the named referrals go on under a new case with this number."""

    new_local_number: Internal[Number]
    """The sender's number for the new case, whose id is `mint_case_id(source, new_local_number)`."""
    referrals: Internal[list[Uuid]]
    """Ids of the referrals that go on under the new case."""
    reason: FreeText[Text | None] = None
    """Why they are handled apart."""


class SupervisionRaised(ReferralAct):
    """督办: a formal step against the department that a task rests with."""

    step: Internal[Code]
    """Which step: `urge` 催办, `interview` 约谈, `circular` 通报, `listed` 挂牌督办, `rectify` 限期整改, or the city's own."""
    against: Internal[DepartmentId]
    """The department that must answer."""
    answer_by: Internal[Day | None] = None
    """Last day for the answer; without one the ladder's. On the way out always that which holds, if an answer is owed."""
    reason: FreeText[Text]
    """What was not done, and the ground in law."""
    supervision: Internal[Uuid | None] = None
    """Id of this step, which its answer names; the hub sets it on the way out (`derived_id` of `supervision`)."""
    task: Internal[Uuid | None] = None
    """Id of the task on which the department is supervised; the hub sets it on the way out."""
    trigger: Internal[Code | None] = None
    """What made the hub take the step: e.g. `breached`, `unanswered`, `returns`; null when a department took it."""


class SupervisionAnswered(ReferralAct):
    """The answer to a supervision step."""

    supervision: Internal[Uuid]
    """Id of the supervision step that is answered."""
    measures: FreeText[Text]
    """What was or will be done about it."""
    papers: Internal[list[Paper]] = Field(default=[])
    """Papers of the answer."""


class SupervisionCleared(ReferralAct):
    """销号、解除: a supervision step stands no longer. Who cleared it is the source, in person the officer."""

    supervision: Internal[Uuid]
    """Id of the supervision step that is cleared."""
    ground: Internal[Code]
    """Ground of the clearance: e.g. `done`, `unfounded`; by the hub itself `done`, `annulled` or `task_gone`."""
    reason: FreeText[Text]
    """Why the step is cleared."""


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
    """How pressing the matter is."""
    matter: Internal[Code | None] = None
    """Code of the kind of matter."""
    region: Region = None
    """Region of the matter: 6 digits of GB/T 2260, or 9 or 12 with town and village."""
    local_number: Internal[Number]
    """The sender's own number for the warning."""
    text: FreeText[Text]
    """What is the matter."""
    contact: OfPerson[Line | None] = None
    """Whom to call about it."""

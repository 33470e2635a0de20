"""What the hub tells about clocks: it computes and warns, people decide."""

from schemas.classes import Internal
from schemas.identifiers import Code, DepartmentId, Uuid
from schemas.messages.base import Data
from schemas.scalars import Flag, Line, Moment


class DeadlineNotice(Data):
    """What every notice about a deadline says."""

    referral: Internal[Uuid]
    """Id of the referral."""
    task: Internal[Uuid | None] = None
    """Id of the task that the clock runs on; null for one of the whole referral."""
    clock: Internal[Code]
    """Id of the rule, e.g. `X4`."""
    article: Internal[Line]
    """Law and article that the rule comes from."""
    owner: Internal[DepartmentId]
    """The department that must act."""
    due_at: Internal[Moment]
    """The due moment in force: computed, or set by an authorised person."""
    computed_at: Internal[Moment | None] = None
    """The computed due moment, where an authorised person set another one."""
    provisional: Internal[Flag] = False
    """Whether the due moment lies beyond the loaded calendar and may still move."""


class DeadlineWarned(DeadlineNotice):
    """预警: the due moment is near."""


class DeadlineBreached(DeadlineNotice):
    """The due moment has passed without the step that stops the clock."""

    breached_at: Internal[Moment]
    """When the hub decided so."""
    paper: Internal[Code | None] = None
    """Code of the paper that may be issued now, e.g. a notice of correction on the 16th day; null when the rule has none."""
    issuer: Internal[DepartmentId | None] = None
    """The department that issues this paper; a person there decides."""


class BreachAnnulled(DeadlineNotice):
    """A fact that came later disproves a breach, e.g. a back-dated legal date."""

    annulled_at: Internal[Moment]
    """When the hub decided so."""
    reason: Internal[Code]
    """Why: e.g. `backdated`, `fact_changed`, `rules_changed` (also a calendar), `date_set` or `date_lifted` by a person."""


class DeadlineSet(DeadlineNotice):
    """另定期限: an authorised person set the date, or took that back. `due_at` is what counts from here on."""

    computed_at: Internal[Moment]
    """The computed due moment."""
    set_at: Internal[Moment]
    """When the hub took the order."""
    under: Internal[Line]
    """Law and article that the order rests on."""
    reason: Internal[Line]
    """Why. Names no person."""
    lifted: Internal[Flag] = False
    """Whether the set date was taken back: the computed one is in force again."""


class ReceiptMissed(DeadlineNotice):
    """The negative twin of a receipt: the hop did not happen within its limit."""

    rung: Internal[Code]
    """Which receipt is missing: `delivered`, `signed`, `accepted`, `replied` or `confirmed`."""

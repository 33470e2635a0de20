"""What an authorised operator orders for a case: erasure 抹除, legal hold 保全, sealing of records 封存, a date 另定期限.

Written by the hub's desk on its own topic; the operator's own signature is in the data.
"""

from pydantic import Field

from schemas.classes import Internal, Public
from schemas.identifiers import Code
from schemas.messages.base import Data
from schemas.scalars import Count, Flag, Line, Moment, Ordinal


class Order(Data):
    """What every order says. All of it stays readable after an erasure, so it names no person but the operator by id."""

    operator: Internal[Code]
    """Id of the operator, as registered with the hub."""
    article: Internal[Line]
    """Law and article that the order rests on."""
    reason: Internal[Line]
    """Why. Names no person."""
    legal_at: Internal[Moment]
    """When it was ordered."""
    approval: Internal[Line]
    """The operator's signature over the order (Ed25519, base64)."""


class DataErased(Order):
    """抹除: the keys of persons, of free text, or of all of the case are destroyed. Proofs stay."""

    persons: Internal[list[Ordinal]] = Field(default=[])
    """Numbers of the persons in the case, as `fengqiao erase show` gives them."""
    text: Internal[Flag] = False
    """Whether the case's free text goes too."""
    everything: Internal[Flag] = False
    """Every person and the free text, with what came until now."""


class HoldSet(Order):
    """保全: nothing of the case is erased while the hold lasts."""

    hold: Internal[Code]
    """Id of the hold; several may be on one case."""


class HoldReleased(Order):
    """解除保全: this hold ends; others on the case stay."""

    hold: Internal[Code]
    """Id of the hold."""


class RecordSealed(Order):
    """封存: the record of the case is shown on the grounds that the law names, and found by no search."""

    seal: Internal[Code]
    """Kind of sealing, of those in the rules, e.g. `juvenile`."""


class RecordUnsealed(Order):
    """解除封存: the record can be shown again."""


class DateLifted(Order):
    """撤销另定期限: the computed date of the time limit is in force again."""

    deadline: Public[Count]
    """Number of the time limit in the case, as `fengqiao deadline show` gives it."""


class DateSet(DateLifted):
    """另定期限: this time limit is due when the operator says; the computed date stays visible beside it."""

    until: Internal[Moment]
    """The first moment that is too late: of a last day, its end (24:00)."""

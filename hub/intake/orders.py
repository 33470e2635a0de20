"""What an operator orders, at the door: whether it is theirs to order."""

from datetime import datetime

from hub.errors import Refusal, RefusalName
from hub.intake.ordering import ORDERED, check_redelivery
from hub.intake.reading import Read
from hub.operators import NotAuthorised, Operators

ERASES = "hub.data_erased.v1"


def check_order(operators: Operators, read: Read, at: datetime) -> None:
    """Raises Refusal unless a registered operator ordered it and may do so; a redelivery needs two."""
    if read.envelope.type == ORDERED:
        check_redelivery(read, operators, at)
        return
    try:
        operators.check(read.envelope.type, read.envelope.subject, read.open, at)
    except NotAuthorised as problem:
        raise Refusal(RefusalName.NOT_AUTHORISED, str(problem)) from None

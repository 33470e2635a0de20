"""Whether two operators ordered what a message of the desk says is to be delivered again."""

from collections.abc import Iterable
from datetime import datetime

from hub.domain.redelivery import belongs, signed_of
from hub.errors import Refusal, RefusalName
from hub.intake.reading import Read
from hub.operators import May, NotAuthorised, Operators

ORDERED = "hub.redelivery_ordered.v1"
NEEDED = 2


def check_redelivery(message: Read, operators: Operators, at: datetime) -> None:
    """Raises Refusal unless two operators who may, with different keys, signed an order that has this case."""
    data = message.data
    if not belongs(message.envelope.subject, data):
        raise Refusal(RefusalName.NOT_AUTHORISED, "the case is not in the order that was signed")
    signed = [(str(one[0]), str(one[1])) for one in data["approvals"] if len(one) == 2]
    good, why = approvals(operators, signed_of(data), signed, at)
    if len(good) < NEEDED:
        raise Refusal(
            RefusalName.NOT_AUTHORISED, f"{len(good)} operators signed the order, {NEEDED} must{why}"
        )


def approvals(
    operators: Operators, text: bytes, signed: Iterable[tuple[str, str]], at: datetime
) -> tuple[list[str], str]:
    """Who signed a text, one for each key; and in words why others don't count."""
    good, why = dict[bytes, str](), ""
    for name, signature in signed:
        try:
            good.setdefault(operators.signed(name, May.REDELIVER, text, signature, at), name)
        except NotAuthorised as problem:
            why += f"; {problem}"
    return sorted(good.values()), why

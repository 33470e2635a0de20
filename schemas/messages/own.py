"""Messages of the hub to itself: what its clock says, and the other half of a step on two cases."""

from schemas.classes import Internal, Sensitive
from schemas.identifiers import Code, Uuid
from schemas.messages.base import Data
from schemas.scalars import Moment


class LinkMirrored(Data):
    """The other case of a link, merge or split; two cases are never written in one transaction."""

    other_case: Internal[Uuid]
    """The case in which the link was made."""
    relation: Internal[Code]
    """How they belong together, e.g. `merged_from`, `split_from`."""
    legal_at: Internal[Moment]
    """When the link was made, in law."""


class EarlyExpired(Data):
    """The clock says: what waits in this case since before `before` has waited too long."""

    before: Internal[Moment]
    """Early messages that came before this moment are refused."""
    moment: Internal[Moment]
    """The moment that has come; decided only after everything read before it."""


class AliasKnown(Data):
    """A department's number has become known; messages that wait under it can go on."""

    other_case: Internal[Uuid]
    """The case that the number names."""


class MessagePassedOn(Data):
    """A message that named its case by a department's number, as its sender signed it."""

    attributes: Internal[dict[str, str]]
    """The `ce_` attributes as sent."""
    content: Sensitive[str]
    """The data as sent, in base64."""

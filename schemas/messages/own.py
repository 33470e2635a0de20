"""Messages of the hub to itself: what its clock says, and the other half of a step on two cases."""

from schemas.classes import Internal
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

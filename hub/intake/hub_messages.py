"""Messages that the hub writes to its own source topics: the clock, the failure desk, the other half of a link."""

from pydantic import AwareDatetime

from schemas.classes import Internal
from schemas.identifiers import Code, Uuid
from schemas.messages import MessageKind
from schemas.messages.base import Data


class LinkMirrored(Data):
    """The other case of a link, merge or split (5a.11)."""

    other_case: Internal[Uuid]
    relation: Internal[Code]
    legal_at: Internal[AwareDatetime]


class EarlyExpired(Data):
    """The clock says: what waits in this case since before `before` has waited too long."""

    before: Internal[AwareDatetime]
    moment: Internal[AwareDatetime]


HUB_KINDS: dict[str, MessageKind] = {
    kind.type: kind
    for kind in (
        MessageKind("hub.link_mirrored.v1", "关联另一端", LinkMirrored, inbound=True, outbound=False),
        MessageKind("hub.early_expired.v1", "先到报文超期", EarlyExpired, inbound=True, outbound=False),
    )
}

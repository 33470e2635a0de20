"""Changes, writers and stores for the kit's unit tests."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.sdk.ports import Outgoing
from connectors.sdk.store.inbox import Received
from connectors.sdk.writing import Writer, Written
from schemas.identifiers import mint_case_id
from schemas.messages.base import ReferralKind
from schemas.messages.referral import FollowupRecorded, ReferralRaised

DEPARTMENT = "notebook"
AT = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WRITER = Writer(DEPARTMENT, "notebook-2026", KEY)


def raised(number: str = "NB-1", title: str = "示例事项") -> Outgoing:
    data = ReferralRaised(
        legal_at=AT, flow="F21", kind=ReferralKind.ASSIGN, local_number=number, title=title, lead="court"
    )
    return Outgoing(f"raise/{number}", "referral.raised.v1", mint_case_id(DEPARTMENT, number), data, AT)


def follow_up(number: str, n: int) -> Outgoing:
    data = FollowupRecorded(legal_at=AT, referral=str(uuid4()), reached=True)
    local_id = f"follow-up/{number}/{n}"
    return Outgoing(local_id, "followup.recorded.v1", mint_case_id(DEPARTMENT, number), data, AT)


def written(change: Outgoing) -> Written:
    message = WRITER.write(change)
    assert isinstance(message, Written), message
    return message


def received(
    case: str,
    sequence: int,
    previous: int,
    message: str | None = None,
    type_: str = "note.made.v1",
    data: dict[str, str] | None = None,
) -> Received:
    content = json.dumps(data or {"title": "示例"}).encode()
    return Received(message or str(uuid4()), type_, case, None, sequence, previous, content)

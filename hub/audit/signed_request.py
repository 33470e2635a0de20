"""A request to the reading room over HTTP: who looks, what for, and the operator's own signature over all of it."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.room import looker
from hub.domain.look import Looker
from hub.errors import LookRefusal, LookRefused
from hub.operators import May, NotAuthorised, Operators

_HEAD = "fengqiao-read-v1"
OPERATOR, TIME, PURPOSE = "fengqiao-operator", "fengqiao-time", "fengqiao-purpose"
REFERENCE, SIGNATURE = "fengqiao-reference", "fengqiao-signature"
# Whoever overhears a request can repeat it for so long, and sees what they have overheard already.
FRESH = timedelta(seconds=60)


def signed_headers(
    key: Ed25519PrivateKey, operator: str, target: str, at: datetime, purpose: str, reference: str = ""
) -> dict[str, str]:
    """The headers of `GET target` (path and query as sent). Texts are percent-encoded UTF-8."""
    said = {TIME: at.isoformat(), PURPOSE: quote(purpose), REFERENCE: quote(reference)}
    text = _text(target, operator, said)
    return {OPERATOR: operator, **said, SIGNATURE: b64encode(key.sign(text)).decode()}


def reader_of(operators: Operators, target: str, headers: Mapping[str, str], now: datetime) -> Looker:
    """Who sent `GET target`. Raises LookRefused for one who may not read, a broken signature, or an old request."""
    operator = headers.get(OPERATOR, "")
    said = {name: headers.get(name, "") for name in (TIME, PURPOSE, REFERENCE)}
    by = looker(operator, unquote(said[PURPOSE]), unquote(said[REFERENCE]) or None)
    try:
        at = datetime.fromisoformat(said[TIME]).astimezone(UTC)
        signature = headers.get(SIGNATURE, "")
        operators.signed(operator, May.READ, _text(target, operator, said), signature, now)
    except (ValueError, NotAuthorised) as problem:
        raise LookRefused(LookRefusal.NOT_AUTHORISED, str(problem)) from None
    if abs(now - at) > FRESH:
        limit = f"{TIME} {said[TIME]!r}: more than {FRESH.seconds} s from {now.isoformat(timespec='seconds')}"
        raise LookRefused(LookRefusal.NOT_AUTHORISED, limit)
    return by


def _text(target: str, operator: str, said: Mapping[str, str]) -> bytes:
    return "\n".join([_HEAD, target, operator, said[TIME], said[PURPOSE], said[REFERENCE]]).encode()

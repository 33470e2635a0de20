"""The detached Ed25519 signature of a department over a message; `schemas.signed_form` says what it covers."""

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.envelope import Envelope
from schemas.signed_form import signed_bytes as signed_bytes
from schemas.signed_form import verify as verify


def sign(envelope: Envelope, data: bytes, keyid: str, key: Ed25519PrivateKey) -> Envelope:
    """The same envelope with `keyid` and `signature` set. Deterministic."""
    named = envelope.model_copy(update={"keyid": keyid, "signature": None})
    signature = b64encode(key.sign(signed_bytes(named.attributes(), data))).decode()
    return named.model_copy(update={"signature": signature})

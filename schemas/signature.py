"""The detached Ed25519 signature of a department over a message.

Covered bytes: `fengqiao-signature-v1` LF, then for each attribute but `signature` in order of its name
`name:length-in-bytes:value` LF, then an empty line, then the data exactly as sent. The attributes are all
`ce_` headers, also those that the contract does not know, and `datacontenttype` (the header `content-type`
without `charset=utf-8`; `application/json` when the header is absent). Names hold only lower-case letters and
digits, so the lengths make the form unambiguous. The key id is one of the attributes. The signature is base64
(standard alphabet, padded) of the 64 bytes; another spelling of the same bytes is not accepted.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.envelope import Envelope, signed_attributes

_CONTEXT = b"fengqiao-signature-v1\n"


def signed_bytes(attributes: Mapping[str, str], data: bytes) -> bytes:
    """The exact bytes that are signed."""
    parts = [_CONTEXT]
    for name, text in signed_attributes(attributes):
        value = text.encode()
        parts.append(b"%s:%d:%s\n" % (name.encode(), len(value), value))
    parts.append(b"\n")
    parts.append(data)
    return b"".join(parts)


def sign(envelope: Envelope, data: bytes, keyid: str, key: Ed25519PrivateKey) -> Envelope:
    """The same envelope with `keyid` and `signature` set. Deterministic."""
    named = envelope.model_copy(update={"keyid": keyid, "signature": None})
    signature = b64encode(key.sign(signed_bytes(named.attributes(), data))).decode()
    return named.model_copy(update={"signature": signature})


def verify(attributes: Mapping[str, str], data: bytes, key: Ed25519PublicKey) -> bool:
    """Whether `attributes["signature"]` is the key's signature. False also for a missing or malformed one."""
    try:
        text = attributes.get("signature", "")
        signature = b64decode(text, validate=True)
        key.verify(signature, signed_bytes(attributes, data))
    except (InvalidSignature, ValueError):
        return False
    return b64encode(signature).decode() == text

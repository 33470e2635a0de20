"""What a department's detached Ed25519 signature covers, and whether it holds. Stands on nothing but cryptography.

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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_CONTEXT = b"fengqiao-signature-v1\n"


def signed_attributes(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The attributes that the signature covers: all but the signature itself, sorted by name."""
    return sorted((name, text) for name, text in texts.items() if name != "signature")


def signed_bytes(attributes: Mapping[str, str], data: bytes) -> bytes:
    """The exact bytes that are signed."""
    parts = [_CONTEXT]
    for name, text in signed_attributes(attributes):
        value = text.encode()
        parts.append(b"%s:%d:%s\n" % (name.encode(), len(value), value))
    parts.append(b"\n")
    parts.append(data)
    return b"".join(parts)


def verify(attributes: Mapping[str, str], data: bytes, key: Ed25519PublicKey) -> bool:
    """Whether `attributes["signature"]` is the key's signature. False also for a missing or malformed one."""
    try:
        text = attributes.get("signature", "")
        signature = b64decode(text, validate=True)
        key.verify(signature, signed_bytes(attributes, data))
    except (InvalidSignature, ValueError):
        return False
    return b64encode(signature).decode() == text

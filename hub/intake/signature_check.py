"""Whether a signature holds, at the door: with libsodium, in half the time that OpenSSL takes.

What is accepted here holds everywhere (`schemas.signed_form.verify`, offline too). The reverse is not so: libsodium also
refuses keys and commitments of small order, which no honest signer has.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from nacl.bindings import crypto_sign_BYTES, crypto_sign_open
from nacl.exceptions import BadSignatureError

from schemas.signed_form import signed_bytes


def holds(attributes: Mapping[str, str], data: bytes, key: bytes) -> bool:
    """Whether `attributes["signature"]` is the signature of this raw public key. False for a missing or malformed one."""
    try:
        text = attributes.get("signature", "")
        signature = b64decode(text, validate=True)
        if len(signature) != crypto_sign_BYTES:
            return False
        crypto_sign_open(signature + signed_bytes(attributes, data), key)
    except (BadSignatureError, ValueError):
        return False
    return b64encode(signature).decode() == text

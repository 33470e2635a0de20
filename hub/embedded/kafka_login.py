"""SCRAM-SHA-512 from the client's side (RFC 5802, RFC 7677), by hand: health needs no client library."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field


@dataclass
class ScramLogin:
    """One exchange of four messages. Proves the client; the server's own proof is checked too.

    `first`, then `final(answer to first)`, then `check(answer to final)`. Raises ValueError when the server
    refuses the login or can't prove that it knows it.
    """

    username: str
    password: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _proof_of_server: bytes = b""

    def first(self) -> bytes:
        return f"n,,{self._bare()}".encode()

    def final(self, answer: bytes) -> bytes:
        parts = _parts(answer)
        if not parts["r"].startswith(self.nonce):
            raise ValueError("the server did not take the nonce up")
        salted = hashlib.pbkdf2_hmac(
            "sha512", self.password.encode(), base64.b64decode(parts["s"]), int(parts["i"])
        )
        client_key = _hmac(salted, b"Client Key")
        unproved = f"c=biws,r={parts['r']}"
        text = f"{self._bare()},{answer.decode()},{unproved}".encode()
        signature = _hmac(hashlib.sha512(client_key).digest(), text)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._proof_of_server = _hmac(_hmac(salted, b"Server Key"), text)
        return f"{unproved},p={base64.b64encode(proof).decode()}".encode()

    def check(self, answer: bytes) -> None:
        proof = base64.b64decode(_parts(answer)["v"])
        if not hmac.compare_digest(proof, self._proof_of_server):
            raise ValueError("the server does not know the password")

    def _bare(self) -> str:
        name = self.username.replace("=", "=3D").replace(",", "=2C")
        return f"n={name},r={self.nonce}"


def _parts(answer: bytes) -> dict[str, str]:
    parts = dict(part.split("=", 1) for part in answer.decode().split(","))
    if "e" in parts or not parts.keys() & {"s", "v"}:
        raise ValueError(f"the server refuses the login: {answer.decode()}")
    return parts


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha512")

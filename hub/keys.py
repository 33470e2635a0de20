"""Making signing keys: a private PEM file for the signer, a public YAML file for the registry."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub.errors import ConfigurationError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def new_key(source: str, keyid: str, secrets: Path, registry: Path) -> Path:
    """Make a key pair; returns the private file (mode 0600).

    Raises ConfigurationError rather than replacing one, and for a name that is no file name.
    """
    for field, value in (("source", source), ("keyid", keyid)):
        if not NAME.fullmatch(value):
            raise ConfigurationError(f"{field} {value!r}: allowed are letters, digits and . _ - (64 at most)")
    private_file, public_file = secrets / f"{source}.{keyid}.pem", registry / f"{source}.{keyid}.yaml"
    if private_file.exists() or public_file.exists():
        found = private_file if private_file.exists() else public_file
        raise ConfigurationError(f"key {source}/{keyid} exists already ({found}); give it another id")
    key = Ed25519PrivateKey.generate()
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    registry.mkdir(parents=True, exist_ok=True)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    entry = {
        "department": source,
        "keyid": keyid,
        "valid_from": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "public_key": public,
    }
    with os.fdopen(os.open(private_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public_file.write_text(yaml.safe_dump(entry, allow_unicode=True), encoding="utf-8")
    return private_file

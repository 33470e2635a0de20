"""Authorised operators: who may order what, and the signature by which an order is theirs.

One YAML file each in a directory that intake reads; the private half is with the operator. The hub's own key signs the
message that carries an order, so whoever can write as the hub can still not order in an operator's name.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.errors import ConfigurationError
from schemas.identifiers import Code

_HEAD = "fengqiao-order-v1"


class May(StrEnum):
    """What an operator can be authorised for."""

    ERASE = "erase"
    HOLD = "hold"
    SEAL = "seal"
    REDELIVER = "redeliver"
    READ = "read"
    DATE = "date"


ORDERS: Mapping[str, May] = {
    "hub.data_erased.v1": May.ERASE,
    "hub.hold_set.v1": May.HOLD,
    "hub.hold_released.v1": May.HOLD,
    "hub.record_sealed.v1": May.SEAL,
    "hub.record_unsealed.v1": May.SEAL,
    "hub.redelivery_ordered.v1": May.REDELIVER,
    "hub.date_set.v1": May.DATE,
    "hub.date_lifted.v1": May.DATE,
}


class Operator(BaseModel):
    """One operator's public key, what it may be used for and since when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operator: Code
    may: Annotated[list[May], Field(min_length=1)]
    valid_from: AwareDatetime
    valid_to: AwareDatetime | None = None
    public_key: str


class NotAuthorised(Exception):
    """An order that its operator did not or may not give. The text says why."""


class Operators:
    """The registered operators. Looks into its directory again for one that it does not know."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._known = {} if directory is None else _read(directory)

    def all(self) -> list[Operator]:
        """Everybody who is registered, by id."""
        return [self._known[name][0] for name in sorted(self._known)]

    def known(self, operator: str) -> Operator:
        """Raises NotAuthorised."""
        if operator not in self._known and self._directory is not None:
            self._known = _read(self._directory)
        if operator not in self._known:
            raise NotAuthorised(f"operator {operator!r} is not registered")
        return self._known[operator][0]

    def check(self, type_: str, case: str, data: Mapping[str, Any], at: datetime) -> None:
        """Raises NotAuthorised unless a registered operator who may do so ordered this, at this moment, for this case."""
        self.signed(str(data["operator"]), ORDERS[type_], _text(type_, case, data), str(data["approval"]), at)

    def signed(self, name: str, may: May, text: bytes, signature: str, at: datetime) -> bytes:
        """The public key by which this operator, who may do so at this moment, signed a text. Raises NotAuthorised."""
        operator = self.known(name)
        if at < operator.valid_from or (operator.valid_to is not None and at >= operator.valid_to):
            raise NotAuthorised(f"operator {operator.operator!r} is not valid at {at}")
        if may not in operator.may:
            raise NotAuthorised(
                f"operator {operator.operator!r} may not {may}; may {', '.join(operator.may)}"
            )
        key = self._known[operator.operator][1]
        try:
            key.verify(b64decode(signature, validate=True), text)
        except (InvalidSignature, ValueError):
            raise NotAuthorised(f"the signature of operator {operator.operator!r} does not verify") from None
        return key.public_bytes_raw()


def approved(key: Ed25519PrivateKey, type_: str, case: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The order with its operator's signature."""
    return {**data, "approval": b64encode(key.sign(_text(type_, case, data))).decode()}


def private_key(path: Path) -> Ed25519PrivateKey:
    """An operator's key from its PEM file. Raises ConfigurationError naming it."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"operator's key {path}: {problem}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"operator's key {path}: must be Ed25519")
    return key


def new_operator(operator: str, may: list[May], directory: Path, secrets: Path) -> Path:
    """Register an operator with a new key; returns the private file (mode 0600), which is theirs to keep.

    Raises ConfigurationError for an id that is taken or has another form.
    """
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    entry = {"operator": operator, "may": [str(one) for one in may], "public_key": public}
    entry["valid_from"] = datetime.now(UTC).replace(microsecond=0).isoformat()
    try:
        Operator.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{where} {first['input']!r}: {first['msg']}") from None
    private_file, public_file = secrets / f"{operator}.pem", directory / f"{operator}.yaml"
    if private_file.exists() or public_file.exists():
        raise ConfigurationError(f"operator {operator!r} is registered already; give another id")
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(private_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public_file.write_text(yaml.safe_dump(entry, allow_unicode=True), encoding="utf-8")
    return private_file


def _text(type_: str, case: str, data: Mapping[str, Any]) -> bytes:
    said = {name: value for name, value in data.items() if name != "approval"}
    return f"{_HEAD}\n{type_}\n{case}\n{json.dumps(said, sort_keys=True)}\n".encode()


def _read(directory: Path) -> dict[str, tuple[Operator, Ed25519PublicKey]]:
    """Raises ConfigurationError naming the file and what is wrong."""
    found: dict[str, tuple[Operator, Ed25519PublicKey]] = {}
    for path in sorted(directory.glob("*.yaml")):
        try:
            entry = Operator.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
            public = load_pem_public_key(entry.public_key.encode())
        except (OSError, ValidationError, ValueError, yaml.YAMLError) as problem:
            raise ConfigurationError(f"operator {path}: {problem}") from None
        if not isinstance(public, Ed25519PublicKey):
            raise ConfigurationError(f"operator {path}: public_key must be Ed25519")
        if entry.operator in found or path.stem != entry.operator:
            raise ConfigurationError(f"operator {path}: the file of {entry.operator!r} is named after it")
        found[entry.operator] = (entry, public)
    return found

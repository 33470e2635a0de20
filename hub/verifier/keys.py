"""The public keys in a bundle, each with its validity, held against those that the checker gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.verifier.anchors import Anchors, key_from_pem
from hub.verifier.contents import KEYS, Malformed, read_json, text_of
from hub.verifier.findings import Report

HUB = "hub"


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One registered key. `given`: the checker brought the same one, so it is not the bundle's word."""

    department: str
    keyid: str
    valid_from: datetime
    valid_to: datetime | None
    key: Ed25519PublicKey
    given: bool = False

    def valid_at(self, at: datetime) -> bool:
        """Whether the registry says that it was valid at a moment."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


def read_keys(files: Mapping[str, bytes], anchors: Anchors, report: Report) -> list[HeldKey]:
    """The keys of the bundle; one that is not the checker's, where the checker gave some of its owner, fails."""
    try:
        data = read_json(files.get(KEYS, b""))
        if not isinstance(data, list):
            raise Malformed("must be a list")
        keys = [_key(one) for one in data]
    except ValueError as problem:
        report.fails("form", KEYS, detail=problem)
        return []
    found = []
    for key in keys:
        given = _given(key.department, anchors)
        same = any(_raw(one) == _raw(key.key) for one in given)
        if key.department in anchors.senders and not same:
            report.fails("other_key", KEYS, detail=f"{key.department}/{key.keyid}")
        parts = (key.department, key.keyid, key.valid_from, key.valid_to, key.key)
        found.append(HeldKey(*parts, given=same))
    return found


def owner_keys(
    keys: Sequence[HeldKey], owner: str, given: Sequence[Ed25519PublicKey]
) -> list[Ed25519PublicKey]:
    """Those that the checker gave; only without any, those of the bundle."""
    return list(given) or [one.key for one in keys if one.department == owner]


def _given(department: str, anchors: Anchors) -> list[Ed25519PublicKey]:
    """A department signs messages and cosignatures with one key, and so does the hub with checkpoints."""
    own = list(anchors.hub) if department == HUB else []
    return [*own, *anchors.senders.get(department, ()), *anchors.witnesses.get(department, ())]


def _key(data: object) -> HeldKey:
    ends = data.get("valid_to") if isinstance(data, dict) else None
    return HeldKey(
        text_of(data, "department"),
        text_of(data, "keyid"),
        moment_of(text_of(data, "valid_from")),
        None if ends is None else moment_of(text_of(data, "valid_to")),
        key_from_pem(text_of(data, "public_key")),
    )


def moment_of(text: str) -> datetime:
    """A moment with its zone. Raises Malformed."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{text[:60]!r} is no moment") from None
    if found.tzinfo is None:
        raise Malformed(f"{text[:60]!r} has no zone")
    return found


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()

"""A directory of public keys, as the hub's commands read it."""

from pathlib import Path

import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.intake.verifying import KeyRegistry


def registry_of(keys: KeyRegistry, directory: Path) -> Path:
    """Write all keys of a registry; each source has one of the name `<source>-1`."""
    directory.mkdir()
    for source, own in keys.by_source().items():
        public = own[0].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        entry = {"department": source, "keyid": f"{source}-1", "valid_from": "2020-01-01T00:00:00+00:00"}
        (directory / f"{source}.yaml").write_text(yaml.safe_dump(entry | {"public_key": public}))
    return directory

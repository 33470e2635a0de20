"""The evidence bundle of a case: one file that somebody without this hub can check. Reads only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.audit.bundle_log import LogFiles, log_files
from hub.audit.bundle_messages import Scope, message_states
from hub.audit.bundle_rules import RuleSource, derivations, rule_files
from hub.audit.bundle_words import bundle_words
from hub.domain.decision import moment
from hub.domain.entry import Entry
from hub.domain.look import Looker
from hub.errors import ConfigurationError
from hub.intake.verifying import KeyRegistry, RegisteredKey
from hub.relay.signing import HubSigner
from hub.store import read_cases, read_checkpoints
from hub.store.reading import Snapshot
from hub.store.sealing import CaseKey
from hub.verifier import contents
from hub.verifier.anchors import Anchors
from hub.verifier.archive import NoBundle, write_archive
from hub.verifier.bundle_readme import README_TEXT
from hub.verifier.check import check_bundle
from hub.verifier.contents import Manifest
from hub.verifier.page import make_page
from schemas.notes import Note

HUB = "hub"


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks for a bundle, why, and for whose eyes. `opened`: see `hub.audit.bundle_messages.Scope`.

    `ground`: on which a sealed record is shown; whoever asks for one has been admitted (`hub.audit.record_access`).
    """

    looker: Looker
    opened: str
    made_at: datetime
    ground: str | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What a bundle is made with. `signer`: the hub's, for its statement; without it the statement is not signed."""

    keys: KeyRegistry
    sources: Sequence[RuleSource]
    signer: HubSigner | None = None


async def make_bundle(
    view: Snapshot, case: str, order: Order, means: Means, key: CaseKey | None = None
) -> bytes:
    """The bundle of a case by its id, checked before it is handed out. The same snapshot and order give the same bytes.

    `key`: the case's, where `order` opens anything and it was not destroyed. Raises ConfigurationError for a case that the
    journal does not have, an entry that no checkpoint has yet, and a journal that is not the one that was signed.
    """
    rows = await read_cases.case_journal(view, case)
    if not rows:
        raise ConfigurationError(f"case {case}: the journal has no entry of it")
    shard = rows[0][0]
    entries = [Entry.from_bytes(raw) for _, _, raw in rows]
    log = await log_files(view, shard, [seq for _, seq, _ in rows])
    states, data = message_states(entries, Scope(order.opened), key)
    used = {entry.rules for entry in entries}
    sources = [source for source in means.sources if source.rules.digest in used]
    files = {contents.entry_name(seq): raw for _, seq, raw in rows} | log.files
    files |= {contents.message_name(seq): raw for seq, raw in data.items()}
    books = {source.rules.digest: source.rules for source in sources}
    files = {
        contents.README: README_TEXT.encode(),
        contents.KEYS: _json(_keys(means.keys, entries, log)),
        contents.WORDS: _json(bundle_words(source.rules for source in sources)),
        contents.DEADLINES: _json(derivations(entries, books)),
        **dict(sorted(files.items())),
        **rule_files(sources),
    }
    manifest = Manifest(
        log=(await read_checkpoints.log_name(view)),
        case=case,
        shard=shard,
        size=log.size,
        made_at=moment(order.made_at),
        operator=order.looker.operator,
        purpose=order.looker.purpose,
        reference=order.looker.reference or "",
        opened=order.opened,
        ground=order.ground or "",
        software=f"fengqiao-hub {version('fengqiao-hub')}",
        messages=states,
        files={},
    )
    try:
        raw = _packed(files, manifest, log, len(entries), means.signer)
    except (NoBundle, ValueError) as problem:
        raise ConfigurationError(f"case {case}: no bundle can be made of it: {problem}") from None
    _check(raw, case, means.keys)
    return raw


def _packed(
    files: Mapping[str, bytes], manifest: Manifest, log: LogFiles, entries: int, signer: HubSigner | None
) -> bytes:
    """The page last made and first seen; the statement over the manifest, and that over all other files."""
    whole = {contents.PAGE: make_page(files, manifest), **files}
    manifest = replace(manifest, files=contents.digests(whole))
    raw = manifest.to_bytes()
    digest = contents.digests({contents.MANIFEST: raw})[contents.MANIFEST]
    text = contents.statement_text(manifest, log.root, entries, digest)
    statement = text.encode() if signer is None else signer.note(text, manifest.log).to_bytes()
    return write_archive({contents.MANIFEST: raw, contents.STATEMENT: statement, **whole})


def _check(raw: bytes, case: str, keys: KeyRegistry) -> None:
    """What does not hold is not handed out."""
    report = check_bundle(raw, Anchors(hub=keys.of(HUB)))
    if not report.good:
        first = report.failures[0].said().en
        raise ConfigurationError(
            f"case {case}: its bundle would not hold: {first}; run `fengqiao audit verify`"
        )


def _keys(registry: KeyRegistry, entries: Sequence[Entry], log: LogFiles) -> list[dict[str, Any]]:
    """Every registered key of who signed something in the bundle."""
    names = {HUB} | {entry.source for entry in entries if entry.source is not None}
    for name, raw in log.files.items():
        if name.startswith("checkpoints/"):
            names |= {each.name for each in Note.parse(raw).signatures}
    return [_key(entry, key) for entry, key in registry.registered() if entry.department in names]


def _key(entry: RegisteredKey, key: Ed25519PublicKey) -> dict[str, Any]:
    return {
        "department": entry.department,
        "keyid": entry.keyid,
        "valid_from": moment(entry.valid_from),
        "valid_to": None if entry.valid_to is None else moment(entry.valid_to),
        "public_key": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    }


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"

"""What is in a bundle and under which name, and reading it without trusting it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hub.verifier.archive import NoBundle
from hub.verifier.findings import Report

FORMAT = "fengqiao-bundle/1"
MANIFEST, STATEMENT, KEYS = "manifest.json", "statement.note", "keys.json"
DEADLINES, WORDS, PAGE, README = "deadlines.json", "words.json", "page.html", "README.txt"
SINGLE = frozenset({MANIFEST, STATEMENT, KEYS, DEADLINES, WORDS, PAGE, README})
FOLDERS = frozenset(
    ("entries", "proofs", "messages", "checkpoints", "consistency", "rules", "clocks", "calendar", "sources")
)
STATEMENT_HEAD = "fengqiao-bundle-statement-v1"
LARGEST_NUMBER = 10**18
_DEEPEST = 60
_NUMBERED = re.compile(r"[a-z]+/([0-9]{12,19})\.[a-z-]+")


def entry_name(seq: int) -> str:
    """The exact bytes of an entry of the journal."""
    return f"entries/{seq:012d}.json"


def proof_name(seq: int) -> str:
    """Its proof (c2sp.org/tlog-proof)."""
    return f"proofs/{seq:012d}.tlog-proof"


def message_name(seq: int) -> str:
    """The data of the entry's message, to the byte as its sender signed it."""
    return f"messages/{seq:012d}.data"


def checkpoint_name(size: int) -> str:
    """A checkpoint with its signatures (c2sp.org/tlog-checkpoint)."""
    return f"checkpoints/{size:012d}.note"


def consistency_name(size: int) -> str:
    """The proof that the bundle's checkpoint continues the one of this size (the body of c2sp.org/tlog-witness)."""
    return f"consistency/{size:012d}.submission"


def number_in(name: str) -> int:
    """The number in a file's name. Raises ValueError."""
    found = _NUMBERED.fullmatch(name)
    if found is None or name != f"{name.partition('/')[0]}/{int(found[1]):012d}.{name.rpartition('.')[2]}":
        raise ValueError(f"{name!r}: must have a number of twelve digits")
    return int(found[1])


class Malformed(ValueError):
    """A file of the bundle has another form than its name says."""


def read_json(raw: bytes, strict: bool = True) -> Any:
    """JSON without NaN, huge numbers or great depth; with `strict` without a name twice. Raises Malformed."""
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_once if strict else None,
            parse_int=_bounded if strict else None,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as problem:
        raise Malformed(str(problem)[:200] or type(problem).__name__) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name is there twice")
    return found


def _bounded(text: str) -> int:
    if len(text) > 19 or abs(int(text)) > LARGEST_NUMBER:
        raise Malformed(f"number of {len(text)} digits: at most {LARGEST_NUMBER}")
    return int(text)


def _no_constant(text: str) -> None:
    raise Malformed(f"{text} is no JSON")


def text_of(data: Any, field: str) -> str:
    """A text field. Raises Malformed."""
    found = data.get(field) if isinstance(data, dict) else None
    if not isinstance(found, str):
        raise Malformed(f"{field}: must be a text")
    return found


def number_of(data: Any, field: str) -> int:
    """A whole number that is not negative. Raises Malformed."""
    found = data.get(field) if isinstance(data, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= LARGEST_NUMBER:
        raise Malformed(f"{field}: must be a number from 0 to {LARGEST_NUMBER}")
    return found


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the bundle says of itself. `messages`: the state of each entry's message by the entry's number."""

    log: str
    case: str
    shard: int
    size: int
    made_at: str
    operator: str
    purpose: str
    reference: str
    opened: str
    ground: str
    software: str
    messages: dict[int, str]
    files: dict[str, str]

    @property
    def origin(self) -> str:
        """The name of the shard's log."""
        return f"{self.log}/{self.shard}"

    @classmethod
    def parse(cls, raw: bytes) -> "Manifest":
        """Raises Malformed."""
        data = read_json(raw)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise Malformed(f"format: must be {FORMAT!r}")
        texts = {
            field: text_of(data, field)
            for field in (
                "log",
                "case",
                "made_at",
                "operator",
                "purpose",
                "reference",
                "opened",
                "ground",
                "software",
            )
        }
        files, states = data.get("files"), data.get("messages")
        if not isinstance(files, dict) or not isinstance(states, dict):
            raise Malformed("files, messages: must be objects")
        try:
            messages = {_seq(seq): text_of(states, seq) for seq in states}
        except ValueError as problem:
            raise Malformed(f"messages: {problem}") from None
        return cls(
            **texts,
            shard=number_of(data, "shard"),
            size=number_of(data, "size"),
            messages=messages,
            files={name: text_of(files, name) for name in files},
        )

    def to_bytes(self) -> bytes:
        """The stored form."""
        data = {
            "format": FORMAT,
            "case": self.case,
            "purpose": self.purpose,
            "reference": self.reference,
            "operator": self.operator,
            "opened": self.opened,
            "ground": self.ground,
            "made_at": self.made_at,
            "software": self.software,
            "log": self.log,
            "shard": self.shard,
            "size": self.size,
            "messages": {str(seq): state for seq, state in self.messages.items()},
            "files": self.files,
        }
        return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def _seq(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or text != str(int(text)):
        raise Malformed(f"{text[:40]!r} is no number of an entry")
    return int(text)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 of every file, hexadecimal."""
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def statement_text(manifest: Manifest, root: str, entries: int, digest: str) -> str:
    """What the hub signs under a bundle. It is no checkpoint: that has three lines and begins with a log's name."""
    return (
        f"{STATEMENT_HEAD}\n{manifest.origin}\n{manifest.size}\n{root}\ncase {manifest.case}\n"
        f"these {entries} entries are all entries of the case among the first {manifest.size} entries\n"
        f"manifest sha256:{digest}\n"
    )


def read_manifest(files: dict[str, bytes]) -> Manifest:
    """Raises NoBundle when there is none that can be read."""
    if MANIFEST not in files:
        raise NoBundle("no_manifest", f"there is no {MANIFEST}")
    try:
        return Manifest.parse(files[MANIFEST])
    except Malformed as problem:
        raise NoBundle("no_manifest", f"{MANIFEST}: {problem}") from None


def check_files(files: dict[str, bytes], manifest: Manifest, damaged: Iterable[str], report: Report) -> None:
    """Every file is the one that the manifest names, and no other is there."""
    found = {name: content for name, content in files.items() if name not in (MANIFEST, STATEMENT)}
    wrong = set(damaged)
    for name, digest in digests(found).items():
        if name not in manifest.files:
            report.fails("unlisted", name)
        elif digest != manifest.files[name]:
            wrong.add(name)
    for name in sorted(wrong):
        report.fails("changed", name)
    for name in manifest.files:
        if name not in found:
            report.fails("missing", name[:200])

"""The rules that decisions name, held against their digests, and the derivations of time limits against the entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from hub.verifier.contents import DEADLINES, Malformed, number_of, read_json, text_of
from hub.verifier.findings import Report
from hub.verifier.records import Record


@dataclass(slots=True)
class RuleBook:
    """`texts`: the rules by digest, where the bundle has the text; `calendars`: their calendar's digest and last year.

    `absent`: digests that entries name and whose text is not there, with how many entries.
    """

    texts: dict[str, Any] = field(default_factory=dict)
    calendars: dict[str, tuple[str, int]] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)


def check_rules(files: Mapping[str, bytes], records: Sequence[Record], report: Report) -> RuleBook:
    """Each text of rules, clocks and calendar has the digest that it is named by."""
    book = RuleBook()
    for name in files:
        if name.startswith(("rules/", "clocks/", "calendar/")):
            _digest(files, name, report)
    for record in records:
        digest = record.text("rules")
        name = f"rules/{digest}.json"
        if name not in files:
            book.absent[digest] = book.absent.get(digest, 0) + 1
        elif digest not in book.texts:
            book.texts[digest] = None
            _text(files, name, digest, book, report)
    return book


def _digest(files: Mapping[str, bytes], name: str, report: Report) -> None:
    if name != f"{name.partition('/')[0]}/{sha256(files[name]).hexdigest()}.json":
        report.fails("rules", name)


def _text(files: Mapping[str, bytes], name: str, digest: str, book: RuleBook, report: Report) -> None:
    try:
        parts = read_json(files[name])
        if not isinstance(parts, list) or len(parts) < 3:
            raise Malformed("must be a list that ends with the digests of clocks and calendar")
        clocks, calendar = f"clocks/{parts[-2]}.json", f"calendar/{parts[-1]}.json"
        for needed in (clocks, calendar):
            if needed not in files:
                report.fails("missing", needed[:200])
                return
        years = [part["year"] for part in read_json(files[calendar]) if "year" in part]
        book.texts[digest] = parts
        book.calendars[digest] = str(parts[-1]), max(years)
    except (ValueError, TypeError, KeyError) as problem:
        report.fails("form", name, detail=problem)


def check_deadlines(files: Mapping[str, bytes], records: Sequence[Record], report: Report) -> int:
    """How many derivations lead to the due moment that the entry has; those that don't, fail."""
    due: dict[tuple[int, int], str] = {}
    for record in records:
        for event in record.events:
            if event["e"] in ("deadline_started", "deadline_recomputed"):
                moment = event.get("due" if event["e"] == "deadline_started" else "after")
                due[record.seq, event.get("deadline", 0)] = str(moment)
    try:
        derivations = read_json(files.get(DEADLINES, b""))
        if not isinstance(derivations, list):
            raise Malformed("must be a list")
        for one in derivations:
            seq = number_of(one, "entry")
            if due.get((seq, number_of(one, "deadline"))) != text_of(one, "due"):
                report.fails("deadline", DEADLINES, seq, f"time limit {one['deadline']}")
    except ValueError as problem:
        report.fails("form", DEADLINES, detail=problem)
        return 0
    return len(derivations)

"""`fengqiao-verify BUNDLE`: the check for people. Exit codes: 0 all that is checked holds, 1 something does not, 2 no bundle."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.verifier.anchors import WrongAnchor, anchors_of
from hub.verifier.archive import LARGEST, REASONS, NoBundle
from hub.verifier.check import check_bundle
from hub.verifier.findings import Report, Said

PROVED, FAILED, NO_BUNDLE = 0, 1, 2
_GOOD = Said("核验通过：包内一切可核验之处均成立。", "ALL THAT CAN BE CHECKED HOLDS.")
_BAD = Said("核验不通过：", "THE CHECK FAILED:")
_FLOATING = Said(
    "注意：没有提供中枢公钥或留存的检查点，以上只说明证据包自身一致。",
    "Note: no key of the hub and no kept checkpoint was given, so this says only that the bundle fits together.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one bundle and print what is proved and what is not; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        anchors = anchors_of(options.checkpoint_key, options.witness_key, options.sender_key, options.kept)
        report = check_bundle(_read(options.bundle), anchors)
    except NoBundle as problem:
        words = Said(*REASONS[problem.name]).in_(options.lang)
        print(
            f"fengqiao-verify: {options.bundle}: {problem.name}: {words} ({problem.detail})", file=sys.stderr
        )
        return NO_BUNDLE
    except (WrongAnchor, OSError) as problem:
        print(f"fengqiao-verify: {problem}", file=sys.stderr)
        return NO_BUNDLE
    _say(_json(report) if options.json else _words(report, options.lang))
    return PROVED if report.good else FAILED


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Who reads wants no more; what is still held back must not fail at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise NoBundle("too_large", f"more than {LARGEST} bytes")
    return raw


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fengqiao-verify",
        description="Check an evidence bundle of Fengqiao Hub offline. 离线核验枫桥中枢的案件证据包。",
        epilog="Exit codes: 0 all that can be checked holds, 1 a check failed, 2 no bundle.",
    )
    parser.add_argument("bundle", type=Path, help="the file")
    key = "FILE is a public key in PEM (or a file of the hub's key registry); name+id+base64 is allowed too"
    parser.add_argument(
        "--checkpoint-key", action="append", default=[], metavar="FILE", help=f"the hub's key. {key}"
    )
    parser.add_argument(
        "--witness-key", action="append", default=[], metavar="DEPARTMENT=FILE", help="key of a witness"
    )
    parser.add_argument(
        "--sender-key", action="append", default=[], metavar="DEPARTMENT=FILE", help="key of a sender"
    )
    parser.add_argument(
        "--kept",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="checkpoints that a witness kept",
    )
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    parser.add_argument("--json", action="store_true", help="JSON for machines, in both languages")
    return parser


def _words(report: Report, lang: str) -> str:
    lines = [(_GOOD if report.good else _BAD).in_(lang)]
    lines += [f"  ✗ {failure.said().in_(lang)}" for failure in report.failures]
    if report.good and not report.anchored:
        lines.append(_FLOATING.in_(lang))
    for title, said in (
        (Said("已证明", "Proved"), report.proved),
        (Said("未证明", "Not proved"), report.open),
    ):
        lines += ["", title.in_(lang), *(f"  · {one.in_(lang)}" for one in said)]
    return "\n".join(lines)


def _json(report: Report) -> str:
    both = [{"zh": one.zh, "en": one.en} for one in report.proved]
    left = [{"zh": one.zh, "en": one.en} for one in report.open]
    failures = [
        {"name": each.name, "file": each.file, "entry": each.entry, "detail": each.detail}
        for each in report.failures
    ]
    data = {"good": report.good, "anchored": report.anchored, "failures": failures}
    return json.dumps(
        {**data, "facts": report.facts, "proved": both, "open": left}, ensure_ascii=False, indent=2
    )


def run() -> None:
    """The console script."""
    sys.exit(main())

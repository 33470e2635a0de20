"""The whole check of a bundle, with no database and no network."""

from collections.abc import Mapping, Sequence

from hub.verifier import contents
from hub.verifier.anchors import Anchors
from hub.verifier.archive import damaged, read_archive
from hub.verifier.check_case import check_case
from hub.verifier.check_log import check_log, check_statement
from hub.verifier.check_messages import check_messages
from hub.verifier.check_rules import check_deadlines, check_rules
from hub.verifier.conclusions import Found, conclude
from hub.verifier.contents import Malformed, Manifest
from hub.verifier.findings import Report
from hub.verifier.keys import read_keys
from hub.verifier.page import make_page
from hub.verifier.records import Record, read_records


def check_bundle(raw: bytes, anchors: Anchors | None = None) -> Report:
    """Check the bytes of a bundle. What holds, what does not and what is left open is in the report.

    Reads nothing but `raw`; memory is a few times its size. Raises NoBundle, by name, for what is no bundle.
    """
    anchors, report = anchors or Anchors(), Report()
    files = read_archive(raw)
    wrong = damaged(raw, files)
    manifest = contents.read_manifest(files)
    contents.check_files(files, manifest, wrong, report)
    _check_names(files, report)
    keys = read_keys(files, anchors, report)
    log = check_log(files, manifest, keys, anchors, report)
    records = read_records(files, manifest, report)
    found = Found(
        manifest=manifest,
        records=records,
        keys=keys,
        anchors=anchors,
        log=log,
        messages=check_messages(files, manifest, records, keys, anchors, report),
        numbers=check_case(records, report),
        rules=check_rules(files, records, report),
        derivations=check_deadlines(files, records, report),
        stated=check_statement(files, manifest, keys, anchors, report),
    )
    _check_page(files, manifest, records, report)
    conclude(found, report)
    return report


def _check_names(files: Mapping[str, bytes], report: Report) -> None:
    for name in files:
        if name not in contents.SINGLE and name.partition("/")[0] not in contents.FOLDERS:
            report.fails("unlisted", name)


def _check_page(
    files: Mapping[str, bytes], manifest: Manifest, records: Sequence[Record], report: Report
) -> None:
    """The page says what the records say, if these can be read."""
    if not records:
        report.fails("missing", "entries/")
        return
    try:
        made = make_page(files, manifest)
    except Malformed as problem:
        report.fails("form", contents.PAGE, detail=problem)
        return
    if files.get(contents.PAGE) != made:
        report.fails("page", contents.PAGE)

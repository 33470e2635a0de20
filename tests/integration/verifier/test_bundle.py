"""A bundle holds what it says, and the verifier says in words what that proves and what it does not."""

import io
import json
import zipfile

import pytest

from hub.verifier import contents
from hub.verifier.archive import read_archive
from hub.verifier.check import check_bundle
from hub.verifier.contents import Manifest, read_manifest
from tests.support.bundles import Made


def in_english(said: list[object]) -> str:
    return "\n".join(each.en for each in said)  # type: ignore[attr-defined]


@pytest.mark.covers("promise 7")
def test_all_that_can_be_checked_holds(made: Made) -> None:
    report = check_bundle(made.whole, made.anchors)
    assert report.failures == []
    assert report.anchored
    files = read_archive(made.whole)
    manifest = read_manifest(files)
    entries = [json.loads(raw) for name, raw in files.items() if name.startswith("entries/")]
    assert {entry["case"] for entry in entries} == {manifest.case} == {made.case}
    outcomes = {
        name: sum(e["outcome"] == name for e in entries)
        for name in ("decided", "refused", "parked", "duplicate")
    }
    assert report.facts["outcomes"] == outcomes
    assert all(outcomes.values()), "the case has entries of every outcome"
    assert any("refers" in entry and entry["outcome"] == "decided" for entry in entries)
    assert report.facts["proved"] == report.facts["entries"] == len(entries)
    signatures = report.facts["signatures"]
    assert isinstance(signatures, dict)
    assert sum(signatures.values()) == sum(state == "whole" for state in manifest.messages.values())
    assert set(signatures) == {"court", "justice", "petition"}
    proved, left = in_english(report.proved), in_english(report.open)
    assert "cosigned" in proved
    assert "2026-03-03 08:00:00" in proved
    assert "2026-03-05 08:00:00" in proved
    assert "witnesses cosigned the checkpoint of" in proved
    assert "No witness cosigned a checkpoint with entries" in left
    assert "own word" not in proved + left.replace("sources/", "")
    assert "That is a statement and no proof" in left
    assert "does not decide again" in left


@pytest.mark.covers("promise 7")
def test_the_verifier_s_own_words_when_nothing_was_brought_along(made: Made) -> None:
    report = check_bundle(made.whole)
    assert report.good
    assert not report.anchored
    assert "The hub's public key is the bundle's own word" in in_english(report.open)
    assert "public keys of court, justice, petition are the bundle's own word" in in_english(report.open)
    assert "court (its key is the bundle's own word)" in in_english(report.proved)


def test_sealed_fields_stay_sealed_unless_they_are_asked_for(made: Made) -> None:
    assert "示例·新任承办人".encode() in made.whole
    assert "测试人甲".encode() in made.whole
    for raw in (made.sealed, made.erased):
        assert "测试人甲".encode() not in raw
    report = check_bundle(made.sealed, made.anchors)
    assert report.good
    assert report.facts["sealed"]
    assert "have sealed fields that were not opened" in in_english(report.open)


def test_a_department_gets_what_it_sent_or_was_told_whole(made: Made) -> None:
    report = check_bundle(made.for_department, made.anchors)
    assert report.good
    files = read_archive(made.for_department)
    manifest = Manifest.parse(files[contents.MANIFEST])
    by_source: dict[str, set[str]] = {}
    for seq, state in manifest.messages.items():
        entry = json.loads(files[contents.entry_name(seq)])
        if entry.get("sealed") or entry.get("persons"):
            by_source.setdefault(entry["source"], set()).add(state)
    assert by_source["justice"] == {"whole"}
    assert by_source["petition"] == {"whole"}, "it was told all of it"
    assert by_source["court"] == {"sealed"}, "nobody was told of what was refused"


@pytest.mark.covers("promise 7")
def test_what_is_erased_is_still_covered(made: Made) -> None:
    report = check_bundle(made.erased, made.anchors)
    assert report.good
    assert report.facts["erased"]
    assert "are destroyed: nobody can read" in in_english(report.open)
    whole, erased = read_archive(made.lean), read_archive(made.erased)
    for name, raw in whole.items():
        if name.startswith(("entries/", "proofs/", "checkpoints/", "consistency/")):
            assert erased[name] == raw


def test_it_is_an_ordinary_zip_and_the_same_each_time(made: Made) -> None:
    with zipfile.ZipFile(io.BytesIO(made.whole)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(read_archive(made.whole))
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    names = list(read_archive(made.whole))
    assert names[:4] == [contents.MANIFEST, contents.STATEMENT, contents.PAGE, contents.README]


def test_the_page_stands_alone_in_two_languages(made: Made) -> None:
    page = read_archive(made.whole)[contents.PAGE].decode()
    for never in ("<script", "http://", "https://", "src=", "@import", "url("):
        assert never not in page
    for text in (
        "default-src 'none'",
        "测试市信访局",
        "Petition office",
        "访调对接",
        "测试人甲",
        "@media print",
    ):
        assert text in page


def test_rules_calendar_and_derivations(made: Made) -> None:
    report = check_bundle(made.whole, made.anchors)
    files = read_archive(made.whole)
    derivations = json.loads(files[contents.DEADLINES])
    assert report.facts["derivations"] == len(derivations) > 3
    assert any("人民调解法" in one["zh"] or "条" in one["zh"] for one in derivations)
    assert all(one["zh"] and one["en"] for one in derivations)
    assert any(name.endswith("hub/flows/F20.yaml") for name in files)
    assert "calendar" in in_english(report.proved)
    lean = check_bundle(made.lean, made.anchors)
    assert lean.good
    assert "is not in the bundle; only the digest is" in in_english(lean.open)


def test_without_the_hub_s_key_the_statement_is_not_signed_and_that_is_said(made: Made) -> None:
    report = check_bundle(made.unsigned, made.anchors)
    assert report.good
    assert report.facts["hub_statement"] is False
    assert "The hub did not sign that this is all of the case" in in_english(report.open)

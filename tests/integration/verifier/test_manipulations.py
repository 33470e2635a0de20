"""Hundreds of single manipulations of a bundle, by hands that may sign nothing and by hands that may sign as the hub."""

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.relay.signing import HubSigner
from hub.verifier import contents
from hub.verifier.anchors import Anchors
from hub.verifier.archive import NoBundle, read_archive, write_archive
from hub.verifier.check import check_bundle
from hub.verifier.contents import Manifest
from hub.verifier.findings import Report
from schemas.notes import Note
from tests.support.bundles import Made, refitted

Files = dict[str, bytes]


def found(raw: bytes, made: Made) -> Report | str:
    """The report, or the name under which the file is refused."""
    try:
        return check_bundle(raw, made.anchors)
    except NoBundle as problem:
        return problem.name


def is_found(raw: bytes, made: Made) -> bool:
    outcome = found(raw, made)
    return isinstance(outcome, str) or not outcome.good


def flip(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def flip_bit(raw: bytes, chance: random.Random) -> bytes:
    return flip(raw, chance)


def cut(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw))]


def put_in(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.randbytes(chance.randrange(1, 20)) + raw[at:]


def take_out(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + raw[at + chance.randrange(1, 20) :]


def move(raw: bytes, chance: random.Random) -> bytes:
    first, second = sorted(chance.sample(range(len(raw)), 2))
    return raw[:first] + raw[second:] + raw[first:second]


def changed_file(raw: bytes, chance: random.Random) -> bytes:
    files = read_archive(raw)
    name = chance.choice(list(files))
    return write_archive(files | {name: flip(files[name], chance)})


def file_away(raw: bytes, chance: random.Random) -> bytes:
    files = read_archive(raw)
    del files[chance.choice(list(files))]
    return write_archive(files)


def files_swapped(raw: bytes, chance: random.Random) -> bytes:
    files = read_archive(raw)
    one, other = chance.sample([name for name in files if files[name] != files["page.html"]], 2)
    return write_archive(files | {one: files[other], other: files[one]})


def file_more(raw: bytes, chance: random.Random) -> bytes:
    files = read_archive(raw)
    name = chance.choice(
        ["entries/000000000099.json", "x.txt", "messages/000000000001.txt", "sources/x.yaml"]
    )
    return write_archive(files | {name: b"{}"})


def file_renamed(raw: bytes, chance: random.Random) -> bytes:
    files = read_archive(raw)
    old = chance.choice(list(files))
    return write_archive({name + "x" if name == old else name: content for name, content in files.items()})


KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(flip_bit, cut, put_in, take_out, move),
    *(changed_file, file_away, files_swapped, file_more, file_renamed),
)


@pytest.mark.covers("promise 7")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_single_manipulation_is_found(
    made: Made, kind: Callable[[bytes, random.Random], bytes]
) -> None:
    assert check_bundle(made.lean, made.anchors).good, "what is found below was done there"
    for seed in range(40):
        changed = kind(made.lean, random.Random(f"{kind.__name__} {seed}"))
        if changed != made.lean:
            assert is_found(changed, made), (kind.__name__, seed)


@pytest.mark.covers("promise 7")
def test_a_changed_file_is_named_with_its_entry(made: Made) -> None:
    files = read_archive(made.lean)
    for name, content in files.items():
        chance = random.Random(name)
        report = found(write_archive(files | {name: flip(content, chance)}), made)
        if name in (contents.MANIFEST, contents.STATEMENT):
            assert report == "no_manifest" or (isinstance(report, Report) and not report.good)
            continue
        assert isinstance(report, Report)
        assert any((each.name, each.file) == ("changed", name) for each in report.failures)
        if name.startswith("entries/") and not any(each.name == "form" for each in report.failures):
            seq = contents.number_in(name)
            assert any(each.name == "inclusion" and each.entry == seq for each in report.failures)


# What the hub's key does not give who has it: the entries stand under what a witness or the checker keeps.
PROVED_WITHOUT_THE_HUB = (
    "entries/",
    "proofs/",
    "checkpoints/",
    "consistency/",
    "messages/",
    "rules/",
    "clocks/",
    "calendar/",
)


def as_the_hub(files: Files, signer: HubSigner) -> bytes | None:
    """Changed files with a manifest, a page and a statement that fit; None where there is no checkpoint to sign under."""
    for page in (True, False):
        try:
            return refitted(files, signer, page)
        except ValueError:
            continue
    return None


@pytest.mark.covers("promise 7")
def test_who_may_sign_as_the_hub_still_can_t_change_what_is_proved(made: Made) -> None:
    """Manifest, page and statement are made anew and signed: the proofs and the senders' signatures tell."""
    rules, tried = ("rules/", "clocks/", "calendar/"), 0
    lean, whole = read_archive(made.lean), read_archive(made.whole)
    for name in whole:
        files = whole if name.startswith(rules) else lean
        if not name.startswith(PROVED_WITHOUT_THE_HUB):
            continue
        for seed in range(2):
            changed = files | {name: flip(files[name], random.Random(f"{name} {seed}"))}
            raw = as_the_hub(changed, made.signer)
            if raw is None:
                continue
            tried += 1
            report = found(raw, made)
            assert isinstance(report, Report)
            assert not report.good, (name, seed)
    assert tried > 100


@pytest.mark.covers("promise 7")
def test_an_entry_left_out_is_found_where_it_told_somebody_and_otherwise_not(made: Made) -> None:
    files = read_archive(made.whole)
    told, silent = [], []
    for name in [name for name in files if name.startswith("entries/")]:
        entry = json.loads(files[name])
        seq = contents.number_in(name)
        gone = {
            entry_file(seq)
            for entry_file in (contents.entry_name, contents.proof_name, contents.message_name)
        }
        kept = {other: raw for other, raw in files.items() if other not in gone}
        kept[contents.DEADLINES] = json.dumps(
            [one for one in json.loads(files[contents.DEADLINES]) if one["entry"] != seq]
        ).encode()
        report = found(refitted(kept, made.signer), made)
        assert isinstance(report, Report)
        sends = any(event["e"] == "notified" for event in entry.get("events", ()))
        (told if sends else silent).append((seq, report))
    last = max(seq for seq, _ in told)
    for seq, report in told:
        names = {failure.name for failure in report.failures}
        if seq == last:
            # Nothing follows it: only a department that holds the record can tell, and the report says so.
            assert not names
            assert "A department that was sent a higher one" in "\n".join(said.en for said in report.proved)
        else:
            assert names & {"gap", "nothing_before"}, seq
    assert silent
    for _, report in silent:
        assert all(failure.name == "nothing_before" for failure in report.failures)
        assert any("Entries that told nobody" in said.en for said in report.open)


@pytest.mark.covers("promise 7")
def test_a_page_or_a_derivation_that_says_otherwise_is_found_though_the_hub_signed_it(made: Made) -> None:
    files = read_archive(made.whole)
    page = files[contents.PAGE].replace("测试人甲".encode(), "测试人乙".encode())
    report = found(refitted(files | {contents.PAGE: page}, made.signer, page=False), made)
    assert isinstance(report, Report)
    assert [(each.name, each.file) for each in report.failures] == [("page", contents.PAGE)]
    derivations = json.loads(files[contents.DEADLINES])
    derivations[2]["due"] = "2026-12-31T16:00:00.000Z"
    changed = files | {contents.DEADLINES: json.dumps(derivations).encode()}
    report = found(refitted(changed, made.signer), made)
    assert isinstance(report, Report)
    seq = derivations[2]["entry"]
    assert [(each.name, each.file, each.entry) for each in report.failures] == [
        ("deadline", contents.DEADLINES, seq)
    ]


def test_a_second_history_is_found_by_a_kept_checkpoint(made: Made) -> None:
    """The hub signs another root of the same size; only a checkpoint that was kept tells."""
    files = read_archive(made.lean)
    size = Manifest.parse(files[contents.MANIFEST]).size
    name = contents.checkpoint_name(size)
    text = Note.parse(files[name]).text
    origin = text.split("\n")[0]
    other = made.signer.note(f"{origin}\n{size}\n{'A' * 43}=\n", origin)
    report = check_bundle(made.lean, replace(made.anchors, kept=[other]))
    assert [(each.name, each.file) for each in report.failures] == [("split_view", name)]
    kept = check_bundle(made.lean, Anchors(kept=[Note.parse(files[name])]))
    assert kept.good
    assert kept.anchored
    assert any("are those that you kept yourself" in said.en for said in kept.proved)
    first = min(name for name in files if name.startswith("checkpoints/"))
    early = check_bundle(made.lean, Anchors(kept=[Note.parse(files[first])]))
    assert early.good
    assert not early.anchored, "what came after it has nothing but the bundle's own word"


def test_other_keys_than_those_brought_along_do_not_count(made: Made) -> None:
    stranger = HubSigner("hub-1", made_up_key())
    forged = refitted(read_archive(made.lean), stranger)
    report = check_bundle(forged, made.anchors)
    assert [(each.name, each.file) for each in report.failures] == [("hub_signature", contents.STATEMENT)]
    foreign = [made_up_key().public_key()]
    names = {each.name for each in check_bundle(made.lean, replace(made.anchors, hub=foreign)).failures}
    assert "hub_signature" in names
    report = check_bundle(made.lean, replace(made.anchors, senders={"justice": foreign}))
    assert {each.name for each in report.failures} == {"other_key"}
    report = check_bundle(made.lean, replace(made.anchors, witnesses={"court": foreign}))
    assert {each.name for each in report.failures} >= {"cosignature"}


def made_up_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b"s" * 32)

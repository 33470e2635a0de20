"""The verifier runs where nothing of the hub is installed; a second implementation agrees with it on a bundle's proofs."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from pymerkle import InmemoryTree, verify_inclusion
from pymerkle.proof import MerkleProof
from typer.testing import CliRunner

from hub.cli import app
from hub.domain.merkle_proofs import Range, consistency_ranges, inclusion_ranges
from hub.verifier import contents
from hub.verifier.anchors import anchors_of, key_from_pem
from hub.verifier.archive import read_archive, write_archive
from hub.verifier.command import FAILED, NO_BUNDLE, PROVED, main
from schemas.checkpoints import Checkpoint, Submission
from schemas.merkle import leaf_hash
from schemas.notes import Note, base64_exact, verifier_key
from tests.support.bundles import Made

# Anything but the standard library and cryptography is not there for what runs under this.
ALONE = """
import sys, runpy
class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        here = {"cryptography", "_cffi_backend", "cffi", "hub", "schemas", "__main__"}
        if top not in sys.stdlib_module_names and top not in here:
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Nothing())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(program: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", "-c", ALONE, str(program), *words]
    return subprocess.run(command, cwd=program.parent, capture_output=True, text=True, timeout=120)


def test_one_file_is_all_that_somebody_without_a_hub_needs(made: Made, tmp_path: Path) -> None:
    program, bundle = tmp_path / "fengqiao-verify.pyz", tmp_path / "case.zip"
    assert CliRunner().invoke(app, ["audit", "verifier", "--out", str(program)]).exit_code == 0
    bundle.write_bytes(made.whole)
    key = made.anchors.hub[0]
    said = alone(program, str(bundle), "--checkpoint-key", verifier_key("hub", key), "--lang", "en")
    assert (said.returncode, said.stderr) == (PROVED, "")
    assert said.stdout.startswith("ALL THAT CAN BE CHECKED HOLDS.")
    files = read_archive(made.whole)
    entry = contents.entry_name(1)
    bundle.write_bytes(write_archive(files | {entry: files[entry].replace(b"justice", b"justicf")}))
    said = alone(program, str(bundle))
    assert said.returncode == FAILED
    assert f"{entry}，流水 1：不能证明该流水在检查点之中" in said.stdout
    bundle.write_bytes(b"PK\x03\x04")
    said = alone(program, str(bundle), "--lang", "en")
    assert said.returncode == NO_BUNDLE
    assert "no_zip" in said.stderr
    again = CliRunner().invoke(app, ["audit", "verifier", "--out", str(program)])
    assert again.exit_code == 2


def test_the_command_says_what_is_wrong_with_what_it_is_given(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "case.zip"
    bundle.write_bytes(made.lean)
    for words in (
        ["--checkpoint-key", "nowhere.yaml"],
        ["--witness-key", "court"],
        ["--sender-key", "=x"],
        ["--kept", str(bundle)],
        ["--checkpoint-key", "hub+00000000+AAAA"],
    ):
        assert main([str(bundle), *words]) == NO_BUNDLE
        assert words[1] in capsys.readouterr().err
    assert main([str(tmp_path / "none.zip")]) == NO_BUNDLE
    assert "none.zip" in capsys.readouterr().err
    assert main([str(bundle), "--json"]) == PROVED
    data = json.loads(capsys.readouterr().out)
    assert (data["good"], data["anchored"], data["facts"]["case"]) == (True, False, made.case)
    assert all(said["zh"] and said["en"] for said in data["proved"] + data["open"])
    assert main([str(bundle)]) == PROVED
    assert "没有提供中枢公钥" in capsys.readouterr().out


def test_keys_are_read_as_people_have_them(made: Made, tmp_path: Path) -> None:
    held = json.loads(read_archive(made.whole)[contents.KEYS])
    pem = next(one["public_key"] for one in held if one["department"] == "court")
    registry = tmp_path / "court.court-1.yaml"
    registry.write_text("department: court\npublic_key: '" + pem.replace("\n", "\n\n  ") + "'\n")
    (tmp_path / "court.pem").write_text(pem)
    raw = key_from_pem(pem).public_bytes_raw()
    named = verifier_key("court", key_from_pem(pem), witness=True)
    given = [f"court={registry}", f"court={tmp_path / 'court.pem'}", named]
    found = anchors_of([], given, [], []).witnesses["court"]
    assert [key.public_bytes_raw() for key in found] == [raw] * 3


@pytest.mark.covers("promise 7")
def test_a_second_implementation_verifies_the_proofs_of_a_bundle(made: Made) -> None:
    """pymerkle, from the bundle's bytes; and the checkpoints' roots from the whole journal."""
    files = read_archive(made.whole)
    tree = InmemoryTree(algorithm="sha256")
    for raw in made.journal:
        tree.append_entry(raw)
    roots = {}
    for name, raw in files.items():
        if name.startswith("checkpoints/"):
            said = Checkpoint.of(Note.parse(raw))
            assert tree.get_state(said.size) == said.root
            roots[said.size] = said.root
    top = max(roots)
    assert len(roots) == 3
    proved = 0
    for name, raw in files.items():
        if name.startswith("entries/"):
            seq = contents.number_in(name)
            lines = files[contents.proof_name(seq)].split(b"\n\n")[0].decode().split("\n")[2:]
            path = [leaf_hash(raw), *map(base64_exact, lines)]
            ranges = [(seq - 1, seq), *inclusion_ranges(seq - 1, top)]
            verify_inclusion(leaf_hash(raw), roots[top], in_their_words(top, ranges, path))
            proved += 1
        elif name.startswith("consistency/"):
            given = Submission.parse(raw)
            theirs = tree.prove_consistency(given.old, top)
            assert (theirs.retrieve_prior_state(), theirs.resolve()) == (roots[given.old], roots[top])
            assert len(given.proof) == len(consistency_ranges(given.old, top))
    assert proved == sum(name.startswith("entries/") for name in files) > 10


def in_their_words(size: int, ranges: list[Range], path: list[bytes]) -> MerkleProof:
    """A proof of inclusion for pymerkle: it says of each hash whether it stands left of the next."""
    left = [0 if later[0] >= each[1] else 1 for each, later in pairwise(ranges)]
    return MerkleProof("sha256", True, size, [*left, 0], [], path)

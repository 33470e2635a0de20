"""`fengqiao audit bundle` and `audit verifier`: the file for a case, and the program that checks it, for people without a hub."""

import hashlib
import os
import zipapp
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

import schemas
from hub import loop, verifier
from hub.audit.bundle import HUB, Means, Order, make_bundle
from hub.audit.bundle_messages import EVERYTHING, NOTHING
from hub.audit.bundle_rules import RuleSource
from hub.audit.looking import CaseArgument, Database, Ground, Operator, Purpose, Reference
from hub.audit.room import looker, room
from hub.command_home import HomeOption
from hub.domain.record_sealing import RecordSealing
from hub.embedded.servers import Addresses
from hub.errors import ConfigurationError
from hub.home import DEFAULT_HOME, Home
from hub.intake.verifying import KeyRegistry
from hub.opened import opened
from hub.operations.case_view import case_view
from hub.relay.signing import HubSigner
from hub.rules.files import load_model
from hub.rules.loader import HERE
from hub.settings import read_mapping
from hub.store.journal import PostgresJournal
from hub.store.pool import Pool
from hub.store.sealing import CaseKey, Sealer

SHARED = ("__init__", "merkle", "notes", "checkpoints", "signed_form")
_MAIN = "from hub.verifier.command import run\n\nrun()\n"


def bundle_command(
    case: CaseArgument,
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is not replaced.")],
    operator: Operator = None,
    purpose: Purpose = None,
    reference: Reference = None,
    opened: Annotated[
        str,
        typer.Option(
            "--open",
            help="Sealed fields to open: nothing, everything, or a department (what it sent or was told whole).",
        ),
    ] = NOTHING,
    ground: Ground = None,
    home: HomeOption = DEFAULT_HOME,
    database: Database = None,
    keys: Annotated[Path | None, typer.Option(help="Directory of public keys. Unsaid: the home's.")] = None,
    earlier_rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CITY.yaml[:DIRECTORY]",
            help="Rules that were in force before: the directory of departments and the city's own rules.",
        ),
    ] = None,
) -> None:
    """Write one file with a case's messages, signatures, proofs, rules and a page to read; `fengqiao-verify` checks it.

    Who asks and what for stand in it, and the look is recorded. Signed by the hub's key where the home has it. A case of
    which no checkpoint has the last entry yet is refused.
    """
    who = looker(operator, purpose, reference)
    if out.exists():
        raise ConfigurationError(f"out {out}: is there already")
    place = Home(home)
    sources = _sources(place, earlier_rules or [])
    allowed = {NOTHING, EVERYTHING, *(name for each in sources for name in each.rules.departments)}
    if opened not in allowed:
        raise ConfigurationError(f"open {opened!r}: allowed are {', '.join(sorted(allowed))}")
    private = place.private_key(HUB)
    signer = HubSigner.from_file(f"{HUB}-1", private) if private.exists() else None
    means = Means(KeyRegistry.from_directory(keys or place.registry), sources, signer)
    order = Order(who, opened, datetime.now(UTC), ground)
    raw = loop.run(_made(database or Addresses.find(home).database, case, order, means, place))
    _write(out, raw)
    typer.echo(f"{out}: {len(raw)} bytes, SHA-256 {hashlib.sha256(raw).hexdigest()}")
    typer.echo("signed by the hub" if signer is not None else "not signed: the home has no key of the hub")
    typer.echo(
        f"check it: fengqiao-verify {out} --checkpoint-key {keys or place.registry}/{HUB}.{HUB}-1.yaml"
    )


async def _made(url: str, case: str, order: Order, means: Means, place: Home) -> bytes:
    sealing = _record_sealing(means.sources)
    async with room(url, order.looker, sealing) as reading:
        named = (await case_view(reading.store, case)).case
        opened = order.opened != NOTHING
        await reading.look_at("audit bundle", named, order.ground, {"named": case}, opened)
        key = await _case_key(url, named, place) if opened else None
        async with reading.store.snapshot() as view:
            return await make_bundle(view, named, order, means, key)


async def _case_key(url: str, case: str, place: Home) -> CaseKey | None:
    """The case's key; None when it was destroyed. The reader's role may not see it: this asks as the hub."""
    if not place.settings_file.exists():
        raise ConfigurationError(
            f"{place.settings_file} is not there: sealed fields are opened in the hub's own home"
        )
    sealer = Sealer.from_file(Path(str(read_mapping(place.settings_file)["kek"])))
    async with opened(Pool(url, size=1)) as pool:
        wrapped = (await PostgresJournal(pool).keys([case])).get(case)
    return None if wrapped is None else sealer.unwrap(case, wrapped)


def _record_sealing(sources: Sequence[RuleSource]) -> RecordSealing:
    """Which records are shown on which grounds: by the home's rules, else by those of the hub."""
    for source in sources:
        return source.rules.record_sealing
    return load_model(HERE / "record_sealing.yaml", RecordSealing)


def _sources(place: Home, earlier: list[str]) -> list[RuleSource]:
    """The home's rules, where there is a home, and those of before."""
    found = []
    if place.settings_file.exists():
        found.append(RuleSource.of(place.city(), place.rules_of_city()))
    for text in earlier:
        city, colon, directory = text.partition(":")
        found.append(RuleSource.of(Path(city), Path(directory) if colon else None))
    return found


def _write(out: Path, raw: bytes) -> None:
    """Whole or not at all, readable by its owner alone, never over another file."""
    part = out.with_name(f".{out.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, out)
    except OSError as problem:
        raise ConfigurationError(f"out {out}: {problem.strerror}") from None
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def verifier_command(
    out: Annotated[Path, typer.Option(help="The file to write, such as fengqiao-verify.pyz.")],
) -> None:
    """Write `fengqiao-verify` as one file that runs with Python 3.11 and `cryptography` alone, for those without a hub."""
    if out.exists():
        raise ConfigurationError(f"out {out}: is there already")
    rooms = Path(verifier.__file__).parent, Path(schemas.__file__).parent
    with TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "hub" / "verifier").mkdir(parents=True)
        (root / "schemas").mkdir()
        (root / "__main__.py").write_text(_MAIN, encoding="utf-8")
        (root / "hub" / "__init__.py").write_text("", encoding="utf-8")
        for path in sorted(rooms[0].glob("*.py")):
            (root / "hub" / "verifier" / path.name).write_bytes(path.read_bytes())
        for name in SHARED:
            (root / "schemas" / f"{name}.py").write_bytes((rooms[1] / f"{name}.py").read_bytes())
        zipapp.create_archive(root, out, interpreter="/usr/bin/env python3", compressed=True)
    typer.echo(f"{out}: python3 {out} BUNDLE")

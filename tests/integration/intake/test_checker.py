"""Signatures of a backlog are checked in a process beside: the same answers, and its end is survived."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from hub.domain.entry import Outcome
from hub.errors import CheckerTrouble, ParkingName
from hub.intake.checker import Check, Checker
from hub.intake.worker import BACKLOG
from schemas.envelope import attribute_texts
from tests.support.core import Core, secret_key

MANY = 3 * BACKLOG


class Watched(Checker):
    """Counts what it is asked and, once, kills the child before it asks."""

    def __init__(self, kill_first: bool = False) -> None:
        super().__init__()
        self.asked, self._kill = 0, kill_first

    async def check(self, checks: Sequence[Check]) -> list[bool]:
        if self._kill:
            self._kill = False
            await super().check(checks[:1])
            os.kill(self.child, signal.SIGKILL)
        self.asked += len(checks)
        return await super().check(checks)

    @property
    def child(self) -> int:
        """The child's process id."""
        assert self._process is not None
        return self._process.pid


@pytest.fixture
async def checker() -> AsyncIterator[Watched]:
    checker = Watched()
    yield checker
    await checker.stop()


def checks_of(core: Core, number: int) -> list[Check]:
    """Checks of good messages."""
    key = secret_key("petition").public_key().public_bytes_raw()
    records = [core.raised(f"C-{n}")[0] for n in range(number)]
    return [(key, attribute_texts(record.headers), record.value) for record in records]


async def test_it_tells_good_from_bad(core: Core, checker: Watched) -> None:
    good, changed, other, bare, rubbish = checks_of(core, 5)
    given = [
        good,
        (*changed[:2], changed[2] + b" "),
        (secret_key("court").public_key().public_bytes_raw(), *other[1:]),
        (bare[0], {n: t for n, t in bare[1].items() if n != "signature"}, bare[2]),
        (rubbish[0], rubbish[1] | {"signature": "no base64"}, rubbish[2]),
    ]
    assert await checker.check(given) == [True, False, False, False, False]


async def test_a_killed_child_is_trouble_once(core: Core, checker: Watched) -> None:
    checks = checks_of(core, 2)
    await checker.check(checks)
    os.kill(checker.child, signal.SIGKILL)
    with pytest.raises(CheckerTrouble):
        await checker.check(checks)
    assert await checker.check(checks) == [True, True]


async def test_an_answer_is_never_taken_for_another(core: Core, checker: Watched) -> None:
    good = checks_of(core, 200)
    bad = [(key, attributes, data + b" ") for key, attributes, data in good]
    await checker.check(good[:1])
    given_up = asyncio.create_task(checker.check(good))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert not any(await checker.check(bad))


async def test_the_child_ends_with_its_input(core: Core, checker: Watched) -> None:
    """As when the hub is killed: nobody writes any more."""
    await checker.check(checks_of(core, 1))
    process = checker._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize("killed", [False, True])
async def test_a_backlog_is_decided_as_single_messages_are(core: Core, killed: bool) -> None:
    records = [core.raised(f"B-{n}")[0] for n in range(MANY)]
    forged = replace(records[7], value=records[7].value.replace(b"B-7", b"B-8"))
    for record in [*records[:7], forged, *records[8:]]:
        core.bus.append(record)
    checker = Watched(killed)
    await core.read(core.intake(checker=checker))
    await checker.stop()
    entries = await core.entries()
    parked = [entry for entry in entries if entry.outcome is Outcome.PARKED]
    assert [entry.reason for entry in parked] == [ParkingName.BAD_SIGNATURE.value]
    assert sum(entry.outcome is Outcome.DECIDED for entry in entries) == MANY - 1
    assert checker.asked >= BACKLOG

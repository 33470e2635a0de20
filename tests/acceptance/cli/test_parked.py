"""`fengqiao parked`: what a wrong key, a foreign hand and junk leave behind, and how a person mends it."""

import signal
from collections.abc import Iterator

import pytest

from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.ports import OutRecord
from tests.acceptance.cli.command import Hub, until
from tests.acceptance.cli.test_run import assigned, refer


@pytest.fixture(autouse=True)
def nothing_left_running(hub: Hub) -> Iterator[None]:
    yield
    hub.stop_all()


async def junk(hub: Hub) -> None:
    publisher = KafkaPublisher(hub.addresses["kafka"], "test-junk")
    await publisher.start()
    await publisher.publish([OutRecord("dept.court.out", 0, b"k", b"junk", [])])
    await publisher.stop()


def parked(hub: Hub, *more: str) -> list[str]:
    """The names under which `parked list` shows what is parked."""
    said = hub("parked", "list", *more)
    assert said.code == 0, said.error
    return [line.split("│")[1].strip() for line in said.out.splitlines() if "│" in line and "/" in line]


async def test_a_key_that_was_registered_late_and_junk(hub: Hub) -> None:
    registered = hub.home / "keys" / "petition" / "petition-1.yaml"
    if not registered.exists():
        (registered,) = [p for p in (hub.home / "keys").glob("**/*.yaml") if "petition-1" in p.name]
    kept = registered.read_text()
    registered.unlink()
    one = hub.run("all")
    one.says("are ours")
    referred = await refer(hub, 3)
    await junk(hub)
    until(lambda: len(parked(hub)) == len(referred) + 1, lambda: "parked")
    (which,) = parked(hub, "--department", "court")
    signed = parked(hub, "--name", "unknown_signer")
    assert sorted([which, *signed]) == sorted(parked(hub))

    said = hub("parked", "retry", *signed, "--reason", "too early")
    assert said.code != 0
    assert "would be parked again: unknown_signer" in said.error
    assert "is not parked" in hub("parked", "dismiss", "0/999999", "--reason", "x").error
    assert "must be SHARD/SEQ" in hub("parked", "dismiss", "junk", "--reason", "x").error
    said = hub("parked", "retry", which, "--reason", "try")
    assert "would be parked again: bad_envelope" in said.error
    assert hub("parked", "dismiss", which, "--reason", "a test of somebody's").out == "dismissed\n"
    assert parked(hub) == signed

    registered.write_text(kept)
    assert one.end(signal.SIGTERM) == 0
    two = hub.run("all")
    two.says("are ours")
    assert hub("parked", "retry", *signed, "--reason", "its key is registered now").out == "taken up again\n"
    await assigned(hub, set(referred))
    assert parked(hub) == []
    assert two.end(signal.SIGTERM) == 0
    verified = hub("audit", "verify")
    assert verified.code == 0, verified.out

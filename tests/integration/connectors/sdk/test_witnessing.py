"""The connector keeps the hub's checkpoints from the real topic, through kill -9, and tells what is wrong."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.audit.trust import trust_of
from hub.bus.kafka_feed import KafkaFeed
from hub.embedded.servers import Addresses
from schemas.checkpoints import Checkpoint
from schemas.notes import Note, cosigned_at
from tests.integration.connectors.sdk.conftest import Start
from tests.integration.connectors.sdk.hub_hand import HubHand
from tests.integration.connectors.sdk.process import DEPARTMENT
from tests.unit.connectors.sdk.test_witness import HUB, LOG, OTHER


@pytest.mark.covers("promise 7")
async def test_checkpoints_are_kept_and_a_split_view_is_told(
    hub: HubHand, start: Start, servers: Addresses, topic_prefix: str, tmp_path: Path
) -> None:
    pem = HUB.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "hub.pem").write_bytes(pem)
    topic = f"{topic_prefix}hub.checkpoints"
    signed = f"{topic_prefix}hub.cosignatures"
    await hub.create_topics(topic, signed)
    async with AIOKafkaProducer(bootstrap_servers=servers.kafka) as producer:
        for old, size in ((0, 5), (5, 9)):
            await producer.send_and_wait(topic, LOG.submission(old, size), partition=0)
        connector = await start(witness={"hub_keys": ["hub.pem"]})
        await connector.until_status(lambda counts: counts["checkpoints"] == 2)
        await connector.kill()
        await producer.send_and_wait(topic, LOG.submission(9, 15), partition=0)
        await producer.send_and_wait(topic, OTHER.submission(15, 20), partition=0)
        await connector.start()
        counts = await connector.until_status(lambda counts: counts["checkpoints"] == 3)
    feed = KafkaFeed(servers.kafka, signed, signed)
    cosigned: list[Note] = []
    while not cosigned or Checkpoint.of(cosigned[-1]).size != 15:
        cosigned += [Note.parse(record.value or b"") for record in await feed.take(1_000)]
    await feed.commit()
    await feed.stop()
    assert all(cosigned_at(note, DEPARTMENT, connector.key.public_key()) for note in cosigned)
    assert {Checkpoint.of(note).size for note in cosigned} <= {5, 9, 15}, "never what was of another history"
    assert counts["checkpoint_alarms"] == 1
    assert counts["problems"][0]["what"] == "checkpoint split_view"
    assert ": split_view: is of another history" in connector.log()
    code, out, _ = await connector.call("--checkpoints")
    assert code == 0
    (tmp_path / "kept.txt").write_text(out)
    kept = trust_of(tmp_path / "no-keys", [tmp_path / "kept.txt"]).kept
    assert [Checkpoint.of(note).size for _, note in kept] == [5, 9, 15]
    assert (await connector.call("--forget-checkpoints"))[0] == 0
    assert (await connector.status())["checkpoint_alarms"] == 0

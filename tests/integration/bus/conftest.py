"""A secured Kafka of this directory's own, with the topics, access lists, rates and users of a hub."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.bus.access import AccessDeclaration
from hub.bus.admin import apply_topics
from hub.bus.applying import apply_access
from hub.bus.security import KafkaAddress
from hub.bus.topics import TopicNames
from hub.bus.users import password_file
from hub.embedded.kafka import EmbeddedKafka
from hub.rules.loader import load_rules

CITY = Path(__file__).parents[2] / "support" / "city.yaml"
SHARDS = 2
RATE = 262_144


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """A broker that asks everybody who he is. `admin` is above the access lists."""

    bootstrap: str
    admin: KafkaAddress
    passwords: Path

    def login(self, user: str) -> KafkaAddress:
        """How a user that `apply_access` made gets in."""
        return KafkaAddress(self.bootstrap, "scram", user, password_file(self.passwords, user))


@dataclass(frozen=True, slots=True)
class Ground:
    """One hub's topics on the secured broker, made as `fengqiao topics apply` makes them."""

    kafka: SecuredKafka
    names: TopicNames
    access: AccessDeclaration


@pytest.fixture(scope="session")
async def secured_kafka() -> AsyncIterator[SecuredKafka]:
    home = Path(tempfile.mkdtemp(prefix="fengqiao-test-"))
    broker = EmbeddedKafka(home, secured=True)
    try:
        bootstrap = await broker.start()
        assert broker.admin is not None
        yield SecuredKafka(bootstrap, KafkaAddress(bootstrap, "scram", *broker.admin), home / "passwords")
    finally:
        await broker.stop()
        shutil.rmtree(home)


@pytest.fixture
async def ground(secured_kafka: SecuredKafka, topic_prefix: str) -> Ground:
    names, departments = TopicNames(topic_prefix), load_rules(CITY).departments
    access = AccessDeclaration.of(names, departments, "hub", f"{topic_prefix}intake", RATE)
    await apply_topics(secured_kafka.admin, names.declared(departments, SHARDS))
    await apply_access(secured_kafka.admin, access, secured_kafka.passwords)
    return Ground(secured_kafka, names, access)

"""Making and checking topics."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from hub.bus.security import KafkaAddress, client_options
from hub.bus.topics import TopicDeclaration
from hub.errors import BusTrouble, ConfigurationError

_EXISTS = 36


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply_topics` did."""

    made: list[str]
    present: list[str]


async def apply_topics(
    kafka: str | KafkaAddress, declared: Sequence[TopicDeclaration], replication: int = 1
) -> Applied:
    """Make the topics that are missing. Idempotent; who may not make topics may still find that all are there.

    Raises ConfigurationError naming a topic that exists with another partition count or may not be made, BusTrouble
    when Kafka is away.
    """
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        await admin.start()
        described = await admin.describe_topics([topic.name for topic in declared])
        counts = {one["topic"]: len(one["partitions"]) for one in described if not one["error_code"]}
        missing = [topic for topic in declared if topic.name not in counts]
        wanted = [NewTopic(t.name, t.partitions, replication, topic_configs=t.settings) for t in missing]
        answers = (await admin.create_topics(wanted)).topic_errors if wanted else []
    except KafkaError as error:
        raise BusTrouble(f"Kafka at {kafka}: {error!r}") from error
    finally:
        await admin.close()
    errors = {name: (code, text) for name, code, text in answers if code}
    for name, (code, text) in errors.items():
        if code != _EXISTS:
            reason = text or for_code(code).__name__
            raise ConfigurationError(f"topic {name}: Kafka refuses it: {reason} (code {code})")
    for topic in declared:
        if (found := counts.get(topic.name, topic.partitions)) != topic.partitions:
            raise ConfigurationError(
                f"topic {topic.name} has {found} partitions, must have {topic.partitions} (= shards)"
            )
    made = [topic.name for topic in missing if topic.name not in errors]
    return Applied(made, sorted({topic.name for topic in declared} - set(made)))


async def topic_differences(
    kafka: str | KafkaAddress, declared: Sequence[TopicDeclaration], replication: int = 1
) -> list[str]:
    """What is not as declared: topics that are missing, partitions, replicas, settings. Changes nothing.

    Raises BusTrouble when Kafka is away.
    """
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        await admin.start()
        described = await admin.describe_topics([topic.name for topic in declared])
        found = {topic["topic"]: topic for topic in described if not topic["error_code"]}
        present = [topic for topic in declared if topic.name in found]
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in present]
        answers = await admin.describe_configs(asked) if asked else []
    except KafkaError as error:
        raise BusTrouble(f"Kafka at {kafka}: {error!r}") from error
    finally:
        await admin.close()
    settings = {
        resource[3]: {row[0]: row[1] for row in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    differences = [f"topic {topic.name}: is missing" for topic in declared if topic.name not in found]
    for topic in present:
        partitions = found[topic.name]["partitions"]
        if len(partitions) != topic.partitions:
            differences.append(
                f"topic {topic.name}: {len(partitions)} partitions, declared {topic.partitions}"
            )
        fewest = min(len(partition["replicas"]) for partition in partitions)
        if fewest < replication:
            differences.append(f"topic {topic.name}: {fewest} replicas, declared {replication}")
        for name, value in topic.settings.items():
            if (has := settings[topic.name].get(name)) != value:
                differences.append(f"topic {topic.name}: {name} is {has}, declared {value}")
    return differences


async def leaders(kafka: str | KafkaAddress, topic: str) -> dict[int, int]:
    """Which broker leads each partition of a topic, by their numbers. Raises BusTrouble when Kafka is away."""
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        await admin.start()
        described = await admin.describe_topics([topic])
    except KafkaError as error:
        raise BusTrouble(f"Kafka at {kafka}: {error!r}") from error
    finally:
        await admin.close()
    return {one["partition"]: one["leader"] for found in described for one in found["partitions"]}

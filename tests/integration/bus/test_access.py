"""Promise 8 on the wire: what a department's login opens, and what it does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from hub.bus.access import Grant, Resource, Right
from hub.bus.access_admin import AccessAdmin
from hub.bus.access_reading import found_grants
from hub.bus.admin import apply_topics, topic_differences
from hub.bus.applying import access_differences, apply_access
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.kafka_source import KafkaSource, cluster_id
from hub.bus.ports import OutRecord
from hub.bus.rates import found_rates, set_rates
from hub.bus.security import KafkaAddress, client_options
from hub.embedded.servers import Addresses
from hub.errors import BusTrouble, ConfigurationError
from tests.integration.bus.conftest import RATE, Ground, SecuredKafka

NOT_ALLOWED = 29


async def write(kafka: KafkaAddress, topic: str, value: bytes = b"1") -> None:
    producer = AIOKafkaProducer(**client_options(kafka), enable_idempotence=True)
    try:
        await producer.start()
        await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def read(kafka: KafkaAddress, topic: str, group: str) -> bytes | None:
    """The first record. Fails as the client fails."""
    options = client_options(kafka)
    consumer = AIOKafkaConsumer(topic, **options, group_id=group, auto_offset_reset="earliest")
    try:
        await consumer.start()
        return (await consumer.getone()).value
    finally:
        await consumer.stop()


@asynccontextmanager
async def admin_client(kafka: KafkaAddress) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(kafka))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@pytest.mark.covers("promise 8")
async def test_a_department_writes_its_out_and_reads_its_in(ground: Ground) -> None:
    court, hub, names = ground.kafka.login("court"), ground.kafka.login("hub"), ground.names
    await write(court, names.out_of("court"))
    await write(hub, names.into("court"), b"for court")
    assert await read(court, names.into("court"), f"{names.groups_of('court')}connector") == b"for court"
    assert await read(hub, names.out_of("court"), ground.access.group) == b"1"


@pytest.mark.covers("promise 8")
@pytest.mark.parametrize(
    "whose", ["petition.out", "petition.in", "court.in", "hub.clock.out", "hub.desk.out"]
)
async def test_it_writes_nowhere_else(ground: Ground, whose: str) -> None:
    topic = ground.names.hub(whose if whose.startswith("hub.") else f"dept.{whose}")
    with pytest.raises(TopicAuthorizationFailedError):
        await write(ground.kafka.login("court"), topic)


@pytest.mark.covers("promise 8")
@pytest.mark.parametrize("whose", ["petition.out", "petition.in", "court.out", "hub.console.out"])
async def test_it_reads_nothing_else(ground: Ground, whose: str) -> None:
    topic = ground.names.hub(whose if whose.startswith("hub.") else f"dept.{whose}")
    group = f"{ground.names.groups_of('court')}connector"
    with pytest.raises(TopicAuthorizationFailedError):
        await read(ground.kafka.login("court"), topic, group)


@pytest.mark.covers("promise 8")
async def test_it_joins_no_other_group(ground: Ground) -> None:
    names = ground.names
    for group in (
        f"{names.groups_of('petition')}connector",
        ground.access.group,
        f"{names.prefix}dept.court",
    ):
        with pytest.raises(GroupAuthorizationFailedError):
            await read(ground.kafka.login("court"), names.into("court"), group)


@pytest.mark.covers("promise 8")
async def test_it_administers_nothing(ground: Ground) -> None:
    court, own = ground.kafka.login("court"), ground.names.out_of("court")
    async with admin_client(court) as admin:
        made = await admin.create_topics([NewTopic(ground.names.hub("dept.court.more"), 1, 1)])
        assert [code for _, code, _ in made.topic_errors] == [NOT_ALLOWED]
        deleted = await admin.delete_topics([own])
        assert [code for _, code in deleted.topic_error_codes] == [NOT_ALLOWED]
    with pytest.raises(ConfigurationError, match=r"reading access lists.*administrator"):
        await found_grants(court)
    with pytest.raises(ConfigurationError, match=r"setting rates.*administrator"):
        await set_rates(court, {"court": 1_000_000_000})
    grant = Grant("User:court", Resource.TOPIC, ground.names.out_of("petition"), Right.READ)
    with pytest.raises(ConfigurationError, match="administrator"):
        await AccessAdmin(court).allow([grant])
    with pytest.raises(ConfigurationError, match="administrator"):
        await AccessAdmin(court).set_password("hub", "known")
    assert grant not in (await found_grants(ground.kafka.admin) or [])


async def test_who_can_not_prove_who_he_is_gets_nowhere(ground: Ground) -> None:
    court = ground.kafka.login("court")
    liar = replace(court, username="petition")
    with pytest.raises(BusTrouble, match=r"scram as 'petition'"):
        await KafkaPublisher(liar).start()
    with pytest.raises(BusTrouble, match=r"scram as 'petition'"):
        await cluster_id(liar)
    with pytest.raises(KafkaConnectionError):
        await write(KafkaAddress(ground.kafka.bootstrap), ground.names.out_of("court"))


async def test_every_client_of_the_bus_works_with_a_login(ground: Ground) -> None:
    hub, names = ground.kafka.login("hub"), ground.names
    publisher = KafkaPublisher(hub)
    await publisher.publish([OutRecord(names.into("court"), 0, b"k", b"v", [])])
    with pytest.raises(BusTrouble, match="TopicAuthorizationFailed"):
        await publisher.publish([OutRecord(names.out_of("court"), 0, b"k", b"v", [])])
    await publisher.publish([OutRecord(names.into("court"), 0, b"k", b"w", [])])
    await publisher.stop()
    source = KafkaSource(hub, ground.access.group, names.sources(["court", "petition"]))
    assert await source.cluster_id() == await cluster_id(ground.kafka.admin)


async def test_a_topic_that_the_hub_may_not_read_is_named(ground: Ground) -> None:
    async def ignore(shards: set[int]) -> None:
        return

    names = ground.names
    source = KafkaSource(
        ground.kafka.login("hub"), ground.access.group, [names.out_of("court"), names.hub("x")]
    )
    with pytest.raises(BusTrouble, match=names.hub("x")):
        await source.start(ignore, ignore)


async def test_what_is_there_is_left_and_what_is_gone_is_made_again(ground: Ground) -> None:
    admin, access = ground.kafka.admin, ground.access
    again = await apply_access(admin, access, ground.kafka.passwords)
    assert (again.made, again.revoked, again.left) == ([], [], [])
    assert len(again.present) == len(access.grants) + len(access.rates) + len(access.users)
    assert await access_differences(admin, access) == []
    lost = Grant("User:court", Resource.TOPIC, ground.names.into("court"), Right.READ)
    await AccessAdmin(admin).revoke([lost])
    await set_rates(admin, {"court": 5_000})
    assert await access_differences(admin, access) == [
        f"missing: {lost}",
        f"User:court may write {RATE} bytes a second and broker: found 5000",
    ]
    mended = await apply_access(admin, access)
    assert mended.made == [str(lost), f"User:court may write {RATE} bytes a second and broker"]
    assert await found_rates(admin, ["court", "hub"]) == {"court": RATE}


async def test_what_nobody_declared_goes_only_when_asked(ground: Ground) -> None:
    admin, access, names = ground.kafka.admin, ground.access, ground.names
    extra = Grant("User:court", Resource.TOPIC, names.out_of("petition"), Right.READ)
    wide = Grant("User:court", Resource.TOPIC, names.prefix, Right.READ, prefixed=True)
    denied = Grant("User:court", Resource.TOPIC, names.out_of("court"), Right.WRITE, denied=True)
    foreign = Grant("User:court", Resource.TOPIC, f"other.{names.prefix}dept.court.out", Right.READ)
    beyond = sorted([wide, denied])
    await AccessAdmin(admin).allow([extra, wide, denied, foreign])
    try:
        await write(ground.kafka.login("petition"), names.out_of("petition"), b"seen")
        group = f"{names.groups_of('court')}connector"
        assert await read(ground.kafka.login("court"), names.out_of("petition"), group) == b"seen"
        assert await access_differences(admin, access) == [
            f"not declared: {extra}",
            *(f"not declared, reaches beyond this hub: {grant}" for grant in beyond),
        ]
        kept = await apply_access(admin, access)
        assert (kept.revoked, kept.left) == ([], [str(extra), *map(str, beyond)])
        pruned = await apply_access(admin, access, prune=True)
        assert (pruned.revoked, pruned.left) == ([str(extra)], [str(grant) for grant in beyond])
        found = set(await found_grants(admin) or [])
        assert extra not in found
        assert {wide, denied, foreign} | access.grants <= found
    finally:
        await AccessAdmin(admin).revoke([extra, wide, denied, foreign])


async def test_passwords_are_for_the_owners_eyes_and_stay(ground: Ground) -> None:
    passwords = ground.kafka.passwords
    files = sorted(passwords.iterdir())
    assert [file.name for file in files] == sorted(f"{user}.password" for user in ground.access.users)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert passwords.stat().st_mode & 0o777 == 0o700
    assert len({file.read_text() for file in files}) == len(files)
    before = {file: file.read_text() for file in files}
    await apply_access(ground.kafka.admin, ground.access, passwords)
    assert {file: file.read_text() for file in files} == before


async def test_the_hub_finds_its_topics_without_the_right_to_make_them(ground: Ground) -> None:
    hub, names = ground.kafka.login("hub"), ground.names
    declared = names.declared(["court"], 2)
    assert await apply_topics(hub, declared) == await apply_topics(ground.kafka.admin, declared)
    with pytest.raises(ConfigurationError, match=r"dept\.newcomer\.(in|out).*29"):
        await apply_topics(hub, names.declared(["newcomer"], 2))


async def test_topics_that_differ_are_named(ground: Ground) -> None:
    admin, names = ground.kafka.admin, ground.names
    declared = names.declared(["court"], 2)
    assert await topic_differences(admin, declared) == []
    changed = replace(declared[0], partitions=3, settings={"retention.ms": "1000"})
    assert await topic_differences(admin, [changed, *names.declared(["newcomer"], 2)[:1]], 2) == [
        f"topic {names.into('newcomer')}: is missing",
        f"topic {changed.name}: 2 partitions, declared 3",
        f"topic {changed.name}: 1 replicas, declared 2",
        f"topic {changed.name}: retention.ms is 3888000000, declared 1000",
    ]


async def test_a_cluster_without_an_authorizer_keeps_no_lists(servers: Addresses, ground: Ground) -> None:
    assert await found_grants(servers.kafka) is None
    with pytest.raises(ConfigurationError, match="no authorizer"):
        await apply_access(servers.kafka, ground.access)


async def test_kafka_away_is_trouble(secured_kafka: SecuredKafka) -> None:
    away = KafkaAddress("127.0.0.1:1")
    for call in (found_grants(away), found_rates(away, ["court"]), apply_topics(away, [])):
        with pytest.raises(BusTrouble, match=r"127\.0\.0\.1:1"):
            await call

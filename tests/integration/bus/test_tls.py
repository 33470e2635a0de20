"""TLS with a login, and TLS with a certificate in the place of one."""

from pathlib import Path

import pytest

from hub.bus.access import Grant, Resource, Right
from hub.bus.access_admin import AccessAdmin
from hub.bus.access_reading import found_grants
from hub.bus.admin import apply_topics
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.kafka_source import cluster_id
from hub.bus.ports import OutRecord
from hub.bus.security import KafkaAddress
from hub.bus.topics import TopicNames
from hub.embedded.kafka import EmbeddedKafka
from hub.embedded.process import choose_port
from hub.errors import BusTrouble
from tests.integration.bus.certificates import Authority

_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def listeners(ports: dict[str, int], authority: Authority) -> dict[str, str]:
    """Broker properties for two listeners beside the one that asks for a login in the clear."""
    certificate, key = authority.issue("broker")
    server = certificate.with_name("server.pem")
    server.write_text(key.read_text() + certificate.read_text() + authority.ca.read_text())
    places = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    return {
        "listeners": places,
        "advertised.listeners": ",".join(one for one in places.split(",") if "CONTROLLER" not in one),
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,LOGIN:SASL_SSL,CARD:SSL",
        "listener.name.login.scram-sha-512.sasl.jaas.config": _MODULE,
        "listener.name.card.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.ca),
        "ssl.principal.mapping.rules": "RULE:^CN=([A-Za-z0-9_]+),OU=dept$/$1/,DEFAULT",
    }


async def test_over_tls_by_login_and_by_certificate(home: Path, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    names = ("CLIENT", "CONTROLLER", "LOGIN", "CARD")
    ports = {name: choose_port("Kafka", None, None) for name in names}
    settings = listeners(ports, authority)
    kafka = EmbeddedKafka(home, ports["CLIENT"], secured=True, settings=settings)
    await kafka.start()
    try:
        assert kafka.admin is not None
        login, card = f"127.0.0.1:{ports['LOGIN']}", f"127.0.0.1:{ports['CARD']}"
        admin = KafkaAddress(login, "scram_tls", *kafka.admin, ca_file=authority.ca)
        topic = TopicNames().out_of("court")
        await apply_topics(admin, TopicNames().declared(["court"], 1))
        grant = Grant("User:court", Resource.TOPIC, topic, Right.WRITE)
        await AccessAdmin(admin).allow([grant])
        court = KafkaAddress(card, "tls", None, None, authority.ca, *authority.issue("court"))
        while grant not in (await found_grants(admin) or []):
            pass
        publisher = KafkaPublisher(court)
        await publisher.publish([OutRecord(topic, 0, b"k", b"v", [])])
        with pytest.raises(BusTrouble, match="TopicAuthorizationFailed"):
            await publisher.publish([OutRecord(TopicNames().into("court"), 0, b"k", b"v", [])])
        await publisher.stop()
        for refused in (
            KafkaAddress(login, "scram_tls", *kafka.admin, ca_file=stranger.ca),
            KafkaAddress(card, "tls", ca_file=authority.ca),
            KafkaAddress(card, "tls", None, None, authority.ca, *stranger.issue("court")),
            KafkaAddress(login, "scram", *kafka.admin),
        ):
            with pytest.raises(BusTrouble):
                await cluster_id(refused)
    finally:
        await kafka.stop()

"""The declaration of who may do what, without a broker."""

import pytest

from connectors.sdk.kafka import group, topic_in, topic_out
from hub.bus.access import AccessDeclaration, Grant, Resource, Right
from hub.bus.topics import CHECKPOINTS, COSIGNATURES, TopicNames
from hub.errors import ConfigurationError

DEPARTMENTS = ["court", "petition"]


@pytest.fixture(params=["", "city2."])
def declared(request: pytest.FixtureRequest) -> AccessDeclaration:
    return AccessDeclaration.of(TopicNames(request.param), DEPARTMENTS, "hub", "fengqiao-intake", 1_000)


def allowed(declared: AccessDeclaration, principal: str, resource: Resource, right: Right) -> set[str]:
    return {
        grant.name
        for grant in declared.grants
        if (grant.principal, grant.resource, grant.right) == (f"User:{principal}", resource, right)
    }


@pytest.mark.covers("promise 8")
def test_a_department_has_what_the_kit_uses_and_no_more(declared: AccessDeclaration) -> None:
    prefix = declared.names.prefix
    mine = {grant for grant in declared.grants if grant.principal == "User:court"}
    assert {(grant.resource, grant.right, grant.name, grant.prefixed) for grant in mine} == {
        (Resource.TOPIC, Right.WRITE, topic_out(prefix, "court"), False),
        (Resource.TOPIC, Right.READ, topic_in(prefix, "court"), False),
        (Resource.TOPIC, Right.READ, f"{prefix}hub.checkpoints", False),
        (Resource.TOPIC, Right.WRITE, f"{prefix}hub.cosignatures", False),
        (Resource.GROUP, Right.READ, f"{prefix}dept.court.", True),
    }
    assert group(prefix, "court").startswith(f"{prefix}dept.court.")


def test_the_hub_has_every_declared_topic(declared: AccessDeclaration) -> None:
    topics = {topic.name for topic in declared.names.declared(DEPARTMENTS, 1)}
    read = allowed(declared, "hub", Resource.TOPIC, Right.READ)
    write = allowed(declared, "hub", Resource.TOPIC, Right.WRITE)
    cosignatures = declared.names.hub(COSIGNATURES)
    assert read == {*declared.names.sources(DEPARTMENTS), declared.names.hub(CHECKPOINTS), cosignatures}
    assert read | write == topics
    assert write == topics - {
        cosignatures,
        *(declared.names.out_of(department) for department in DEPARTMENTS),
    }
    assert allowed(declared, "hub", Resource.GROUP, Right.READ) == {"fengqiao-intake", cosignatures}


def test_rates_are_for_departments(declared: AccessDeclaration) -> None:
    assert declared.rates == {"court": 1_000, "petition": 1_000}


def test_the_hub_is_no_department() -> None:
    with pytest.raises(ConfigurationError, match="kafka_principal: 'court'"):
        AccessDeclaration.of(TopicNames(), DEPARTMENTS, "court", "g", 1_000)


def test_what_is_not_this_hubs_is_left_alone(declared: AccessDeclaration) -> None:
    foreign = [
        Grant("User:x", Resource.TOPIC, "orders", Right.READ),
        Grant("User:x", Resource.TOPIC, "other.dept.court.out", Right.READ),
        Grant("User:x", Resource.TOPIC, "ord", Right.READ, prefixed=True),
        Grant("User:monitor", Resource.TOPIC, "*", Right.DESCRIBE),
        Grant("User:monitor", Resource.CLUSTER, "kafka-cluster", Right.ALTER),
        Grant("User:x", Resource.GROUP, "fengqiao", Right.READ),
    ]
    difference = declared.difference([*declared.grants, *foreign])
    assert (difference.missing, difference.undeclared, difference.beyond) == ([], [], [])


def test_what_touches_this_hub_is_told_and_only_its_own_may_go(declared: AccessDeclaration) -> None:
    own = [
        Grant("User:x", Resource.TOPIC, declared.names.out_of("court"), Right.READ),
        Grant("User:court", Resource.TOPIC, declared.names.into("court"), Right.READ, host="10.0.0.1"),
        Grant("User:court", Resource.GROUP, "fengqiao-intake", Right.READ),
        Grant("User:x", Resource.TOPIC, f"{declared.names.prefix}dept.", Right.WRITE, prefixed=True),
    ]
    beyond = [
        Grant("User:*", Resource.TOPIC, "*", Right.READ),
        Grant("User:x", Resource.GROUP, "feng", Right.READ, prefixed=True),
        Grant("User:court", Resource.CLUSTER, "kafka-cluster", Right.ALTER),
        Grant("User:court", Resource.TOPIC, declared.names.out_of("court"), Right.WRITE, denied=True),
    ]
    difference = declared.difference([*own, *beyond])
    assert set(difference.undeclared) == set(own)
    assert set(difference.beyond) == set(beyond)
    assert set(difference.missing) == declared.grants

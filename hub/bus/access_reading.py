"""Reading a cluster's access lists: DescribeAcls (key 29), version 1 (Kafka protocol guide, KIP-290).

Not with confluent-kafka's `describe_acls`: it answers an empty list when the cluster refuses or keeps no lists
(2.16.1), which would read as "nobody may do anything". Not with aiokafka's struct of version 2, which is incomplete.
"""

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int8, Int16, Int32, Schema, String

from hub.bus.access import Grant, Resource, Right
from hub.bus.asking import Asking
from hub.bus.security import KafkaAddress

_TEXT = String("utf-8")
_ANY = 1
_SECURITY_DISABLED = 54
_RESOURCES = {2: Resource.TOPIC, 3: Resource.GROUP, 4: Resource.CLUSTER}
# The protocol numbers operations from ALL = 2 on in the order of `Right`.
_RIGHTS = dict(enumerate(Right, start=2))
_DENY, _PREFIXED = 2, 4


class _Answer(Response):  # type: ignore[misc]
    API_KEY = 29
    API_VERSION = 1
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", _TEXT),
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", _TEXT),
                ("pattern_type", Int8),
                (
                    "acls",
                    Array(
                        ("principal", _TEXT), ("host", _TEXT), ("operation", Int8), ("permission_type", Int8)
                    ),
                ),
            ),
        ),
    )


class _DescribeV1(RequestStruct):  # type: ignore[misc]
    API_KEY = 29
    API_VERSION = 1
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("resource_type", Int8),
        ("resource_name", _TEXT),
        ("pattern_type", Int8),
        ("principal", _TEXT),
        ("host", _TEXT),
        ("operation", Int8),
        ("permission_type", Int8),
    )


class _Describe(Request[_DescribeV1]):  # type: ignore[misc]
    API_KEY = 29

    def build(self, request_struct_class: type[_DescribeV1]) -> _DescribeV1:
        return request_struct_class(_ANY, None, _ANY, None, None, _ANY, _ANY)


async def found_grants(kafka: str | KafkaAddress) -> list[Grant] | None:
    """Every line about topics, groups and the cluster; None when the cluster has no authorizer, so keeps no lists.

    Raises BusTrouble; ConfigurationError when who is logged in may not read them (DESCRIBE on the cluster).
    """
    async with Asking(kafka) as asking:
        answer = await asking.ask(_Describe())
        if answer.error_code == _SECURITY_DISABLED:
            return None
        asking.refuse("reading access lists", answer.error_code, answer.error_message)
    return [
        Grant(
            principal,
            _RESOURCES[resource],
            name,
            _RIGHTS[operation],
            prefixed=pattern == _PREFIXED,
            denied=permission == _DENY,
            host=host,
        )
        for resource, name, pattern, lines in answer.resources
        if resource in _RESOURCES
        for principal, host, operation, permission in lines
    ]

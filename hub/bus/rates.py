"""Byte rates of principals: the two requests of the Kafka protocol that no Python client has.

DescribeClientQuotas (key 48) and AlterClientQuotas (key 49), version 0 each, as the Kafka protocol guide lays them out
(KIP-546). A rate is bytes a second and broker; who writes more is answered late, never refused.
"""

from collections.abc import Mapping, Sequence

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int8, Int16, Int32, Schema, String

from hub.bus.asking import Asking
from hub.bus.security import KafkaAddress

USER, WRITING = "user", "producer_byte_rate"
_EXACTLY = 0
_TEXT = String("utf-8")
_ENTITY = Array(("entity_type", _TEXT), ("entity_name", _TEXT))


class _DescribeAnswer(Response):  # type: ignore[misc]
    API_KEY = 48
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", _TEXT),
        ("entries", Array(("entity", _ENTITY), ("values", Array(("key", _TEXT), ("value", Float64))))),
    )


class _DescribeV0(RequestStruct):  # type: ignore[misc]
    API_KEY = 48
    API_VERSION = 0
    RESPONSE_TYPE = _DescribeAnswer
    SCHEMA = Schema(
        ("components", Array(("entity_type", _TEXT), ("match_type", Int8), ("match", _TEXT))),
        ("strict", Boolean),
    )


class _Describe(Request[_DescribeV0]):  # type: ignore[misc]
    API_KEY = 48

    def __init__(self, user: str) -> None:
        self._user = user

    def build(self, request_struct_class: type[_DescribeV0]) -> _DescribeV0:
        return request_struct_class([(USER, _EXACTLY, self._user)], True)


class _AlterAnswer(Response):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", _TEXT), ("entity", _ENTITY))),
    )


class _AlterV0(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterAnswer
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", _ENTITY), ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean)))
            ),
        ),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterV0]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, rates: Mapping[str, int]) -> None:
        self._rates = rates

    def build(self, request_struct_class: type[_AlterV0]) -> _AlterV0:
        entries = [
            ([(USER, user)], [(WRITING, float(rate), False)]) for user, rate in sorted(self._rates.items())
        ]
        return request_struct_class(entries, False)


async def found_rates(kafka: str | KafkaAddress, users: Sequence[str]) -> dict[str, int]:
    """What these may write, where a rate is set. Raises BusTrouble, ConfigurationError."""
    found: dict[str, int] = {}
    async with Asking(kafka) as asking:
        for user in users:
            answer = await asking.ask(_Describe(user))
            asking.refuse("reading rates", answer.error_code, answer.error_message)
            for _, values in answer.entries or ():
                for name, value in values:
                    if name == WRITING:
                        found[user] = round(value)
    return found


async def set_rates(kafka: str | KafkaAddress, rates: Mapping[str, int]) -> None:
    """Set what these may write. Idempotent; takes effect at once. Raises BusTrouble, ConfigurationError."""
    if not rates:
        return
    async with Asking(kafka) as asking:
        for code, text, _ in (await asking.ask(_Alter(rates))).entries:
            asking.refuse("setting rates", code, text)

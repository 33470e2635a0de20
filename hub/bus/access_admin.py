"""Changing a cluster's access lists and SCRAM users, with confluent-kafka's admin client: aiokafka's can do neither.

Its calls give futures; every method here waits for them without blocking the loop. Who is logged in needs ALTER and
DESCRIBE on the cluster, or is a super user.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it does not list all that it exports
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from hub.bus.access import Grant, Resource
from hub.bus.security import KafkaAddress, address_of, librdkafka_options
from hub.errors import BusTrouble, ConfigurationError

T = TypeVar("T")
_SECONDS = 20.0
_ITERATIONS = 8192
# librdkafka calls the cluster "broker".
_RESOURCES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.CLUSTER: ResourceType.BROKER,
}
_NOT_ALLOWED = (
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)


class AccessAdmin:
    """One administrator's connection. Raises BusTrouble when Kafka is away,
    ConfigurationError when it refuses."""

    def __init__(self, kafka: str | KafkaAddress) -> None:
        self._kafka = address_of(kafka)
        self._client = AdminClient({**librdkafka_options(kafka), "log_level": 0})

    async def allow(self, grants: Sequence[Grant]) -> None:
        """Add these. Idempotent."""
        if grants:
            await self._all(
                self._client.create_acls(
                    [AclBinding(*_lines(grant)) for grant in grants], request_timeout=_SECONDS
                )
            )

    async def revoke(self, grants: Sequence[Grant]) -> None:
        """Take exactly these away. Open connections lose the right at once."""
        if grants:
            filters = [AclBindingFilter(*_lines(grant)) for grant in grants]
            await self._all(self._client.delete_acls(filters, request_timeout=_SECONDS))

    async def without_login(self, users: Iterable[str]) -> list[str]:
        """Which of these have no SCRAM-SHA-512 credential."""
        asked: Any = self._client.describe_user_scram_credentials(list(users), request_timeout=_SECONDS)
        missing = []
        for user, future in asked.items():
            try:
                known = await self._one(future)
            except _Unknown:
                missing.append(user)
                continue
            mechanisms = {info.mechanism for info in known.scram_credential_infos}
            if ScramMechanism.SCRAM_SHA_512 not in mechanisms:
                missing.append(user)
        return missing

    async def set_password(self, user: str, password: str) -> None:
        """Make or replace a user's SCRAM-SHA-512 credential."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        change = UserScramCredentialUpsertion(user, info, password.encode())
        await self._all(self._client.alter_user_scram_credentials([change], request_timeout=_SECONDS))

    async def _all(self, futures: Mapping[Any, "Future[Any]"]) -> None:
        for future in futures.values():
            await self._one(future)

    async def _one(self, future: "Future[T]") -> T:
        try:
            return await asyncio.wrap_future(future)
        except KafkaException as raised:
            error: KafkaError = raised.args[0]
            if error.code() == KafkaError.RESOURCE_NOT_FOUND:
                raise _Unknown from None
            if error.code() in _NOT_ALLOWED:
                raise ConfigurationError(
                    f"Kafka at {self._kafka} refuses: {error.str()}: log in as an administrator"
                ) from None
            raise BusTrouble(f"Kafka at {self._kafka}: {error.str()}") from None


class _Unknown(Exception):
    """There is no such user."""


def _lines(grant: Grant) -> tuple[Any, ...]:
    """What a binding, and the filter that matches only it, are made of."""
    return (
        _RESOURCES[grant.resource],
        grant.name,
        ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL,
        grant.principal,
        grant.host,
        AclOperation[grant.right.name],
        AclPermissionType.DENY if grant.denied else AclPermissionType.ALLOW,
    )

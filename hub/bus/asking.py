"""Administrative requests of the Kafka protocol for which the clients have no method, or one that hides refusals."""

from typing import Any, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request

from hub.bus.security import KafkaAddress, client_options
from hub.errors import BusTrouble, ConfigurationError

# TOPIC, GROUP and CLUSTER_AUTHORIZATION_FAILED.
_NOT_ALLOWED = (29, 30, 31)


class Asking:
    """A connection to the cluster's controller, for as long as the `async with` block. Raises BusTrouble."""

    def __init__(self, kafka: str | KafkaAddress) -> None:
        self._kafka = kafka
        self._client = AIOKafkaAdminClient(**client_options(kafka))

    async def __aenter__(self) -> Self:
        try:
            await self._client.start()
        except KafkaError as error:
            await self._client.close()
            raise BusTrouble(f"Kafka at {self._kafka}: {error!r}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def ask(self, request: Request[Any]) -> Any:
        """The answer, whose error codes are the caller's to look at. Raises BusTrouble."""
        try:
            # The client's own methods send theirs in this way; it has no public one for further requests.
            return await self._client._send_to_controller(request)
        except KafkaError as error:
            raise BusTrouble(f"Kafka at {self._kafka}: {error!r}") from error

    def refuse(self, what: str, code: int, text: str | None) -> None:
        """Nothing for code 0; else ConfigurationError when who is logged in may not do this, BusTrouble for the rest."""
        if not code:
            return
        name = for_code(code).__name__
        if code in _NOT_ALLOWED:
            raise ConfigurationError(
                f"Kafka at {self._kafka}: {what}: {name}: log in as an administrator of the cluster"
            )
        raise BusTrouble(f"Kafka at {self._kafka}: {what}: {text or name} (code {code})")

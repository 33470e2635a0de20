"""One connection outside the pool, for commands; and which of the driver's errors a person can mend."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from hub.errors import ConfigurationError, StoreTrouble
from hub.store.url import plain_dsn

_WRONG = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)
_AWAY = (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, OSError, TimeoutError)


@contextmanager
def explained() -> Iterator[None]:
    """Raises ConfigurationError for a login, database or address that is wrong, StoreTrouble for a server away."""
    try:
        yield
    except _WRONG as error:
        raise ConfigurationError(f"database: {error}; look at FENGQIAO_DATABASE") from None
    except _AWAY as error:
        raise StoreTrouble(f"PostgreSQL does not answer: {error!r}") from error


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection, closed at the end. Raises as `explained`."""
    with explained():
        connection = await asyncpg.connect(plain_dsn(url), timeout=30)
        try:
            yield connection
        finally:
            await connection.close()

"""Database addresses: `postgresql://…` as people write them."""

from hub.errors import ConfigurationError


def plain_dsn(url: str) -> str:
    """The form that asyncpg takes. Raises ConfigurationError for anything but PostgreSQL."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ConfigurationError(f"database {scheme!r}: must be postgresql://user@host:port/name")
    return f"postgresql://{rest}"


def sqlalchemy_url(url: str) -> str:
    """The form that SQLAlchemy takes, with the driver named (2.1 would take another one by default)."""
    return plain_dsn(url).replace("postgresql://", "postgresql+asyncpg://", 1)

"""Every test here that asks for `stores` or `core` runs on memory and on PostgreSQL."""

from tests.support.stores import core, dsn, stores

__all__ = ["core", "dsn", "stores"]

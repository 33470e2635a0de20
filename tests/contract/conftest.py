"""Every test here runs on each implementation of the port that it asks for."""

from tests.support.buses import bus, kafka_or_none
from tests.support.stores import core, dsn, stores

__all__ = ["bus", "core", "dsn", "kafka_or_none", "stores"]

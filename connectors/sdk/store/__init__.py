"""The connector's local store: one SQLite file that survives kill -9 and remembers what was taken."""

from connectors.sdk.store.store import Store

__all__ = ["Store"]

"""The connector's tree of errors.

    ConnectorError
    ├── ConfigurationError    the configuration contradicts itself: the process does not start
    └── StoreError            the local store can't be used
        ├── StoreInUse        another process runs this connector
        └── ForeignStore      the file belongs to another department or to a newer kit
    TransportTrouble          (connectors.sdk.ports) away for now: wait with backoff, nothing is lost
    DeliveryRejected          (connectors.sdk.ports) the department system says no to one delivery

Anything else that is raised is a defect. The loops report it, wait with backoff and go on from the store, so
a defect in a mapping delays its case and loses nothing.
"""


class ConnectorError(Exception):
    """Base of every error that the kit raises on purpose."""


class ConfigurationError(ConnectorError):
    """The configuration is wrong. Names the field, the value and what is allowed. Raised at start only."""


class StoreError(ConnectorError):
    """The connector's local store can't be used."""


class StoreInUse(StoreError):
    """Another process holds the store: one connector runs once."""


class ForeignStore(StoreError):
    """The store was made for another department or by a newer kit."""

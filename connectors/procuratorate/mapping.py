"""The connector of the procuratorate: `mapping: connectors.procuratorate.mapping:build`."""

from connectors.procuratorate.incoming import ProcuratorateSink
from connectors.procuratorate.outgoing import POLLED, ProcuratorateSource
from connectors.sdk.ports import Kit
from connectors.transports.exchange_table import ExchangeSettings, ExchangeTables


def build(kit: Kit) -> tuple[ProcuratorateSource, ProcuratorateSink]:
    """Both over one set of exchange tables. Raises ValidationError that names the setting."""
    tables = ExchangeTables(ExchangeSettings.model_validate(dict(kit.settings)), POLLED)
    return ProcuratorateSource(kit, tables), ProcuratorateSink(kit, tables)

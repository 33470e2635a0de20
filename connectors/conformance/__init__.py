"""The suite that any connector must pass, whatever its transport: see `suite.ConnectorConformance`."""

"""The court's case system over SOAP: mappings only."""

"""The stand-in of the court's case system: an older one, with a SOAP 1.1 service and codes of its own."""

"""Adapters of department systems. Imports schemas, never the hub, so that a department can run its own."""

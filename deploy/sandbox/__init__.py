"""A sandbox city of stand-in department systems.

They are foreign systems: they import nothing of the hub, its connectors or its schemas.
"""

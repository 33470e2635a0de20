"""The contract between departments and the hub: envelope, messages, identifiers. Imports nothing of ours."""

"""Signed checkpoints of the journal, beside the hot path."""

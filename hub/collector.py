"""The collector of a process that makes many objects and leaves none in circles."""

import gc


def tune_collector() -> None:
    """Start-up objects are never garbage, and young collections need not be frequent."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 20)

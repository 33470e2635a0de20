"""Child processes of tests die with pytest, however it ends."""

import os
import signal
import sys

from hub.embedded import launch


def python(end: signal.Signals = signal.SIGTERM) -> list[str]:
    """A command line's beginning that runs this Python; to be started from the main thread. `end`: how it dies with us."""
    guard = ["--die-with", str(os.getpid()), "--signal", str(int(end)), "--"]
    return [sys.executable, launch.__file__, *guard, sys.executable]

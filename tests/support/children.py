"""Child processes of tests die with pytest, however it ends."""

import os
import signal
import sys

from hub.embedded import launch


def python() -> list[str]:
    """A command line's beginning that runs this Python; to be started from the main thread."""
    guard = ["--die-with", str(os.getpid()), "--signal", str(int(signal.SIGTERM)), "--"]
    return [sys.executable, launch.__file__, *guard, sys.executable]

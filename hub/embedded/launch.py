"""Runs between fork and exec of an embedded server, as a program of its own.

    python launch.py [--user NAME] [--die-with PARENT_PID --signal NUMBER] -- program arguments…

A program and not a preexec_fn, because forking Python code out of a process with threads may deadlock.
Linux only: the parent's death reaches the child through prctl(PR_SET_PDEATHSIG).
"""

import argparse
import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def become(user: str) -> None:
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def die_with(parent: int, signal: int) -> None:
    """Have the kernel send `signal` to this process when the thread that forked it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the line above: then nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--die-with", type=int)
    parser.add_argument("--signal", type=int)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.user:
        become(options.user)
    # After the change of user, which clears the setting.
    if options.die_with:
        die_with(options.die_with, options.signal)
    os.execv(options.command[0], options.command)


if __name__ == "__main__":
    main()

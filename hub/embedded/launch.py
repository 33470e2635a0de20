"""Runs between fork and exec of an embedded server, as a program of its own.

    python launch.py [--user NAME [--pass] [--readable PATH] [--writable PATH]]
                     [--die-with PARENT_PID --signal NUMBER] -- program arguments…

`--pass`: where root's directories are closed to NAME, the program still reaches what lies below them, by a
capability that it keeps from root. Where the kernel has Landlock, the program can then open nothing but the
named paths (each may be given several times) and what every program needs.

A program and not a preexec_fn, because forking Python code out of a process with threads may deadlock.
Linux only: the parent's death reaches the child through prctl(PR_SET_PDEATHSIG).
"""

import argparse
import ctypes
import os
import pwd
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 28, 38, 47
PR_CAP_AMBIENT_RAISE = 2
NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8
CAPABILITY_VERSION_3 = 0x20080522

# System call numbers that all architectures share; the C library has no names for them.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_VERSION_FLAG, LANDLOCK_RULE_PATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
READING = EXECUTE | READ_FILE | READ_DIR

# Readable for every user anyway, and needed by any program; of /etc only what is public.
PUBLIC = ("/usr", "/bin", "/lib", "/lib64", "/proc", "/sys/devices", "/dev", *(
    f"/etc/{name}" for name in ("ld.so.cache", "localtime", "passwd", "group", "hosts", "nsswitch.conf", "resolv.conf")
))  # fmt: skip
SHARED = ("/dev/shm", "/dev/null")

libc = ctypes.CDLL(None, use_errno=True)


def passing_capability() -> int | None:
    """The least capability of this process that leads through closed directories.

    None when it has none, or only the one that would also write everywhere and Landlock can't bound it.
    """
    status = Path("/proc/self/status").read_text()
    permitted = int(status.partition("CapPrm:")[2].split(maxsplit=1)[0], 16)
    if not permitted >> CAP_SETPCAP & 1:
        return None
    if permitted >> CAP_DAC_READ_SEARCH & 1:
        return CAP_DAC_READ_SEARCH
    if permitted >> CAP_DAC_OVERRIDE & 1 and landlock_version() > 0:
        return CAP_DAC_OVERRIDE
    return None


def landlock_version() -> int:
    """0 when the kernel has none, or does not let us."""
    version: int = libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION_FLAG)
    return max(0, version)


def become(user: str, keep: int | None) -> None:
    """Change the user for good; of root's capabilities only `keep` is left, also after exec."""
    entry = pwd.getpwnam(user)
    if keep is not None:
        # Keeps capabilities over the change of user, and has access(2), by which PostgreSQL looks, count them.
        _checked(libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0), "prctl(PR_SET_SECUREBITS)")
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if keep is not None:
        header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
        bit = 1 << keep
        _checked(libc.capset(header, struct.pack("=6I", bit, bit, bit, 0, 0, 0)), "capset")
        _checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, keep, 0, 0), "prctl(PR_CAP_AMBIENT_RAISE)")


def confine(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Have the kernel refuse this process every file that is not below one of these or public."""
    version = landlock_version()
    # Rights 0-12 are of version 1; 13 (move between directories) came with 2, 14 (truncate) with 3.
    everything = (1 << 12 + min(version, 3)) - 1
    handled = struct.pack("=Q", everything)
    rules = libc.syscall(LANDLOCK_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    _checked(rules, "landlock_create_ruleset")
    for paths, rights in (((*PUBLIC, *readable), READING), ((*SHARED, *writable), everything)):
        for path in paths:
            _allow(rules, path, rights & everything)
    _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    _checked(libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0), "landlock_restrict_self")
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= ON_FILES
    rule = struct.pack("=Qi", rights, place)
    _checked(libc.syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_RULE_PATH, rule, 0), f"landlock_add_rule {path}")
    os.close(place)


def die_with(parent: int, signal: int) -> None:
    """Have the kernel send `signal` to this process when the thread that forked it ends."""
    _checked(libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have died before the line above: then nobody would ever send the signal.
    if os.getppid() != parent:
        sys.exit(1)


def _checked(result: int, call: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--pass", action="store_true", dest="passing")
    parser.add_argument("--readable", action="append", default=[])
    parser.add_argument("--writable", action="append", default=[])
    parser.add_argument("--die-with", type=int)
    parser.add_argument("--signal", type=int)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.user:
        become(options.user, passing_capability() if options.passing else None)
    if options.passing and landlock_version() > 0:
        confine(options.readable, options.writable)
    # After the change of user, which clears the setting.
    if options.die_with:
        die_with(options.die_with, options.signal)
    os.execv(options.command[0], options.command)


if __name__ == "__main__":
    main()

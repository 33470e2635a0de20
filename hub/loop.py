"""Running the event loop with room below it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
# Slots of 8 bytes: more than half of a chunk of 64 KiB, so the interpreter opens a chunk for this frame and 30 KiB stay free.
_SLOTS = 4_200


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, at a depth where calls are cheap.

    CPython (3.11 and later) keeps frames in chunks of 16 KiB. A function called again and again just where a chunk
    is full has one mapped and unmapped by the kernel at every call: the same deciding took 341 µs instead of 76 at
    one unlucky depth, and which depth that is depends on who called whom before the loop began.
    """
    return _with_room(asyncio.run, work)


def _with_room(function: Callable[[Coroutine[Any, Any, T]], T], work: Coroutine[Any, Any, T]) -> T:
    return function(work)


_with_room.__code__ = _with_room.__code__.replace(co_stacksize=_SLOTS)

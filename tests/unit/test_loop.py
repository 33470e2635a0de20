"""Calls are cheap whatever stands below the loop."""

import sys

from hub import loop


def test_the_loop_gives_what_the_work_gives() -> None:
    async def work() -> int:
        return 7

    assert loop.run(work()) == 7


def test_the_frame_below_the_loop_opens_a_chunk_of_its_own() -> None:
    """The interpreter's chunks have 16 KiB unless one frame needs more; ours leaves as much free again."""
    slots = loop._with_room.__code__.co_stacksize
    assert 32 * 1024 < slots * 8 < 48 * 1024
    assert sys.getrecursionlimit() >= 1000

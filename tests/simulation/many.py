"""Many seeds, side by side in processes of their own. Run as a module it is such a process: results on standard output."""

import contextlib
import pickle
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cache
from queue import SimpleQueue
from subprocess import PIPE, Popen
from threading import Thread

from hub.domain.rules import Rules
from hub.rules.loader import load_rules
from tests.simulation.plan import plan_of
from tests.simulation.world import Run, run
from tests.support.children import python
from tests.support.core import DIRECTORY

Result = tuple[Run, float]


@cache
def rules() -> Rules:
    """The rules of the test city."""
    return load_rules(DIRECTORY)


def one(seed: int) -> Result:
    """One run, and how many seconds of a processor it took."""
    began = time.process_time()
    return run(plan_of(seed, rules()), rules()), time.process_time() - began


def results(seeds: Sequence[int], jobs: int) -> Iterator[Result]:
    """Every seed's run, in no order when there are several jobs. The processes end with this one, however it ends."""
    if jobs == 1:
        yield from map(one, seeds)
        return
    came: SimpleQueue[Result | None] = SimpleQueue()
    with contextlib.ExitStack() as stack:
        for job in range(jobs):
            numbers = map(str, seeds[job::jobs])
            child = stack.enter_context(Popen([*python(), "-m", __name__, *numbers], stdout=PIPE))
            listener = Thread(target=_listen, args=(child, came), daemon=True)
            listener.start()
            stack.callback(listener.join)
            stack.callback(child.terminate)
        for _ in seeds:
            result = came.get()
            if result is None:
                raise RuntimeError("a process of the simulation has ended before its seeds")
            yield result


def _listen(child: "Popen[bytes]", came: "SimpleQueue[Result | None]") -> None:
    assert child.stdout is not None
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            came.put(pickle.load(child.stdout))
    if child.wait():
        came.put(None)


if __name__ == "__main__":
    for number in sys.argv[1:]:
        pickle.dump(one(int(number)), sys.stdout.buffer)
        sys.stdout.buffer.flush()

"""`make bench ARGS=…`: the comparison with a hand-written floor, or one of the long measurements by name."""

import argparse
import asyncio
import logging
import signal
import sys
from importlib import import_module

from hub.errors import ConfigurationError
from tests.bench import compare

LONG = {
    "audit": "a million entries: verified, their signatures checked, all that follows from them rebuilt",
    "backlog": "a large backlog: catch-up rate, memory, several intake processes",
    "deadlines": "a million open time limits: a timekeeper's start, its idle looks, ten thousand due at once",
    "flood": "one department at ten times its share: what others notice of it",
    "scale": "cost of a message with a thousand and with a million open cases",
    "soak": "memory at a steady rate",
}
_EPILOG = "\n".join(f"  {name:9}{what}; see `{name} --help`" for name, what in LONG.items())


def main(arguments: list[str]) -> int:
    """Measure and print; 2 when it is asked for what there is not, 130 when ended. Leaves nothing either way."""
    # As asyncio takes SIGINT (also where the shell had it ignored): cancelled, so that processes and directories go.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    name = arguments[0] if arguments and arguments[0] in LONG else None
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=" + (name or "…"),
        description=LONG[name] if name else "The hub beside a hand-written floor, on servers of its own.",
        epilog=None if name else f"long measurements:\n{_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        if name is None:
            compare.options(parser)
            asyncio.run(compare.compare(compare.plan_of(parser.parse_args(arguments))))
        else:
            module = import_module(f"tests.bench.{name}")
            module.options(parser)
            asyncio.run(module.measure(parser.parse_args(arguments[1:])))
    except ConfigurationError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

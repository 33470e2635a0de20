"""Run a connector, or look into its store: `python -m connectors.run --config FILE`."""

import argparse
import asyncio
import json
import logging
import sys
import time
from pathlib import Path

from connectors.errors import ConfigurationError, ConnectorError
from connectors.sdk.config import ConnectorConfig, load_config
from connectors.sdk.runner import run
from connectors.sdk.store import Store
from connectors.sdk.store.database import only_process

_VERBS = ("status", "retry", "skip", "rewind", "checkpoints", "forget_checkpoints")


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 ended or done, 1 failed, 2 wrong configuration or use, 3 a loop hung."""
    options = _parser().parse_args(arguments)
    _log_to_stderr(options.log_level)
    try:
        config = load_config(options.config)
        if any(getattr(options, verb) for verb in _VERBS):
            return _look(config, options)
        return asyncio.run(run(config))
    except ConnectorError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


def _look(config: ConnectorConfig, options: argparse.Namespace) -> int:
    if not config.store.exists():
        raise ConfigurationError(f"store {config.store}: does not exist yet; the connector has not run")
    if options.rewind:
        # A running poller would write its cursor over it.
        with only_process(config.store):
            store = Store(config.store, config.department)
            store.rewind()
            store.close()
        return 0
    store = Store(config.store, config.department)
    try:
        if options.checkpoints:
            for note in store.checkpoints.notes():
                print(note.to_bytes().decode())
            return 0
        if options.forget_checkpoints:
            print(
                f"{store.checkpoints.forget()} checkpoints forgotten; the next one begins anew",
                file=sys.stderr,
            )
            return 0
        if options.status:
            print(
                json.dumps({"department": config.department, **store.counts()}, ensure_ascii=False, indent=2)
            )
            return 0
        message = options.retry or options.skip
        done = store.inbox.retry(message) if options.retry else store.inbox.skip(message, time.time())
        if not done:
            print(f"message {message!r}: no rejected delivery has this id; see --status", file=sys.stderr)
        return 0 if done else 1
    finally:
        store.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connectors.run", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the connector's YAML file")
    verbs = parser.add_mutually_exclusive_group()
    verbs.add_argument(
        "--checkpoints",
        action="store_true",
        help="print the checkpoints of the hub that are kept, for an auditor",
    )
    verbs.add_argument(
        "--forget-checkpoints",
        action="store_true",
        help="after a person has settled an alarm: keep checkpoints anew, from the next one on",
    )
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    verbs.add_argument("--status", action="store_true", help="print how many messages stand where, as JSON")
    verbs.add_argument("--retry", metavar="MESSAGE", help="deliver a rejected message again")
    verbs.add_argument("--skip", metavar="MESSAGE", help="give a rejected message up; its case goes on")
    verbs.add_argument("--rewind", action="store_true", help="read the department system from its beginning")
    return parser


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("aiokafka", "httpx", "zeep", "connectors.faststream"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))


if __name__ == "__main__":
    sys.exit(main())

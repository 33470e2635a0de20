"""A stand-in's process: its command line, its records and officers, and serving until it is told to stop."""

import argparse
import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from deploy.sandbox.core.matter import read_plan
from deploy.sandbox.core.officers import Officers
from deploy.sandbox.core.policies import DEFAULT, Policies
from deploy.sandbox.core.records import Records


@dataclass(frozen=True, slots=True)
class Office:
    """What every stand-in has: its home directory, its records, its officers, and the run's seed."""

    home: Path
    records: Records
    officers: Officers
    seed: int


def command_line(department: str) -> argparse.ArgumentParser:
    """The options that all stand-ins share; each adds its own."""
    parser = argparse.ArgumentParser(prog=f"python -m deploy.sandbox.{department}")
    parser.add_argument("--home", type=Path, required=True, help="directory of the stand-in's own storage")
    parser.add_argument("--plan", type=Path, help="matters to raise, one JSON object per line")
    parser.add_argument("--policies", type=Path, default=DEFAULT, help="what the officers do")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between two acts of the officers")
    parser.add_argument("--raise-every", type=float, default=0.0, help="seconds between two planned matters")
    return parser


def open_office(department: str, options: argparse.Namespace) -> Office:
    """Opens (on first use creates) the department's records under its home and sits its officers down.

    Raises ValueError for a wrong plan or policy file.
    """
    options.home.mkdir(parents=True, exist_ok=True)
    records = Records(options.home / "records.db", department)
    plan = read_plan(options.plan) if options.plan else []
    policies = Policies.load(options.policies)
    officers = Officers(records, policies, options.seed, options.pace, plan, options.raise_every)
    return Office(options.home, records, officers, options.seed)


async def until_stopped(*work: Coroutine[Any, Any, Any]) -> None:
    """Runs the coroutines until SIGTERM or SIGINT, then cancels them and waits for their end.

    A coroutine that ends or fails ends the others too; its error is raised.
    """
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    tasks = [asyncio.ensure_future(one) for one in (*work, stop.wait())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve_http(app: Callable[..., Awaitable[None]], port: int) -> None:
    """Serves an ASGI app on 127.0.0.1, prints `ready http://<address>` once it listens, until cancelled.

    Raises OSError when the port is taken.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving

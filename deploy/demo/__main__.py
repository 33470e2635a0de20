"""`python -m deploy.demo`: what `fengqiao demo` runs."""

import asyncio
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.demo.city import City
from deploy.demo.ledger import Counts, Ledger
from deploy.demo.processes import ChildFailed, stop_all
from deploy.demo.report import last_page
from deploy.demo.story import Day
from deploy.sandbox.core.plan import plan
from hub.bus.admin import apply_topics
from hub.bus.topics import TopicNames
from hub.embedded.servers import Servers
from hub.errors import HubError
from hub.home import DEFAULT_HOME, Home
from hub.rules.loader import load_rules
from hub.store.upgrade import upgrade

CITY = Path(__file__).parents[1] / "sandbox" / "city" / "departments.yaml"
SHARDS = 6
# Written into a file there is no terminal whose width would matter.
console = Console() if sys.stdout.isatty() else Console(width=150)


def demo(
    referrals: Annotated[
        int, typer.Option(min=3, help="How many matters the departments raise by themselves.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="The same seed plays the same day.")] = 1,
    home: Annotated[Path, typer.Option(help="Directory; its part `demo` is made anew.")] = DEFAULT_HOME,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end.")] = False,
) -> None:
    """Play a day in the sandbox city. Exit code 0 only if everything is as promised."""
    try:
        code = asyncio.run(_main(referrals, seed, home, keep))
    except (HubError, ChildFailed) as trouble:
        console.print(f"[red]fengqiao demo: {trouble}[/]")
        code = 1
    except KeyboardInterrupt:
        console.print("stopped")
        code = 130
    except asyncio.CancelledError:  # by SIGTERM
        console.print("stopped")
        code = 143
    raise typer.Exit(code)


async def _main(referrals: int, seed: int, root: Path, keep: bool) -> int:
    stop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    stop.add_signal_handler(signal.SIGTERM, task.cancel)
    place = Home(root / "sandbox")
    servers = Servers(place.root)
    await _clean(place, servers)
    console.print("[bold]枫桥中枢 Fengqiao Hub[/] · 沙盒城市的一天 a day in the sandbox city")
    addresses = await servers.start()
    place.prepare(CITY, SHARDS)
    rules = load_rules(CITY)
    # The officers of a large city are many: they act faster.
    pace = min(0.05, 10.0 / referrals)
    city = City(place, addresses, plan(seed, referrals), seed, pace, rules)
    ledger = Ledger(addresses.database)
    try:
        await upgrade(addresses.database, SHARDS)
        await apply_topics(addresses.kafka, TopicNames().declared(rules.departments, SHARDS))
        console.print(
            f"Kafka {addresses.kafka} · PostgreSQL {addresses.database.rpartition('@')[2]} · {place.root}"
        )
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
        ) as bar:
            line = bar.add_task("移送 referrals", total=1.0, what="")

            def show(counts: Counts, planned: int) -> None:
                ended = sum(n for state, n in counts.referrals.items() if state != "open")
                total = max(sum(counts.referrals.values()), planned)
                what = f"{ended}/{total} 办结 · {counts.entries} 流水 entries · {sum(counts.tasks.values())} 任务 tasks"
                bar.update(line, completed=ended, total=total, what=what)

            day = Day(city, ledger, SHARDS, lambda text: bar.console.print(text), show)
            outcome = await day.play()
        code = await last_page(console, city, ledger, outcome)
        if keep:
            console.print("--keep: 一切仍在运行，按 Ctrl-C 结束 everything keeps running until Ctrl-C")
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return code
    finally:
        await ledger.close()
        await stop_all(city.children())
        await servers.stop()


async def _clean(place: Home, servers: Servers) -> None:
    """A demo begins with an empty city. Raises AlreadyRunning when another one is under way here."""
    if place.root.exists():
        servers.purge()
        place.purge()
    shutil.rmtree(place.root / "demo", ignore_errors=True)
    place.root.mkdir(parents=True, exist_ok=True)


if __name__ == "__main__":
    typer.run(demo)
    sys.exit()

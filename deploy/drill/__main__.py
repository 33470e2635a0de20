"""`python -m deploy.drill`: what `fengqiao drill` runs."""

import asyncio
import fcntl
import os
import random
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.demo.city import DEPARTMENTS
from deploy.demo.processes import ChildFailed
from deploy.drill.books import Books
from deploy.drill.drill import Drill
from deploy.drill.faults import FAULTS, Fault
from deploy.drill.ground import CITY, Ground, load
from deploy.drill.report import last_page
from deploy.drill.schedule import chosen
from hub.embedded.servers import DATABASE_VARIABLE, KAFKA_VARIABLE
from hub.errors import HubError
from hub.home import DEFAULT_HOME, Home

# Written into a file there is no terminal whose width would matter.
console = Console() if sys.stdout.isatty() else Console(width=150)


def drill(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long faults are caused.")] = 3.0,
    seed: Annotated[
        int | None, typer.Option(help="The same seed draws the same faults; else a new one.")
    ] = None,
    faults: Annotated[
        str, typer.Option(help="Names or beginnings of names, by commas; `list` shows them. Unsaid: all.")
    ] = "",
    cluster: Annotated[int, typer.Option(help="Brokers of Kafka: 1 or 3.")] = 1,
    rate: Annotated[float, typer.Option(min=0.2, max=20.0, help="Matters raised in a second.")] = 1.5,
    home: Annotated[Path, typer.Option(help="Directory; its part `drill` is made anew.")] = DEFAULT_HOME,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave data and logs, also when all went well.")
    ] = False,
) -> None:
    """Kill, stop and cut everything under load, then count every department's books. Exit code 0 only if all is kept."""
    if faults == "list":
        for fault in FAULTS:
            console.print(f"{fault.name:32} {fault.title}", highlight=False)
        return
    if cluster not in (1, 3):
        raise typer.BadParameter(f"{cluster}: allowed are 1 and 3", param_hint="--cluster")
    try:
        picked = chosen([name.strip() for name in faults.split(",") if name.strip()], cluster)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--faults") from None
    # The drill breaks its servers: they are always its own.
    for name in (KAFKA_VARIABLE, DATABASE_VARIABLE):
        os.environ.pop(name, None)
    seed = random.SystemRandom().randrange(100_000) if seed is None else seed
    root = home.resolve() / "drill"
    try:
        with _alone(root):
            code = asyncio.run(_main(root, seed, minutes * 60, picked, cluster, rate))
            if code == 0 and not keep:
                shutil.rmtree(root)
            else:
                console.print(f"数据与日志 data and logs: {root}", highlight=False)
    except (HubError, ChildFailed) as trouble:
        console.print(f"fengqiao drill: {trouble}", style="red", markup=False)
        code = 1
    except KeyboardInterrupt:
        console.print("stopped")
        code = 130
    except asyncio.CancelledError:  # by SIGTERM
        console.print("stopped")
        code = 143
    raise typer.Exit(code)


async def _main(root: Path, seed: int, seconds: float, faults: list[Fault], brokers: int, rate: float) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)

    def tell(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    tell(f"枫桥中枢 Fengqiao Hub · 故障演练 fault drill · {datetime.now().astimezone():%F %T}")
    tell(
        f"种子 seed {seed} · {seconds / 60:g} 分钟 minutes · {brokers} 个 Kafka 节点 brokers · {rate:g} 件/秒 matters/s"
    )
    matters = load(seed, rate, seconds)
    ground = Ground(Home(root), brokers, seed, matters, seconds, tell)
    try:
        await ground.start("roles")
        places = {name: ground.city.place / name for name in DEPARTMENTS}
        course = Drill(ground, Books(seed, matters, places), faults, seconds, tell)
        await course.play()
        return await last_page(console, ground, course.course, course.count(), CITY)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    finally:
        await ground.stop()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """An empty directory that no other drill uses."""
    root.parent.mkdir(parents=True, exist_ok=True)
    held = root.parent / "drill.lock"
    with held.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChildFailed(f"another drill is under way in {root.parent}") from None
        with suppress(FileNotFoundError):
            shutil.rmtree(root)
        root.mkdir()
        try:
            yield
        finally:
            held.unlink()


if __name__ == "__main__":
    typer.run(drill)
    sys.exit()

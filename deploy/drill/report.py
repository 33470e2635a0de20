"""The drill's last page: faults and recoveries, the count per department, the hub's own proofs."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.drill.books import Count
from deploy.drill.drill import Course
from deploy.drill.ground import Ground
from hub.audit.verify import verify
from hub.operations.conservation import check_conservation, conservation
from hub.rules.loader import load_rules
from hub.store.reading import ReadStore

MOST_PROBLEMS = 30


async def last_page(console: Console, ground: Ground, course: Course, count: Count, city: Path) -> int:
    """Print everything; 0 only if every promise was kept, else 1."""
    _faults(console, course)
    if course.missed:
        missed = ", ".join(course.missed)
        console.print(f"[yellow]时间所限未施加 not reached in the time given: {missed}[/]")
    if ground.crew.restarts:
        ends = ", ".join(f"{name} × {times}" for name, times in sorted(ground.crew.restarts.items()))
        console.print(f"自行退出后被重新启动 ended by themselves and were started again: {ends}")
    _count(console, count, city)
    problems = [*_stuck(course), *count.problems, *await _proofs(console, ground)]
    if problems or not all(line.holds for line in count.lines):
        console.print(f"[red]✗ {len(problems)} 处不符合承诺 things are not as promised:[/]")
        for problem in problems[:MOST_PROBLEMS]:
            console.print(f"  - {problem}", markup=False)
        if len(problems) > MOST_PROBLEMS:
            console.print(f"  … {len(problems) - MOST_PROBLEMS} more")
        return 1
    console.print(
        "[green]✓ 无一遗失、无一重复、次序不乱、无一不明 nothing lost, nothing twice, in order, nothing unexplained[/]"
    )
    return 0


def _faults(console: Console, course: Course) -> None:
    table = Table("故障 fault", "次数 times", "恢复流通：中位 median", "最长 longest")
    by_name: dict[str, list[float | None]] = {}
    for happening in course.happenings:
        by_name.setdefault(happening.fault.name, []).append(happening.recovered)
    for name, recoveries in by_name.items():
        known = sorted(seconds for seconds in recoveries if seconds is not None)
        longest = "—" if len(known) < len(recoveries) else f"{known[-1]:.1f} s"
        median = f"{known[len(known) // 2]:.1f} s" if known else "—"
        table.add_row(name, str(len(recoveries)), median, longest)
    console.print(table)


def _count(console: Console, count: Count, city: Path) -> None:
    departments = load_rules(city).departments
    table = Table(
        "接收单位 receiving system",
        "已确认 acknowledged",
        "已收到 found",
        "重复 doubled",
        "乱序 out of order",
        "来历不明 unexplained",
        title="各单位自己的库 in the departments' own books",
    )
    for line in count.lines:
        numbers = (line.acknowledged, line.found, line.doubled, line.disordered, line.unexplained)
        style = None if line.holds else "red"
        table.add_row(
            f"{departments[line.department].name.zh} {line.department}", *map(str, numbers), style=style
        )
    table.add_section()
    totals = (
        sum(line.acknowledged for line in count.lines),
        sum(line.found for line in count.lines),
        sum(line.doubled for line in count.lines),
        sum(line.disordered for line in count.lines),
        sum(line.unexplained for line in count.lines),
    )
    table.add_row("合计 all", *map(str, totals))
    console.print(table)


def _stuck(course: Course) -> Sequence[str]:
    return [
        f"{happening.fault.name} ({happening.detail}): messages did not flow again"
        for happening in course.happenings
        if happening.recovered is None
    ]


async def _proofs(console: Console, ground: Ground) -> list[str]:
    store = ReadStore(ground.addresses.database)
    await store.start()
    try:
        report = await verify(store)
        unbalanced = await check_conservation(store)
        lines = await conservation(store)
    finally:
        await store.stop()
    verdict = "相符 all equal" if report.good else "不符 differences"
    console.print(
        f"审计 audit verify: {report.entries} 流水 entries, {report.cases} 案件 cases, {report.tasks} 任务 tasks: {verdict}"
    )
    raised, ended = sum(line.raised for line in lines), sum(line.raised - line.open for line in lines)
    verdict = "不符 does not hold" if unbalanced else "相符 holds"
    console.print(f"守恒 conservation: {raised} 移送 referrals raised, {ended} 已了结 ended: {verdict}")
    return [*map(str, report.differences), *unbalanced]

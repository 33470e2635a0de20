"""The demo's last page: who has what, the counts that add up, what became of the trouble, where to look next."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from deploy.demo.city import City
from deploy.demo.ledger import Ledger
from deploy.demo.story import Outcome
from deploy.sandbox.core.checker import Holding
from deploy.sandbox.core.plan import ASSIGN_TITLE, CUSTODY_TITLE, MEDIATION_TITLE
from hub.audit.verify import verify
from hub.domain.decision import CHINA
from hub.domain.rules import Rules
from hub.operations.case_view import CaseView, case_view
from hub.operations.conservation import CohortLine, check_conservation, conservation
from hub.store.reading import ReadStore

ROLES = {"lead": "主办", "co_handler": "协办", "copy": "抄送"}
STORIES = {
    "petition": ("(a) 信访转办与改派", ASSIGN_TITLE),
    "public_security": ("(b)(c) 逮捕、起诉、补侦、判决、交付执行", CUSTODY_TITLE),
    "court": ("(d) 诉调对接与司法确认", MEDIATION_TITLE),
}


async def last_page(console: Console, city: City, ledger: Ledger, outcome: Outcome) -> int:
    """Print everything; the exit code is 0 only without any problem."""
    read_store = ReadStore(city.addresses.database)
    await read_store.start()
    try:
        await _cases(console, city, ledger, read_store)
        problems = [*outcome.problems, *await _counts(console, read_store)]
        _incidents(console, outcome)
        problems += await _proofs(console, read_store)
        await _speed(console, ledger, outcome)
    finally:
        await read_store.stop()
    _next_steps(console, city)
    if problems:
        console.print(f"[red]✗ {len(problems)} 处不符合承诺 things are not as promised:[/]")
        for problem in problems[:30]:
            console.print(f"  - {problem}", markup=False)
        return 1
    console.print(
        "[green]✓ 无一遗失、无一重复、次序不乱、账目相符 nothing lost, nothing twice, in order, and it adds up[/]"
    )
    return 0


async def _cases(console: Console, city: City, ledger: Ledger, read_store: ReadStore) -> None:
    holdings = city.holdings()
    for department, (story, title) in STORIES.items():
        number = _number(holdings[department], title)
        case = await ledger.case_of(department, number) if number else None
        if case is None:
            console.print(f"[red]{story}: 案件不在库中 the case is not in the store[/]")
            continue
        console.print(f"\n[bold]{story}[/] {title}")
        console.print(_story_table(await case_view(read_store, case), city.rules))


def _story_table(view: CaseView, rules: Rules) -> Table:
    """Who has what, in which state, since when, under which number in which system."""
    table = Table("流程", "来文单位与编号", "承办单位", "角色", "状态", "自", "结果", "承办单位自己的编号")
    for line in view.tasks:
        flow = rules.flows[line.flow][-1]
        outcomes = {outcome.code: outcome.title for outcome in flow.outcomes}
        table.add_row(
            f"{line.flow} {flow.title.zh}",
            f"{rules.departments[line.sender].name.zh} {line.sender_number}",
            rules.departments[line.department].name.zh,
            ROLES[line.role],
            rules.lifecycle.states[line.state].zh,
            line.since.astimezone(CHINA).strftime("%H:%M:%S"),
            outcomes.get(line.outcome or "", ""),
            line.numbers[0] if line.numbers else "",
        )
    return table


def _number(holding: Holding, title: str) -> str | None:
    return next((record.number for record in holding.records if record.title == title), None)


async def _counts(console: Console, read_store: ReadStore) -> list[str]:
    lines = await conservation(read_store)
    table = Table(
        "来文单位 sender",
        "流程 flow",
        "移送 raised",
        "办结 closed",
        "在办 open",
        "退回 returned",
        "撤回 withdrawn",
        "拒收 refused",
    )
    for line in lines:
        table.add_row(line.sender, line.flow, *map(str, _numbers([line])))
    table.add_section()
    table.add_row("合计 all", "", *map(str, _numbers(lines)))
    console.print("\n[bold]守恒 conservation[/] 移送 = 办结 + 在办 + 退回 + 撤回 + 拒收")
    console.print(table)
    return await check_conservation(read_store)


def _numbers(lines: Sequence[CohortLine]) -> list[int]:
    names = ("raised", "closed", "open", "returned", "withdrawn", "refused")
    return [sum(getattr(line, name) for line in lines) for name in names]


def _incidents(console: Console, outcome: Outcome) -> None:
    table = Table("(e) 途中的差错 trouble on the way", "结果 what became of it", title="")
    for incident, fates in outcome.fates:
        table.add_row(f"{incident.title}（{incident.source}）", " → ".join(dict.fromkeys(fates)))
    table.add_row(
        "残缺的文件包（public_security）",
        f"{outcome.torn} 个被搁置，完整包随后到达 set aside, whole ones taken",
    )
    table.add_row(
        "(f) 中枢 kill -9", f"{outcome.kills} 次，重启后从存储位置继续 went on from the stored positions"
    )
    console.print(table)


async def _proofs(console: Console, read_store: ReadStore) -> list[str]:
    report = await verify(read_store)
    verdict = "相符 all equal" if report.good else "不符 differences"
    console.print(
        f"审计 audit verify: {report.entries} 流水 entries, {report.cases} 案件 cases, {report.tasks} 任务 tasks: {verdict}"
    )
    return [str(difference) for difference in report.differences]


async def _speed(console: Console, ledger: Ledger, outcome: Outcome) -> None:
    counts = await ledger.counts()
    median, worst, delivered = await ledger.delivery_latency()
    rate = counts.entries / outcome.seconds if outcome.seconds else 0.0
    console.print(
        f"{sum(counts.referrals.values())} 件移送 referrals, {counts.entries} 条报文 messages, {delivered} 个任务 tasks "
        f"in {outcome.seconds:.0f} s ({rate:.0f}/s, paced by the officers); "
        f"移送至对方系统入库 decision to the receiver's own system: p50 {median:.0f} ms, p99 {worst:.0f} ms"
    )


def _next_steps(console: Console, city: City) -> None:
    home = city.home.root
    console.print(
        f"各部门自己的库 each department's own storage: {home}/demo/<department>/ · 日志 logs: {home}/log/"
    )
    console.print(
        f"再看 look closer: [bold]fengqiao demo --keep[/], then [bold]fengqiao audit verify --home {home}[/], "
        f"[bold]fengqiao audit timeline CASE --operator 您的姓名 --purpose 为何查阅 --home {home}[/]"
    )

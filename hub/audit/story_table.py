"""The story of a case for a terminal of 80 columns or more, times in China."""

from datetime import datetime

from rich.table import Table

from hub.audit.event_words import OUTCOMES
from hub.audit.story import Story, StoryRow
from hub.domain.decision import CHINA


def story_table(story: Story) -> Table:
    """In Chinese; the types of messages by their names in the contract."""
    people = any(row.people is not None for row in story.rows)
    table = Table(title=f"案件 {story.case}")
    table.add_column("流水", no_wrap=True)
    table.add_column("收到\n法定", no_wrap=True)
    table.add_column("单位\n报文\n处理", overflow="fold")
    table.add_column("导致\n时限\n告知", overflow="fold")
    if people:
        table.add_column("人员", overflow="fold")
    for one in story.rows:
        named = "\n".join(f"{each.name} {each.words[0]}" for each in one.people or ())
        table.add_row(*_cells(one), *([named] if people else []), end_section=True)
    return table


def _cells(one: StoryRow) -> tuple[str, ...]:
    row = one.row
    reason = f": {row.reason}" if row.reason else ""
    clocks = [
        f"{_local(each.due)} {'推算，另定的期限不变' if each.beside else '起逾期'} {each.why[0] if each.why else ''}"
        for each in one.clocks
    ]
    told = [f"⇒ {to[0]} #{number}" for to, number in one.told]
    return (
        f"{row.shard}/{row.seq}",
        f"{_local(row.received_at)}\n{_local(row.legal_at)}",
        f"{one.by[0]}\n{row.type}\n{OUTCOMES.get(row.outcome, (row.outcome, ''))[0]}{reason}",
        "\n".join([*(words[0] for words in one.words), *clocks, *told]),
    )


def _local(text: str | None) -> str:
    return (
        "" if text is None else datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    )

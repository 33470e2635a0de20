"""Findings of a trial of rules, for people and as one JSON object a line: cases as they are found, the summary last."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import datetime

from pydantic_core import to_json
from rich.table import Table

from hub.audit.difference import Difference, Verdict
from hub.audit.try_rules import Finding, NotDecided, OneCase, Summary
from hub.domain.decision import CHINA

_SHORT = 12
_NO_WHY = "推算无从得知 derivation not at hand"


def finding_json(finding: Finding) -> str:
    """One line; `kind` is `case` or `not_decided`."""
    kind = "case" if isinstance(finding, OneCase) else "not_decided"
    return to_json({"kind": kind, **asdict(finding)}).decode()


def summary_json(summary: Summary) -> str:
    """The last line; its `kind` is `summary`."""
    said = {one.name: getattr(summary, one.name) for one in fields(summary)}
    return to_json({"kind": "summary", **said}).decode()


def case_table(finding: OneCase) -> Table:
    """For a terminal of 80 columns or more, times in China. `-`: recorded; `+`: under the rules that were tried."""
    table = Table(title=f"案件 {finding.case}", title_justify="left")
    table.add_column("流水\n收到", no_wrap=True)
    table.add_column("单位\n报文", overflow="fold")
    table.add_column("- 原 recorded / + 试 tried", overflow="fold")
    for one in finding.differences:
        place = "时钟 clock" if one.seq is None else f"{one.shard}/{one.seq}"
        table.add_row(
            f"{place}\n{_local(one.received_at)}",
            f"{one.by}\n{one.type}",
            "\n".join(_lines(one)),
            end_section=True,
        )
    return table


def not_decided_line(finding: NotDecided) -> str:
    """One line for the terminal."""
    what = "MISSING" if finding.missing else "not decided again"
    case = f", case {finding.case}" if finding.case else ""
    return f"{what}: shard {finding.shard}, seq {finding.seq}{case}: {finding.what}"


def summary_lines(summary: Summary) -> Iterator[str]:
    """What was looked at and what came out, for the terminal."""
    yield (
        f"{summary.messages} messages of {summary.cases} cases decided again "
        f"({_local(summary.since)} to {_local(summary.until)}, {summary.seconds:.1f} s); "
        f"{summary.repeated} repeated, {summary.not_kept} not kept readable, {summary.missing} missing"
    )
    for digest, count in sorted(summary.recorded.items()):
        same = " (those that were tried)" if digest == summary.tried else ""
        yield f"recorded under rules {digest[:_SHORT]}: {count} entries{same}"
    yield f"tried rules {summary.tried[:_SHORT]}"
    for what, counts in (("outcome", summary.outcomes), ("clock", summary.clocks), ("told", summary.told)):
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            yield f"  {what} {name}: {count}"
    if summary.differences:
        yield f"{summary.differences} differences in {summary.cases_differing} cases"
    else:
        yield "no differences"


def _lines(one: Difference) -> Iterator[str]:
    if one.recorded != one.tried:
        yield f"- {_verdict(one.recorded)}"
        yield f"+ {_verdict(one.tried)}"
    for change in one.due:
        for sign, at, why in (("-", change.before, change.why_before), ("+", change.after, change.why_after)):
            if at is not None:
                yield f"{sign} {change.clock} {change.owner} 到期 due {_local(at)}: {why or _NO_WHY}"
    yield from (f"- {text}" for text in one.lost)
    yield from (f"+ {text}" for text in one.gained)
    for told in one.told:
        if told.how == "otherwise":
            texts = (f"{name} {old} → {new}" for name, (old, new) in told.fields.items())
            yield f"~ ⇒ {told.department} {told.type}: {', '.join(texts)}"
        else:
            yield f"{'+' if told.how == 'more' else '-'} ⇒ {told.department} {told.type}"


def _verdict(verdict: Verdict) -> str:
    reason = f" {verdict.reason}" if verdict.reason else ""
    allowed = f" (allowed: {', '.join(verdict.allowed)})" if verdict.allowed else ""
    return f"{verdict.outcome}{reason}{f': {verdict.detail}' if verdict.detail else ''}{allowed}"


def _local(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if text else "–"

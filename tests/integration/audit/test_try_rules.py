"""What-if: other rules tried on recorded messages. The same rules change nothing; others, what they should, case by case."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import yaml
from typer.testing import CliRunner

from hub.audit.try_rules import Finding, NotDecided, OneCase, RuleTrial, Summary
from hub.bus.ports import OutRecord
from hub.bus.topics import DESK
from hub.cli import app
from hub.domain.decision import moment
from hub.domain.rules import Rules
from hub.home import Home
from hub.rules.loader import HERE, load_rules
from hub.store.pool import Pool
from hub.store.reading import ReadStore
from hub.store.upgrade import upgrade
from schemas.identifiers import derived_id, mint_case_id
from schemas.partitioner import partition_of
from tests.support.core import DIRECTORY, Core, Ids, papers, postgres_stores
from tests.support.simulated import journals, keep

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SHARDS = 2


async def tried(
    dsn: str, rules: Rules, now: Rules | None = None, since: datetime = LONG_AGO
) -> tuple[list[Finding], Summary]:
    """All that a trial finds."""
    store, trial = ReadStore(dsn), RuleTrial(rules, now or load_rules(DIRECTORY), since)
    await store.start()
    try:
        async with store.snapshot() as view:
            return [finding async for finding in trial.run(view, lambda *step: None)], trial.summary
    finally:
        await store.stop()


def with_file(place: Path, name: str, **changes: object) -> Rules:
    """The city's rules with one file of the hub's own changed: `changes` by key of the top level."""
    file = place / name
    file.parent.mkdir(parents=True, exist_ok=True)
    data = yaml.safe_load((HERE / name).read_text("utf-8"))
    file.write_text(yaml.safe_dump({**data, **changes}, allow_unicode=True), "utf-8")
    return load_rules(DIRECTORY, overlay=place)


@pytest.mark.parametrize("seeds", [range(3, 5)])
async def test_the_same_rules_change_nothing_of_a_busy_store(database: str, seeds: range) -> None:
    rules = load_rules(DIRECTORY)
    runs = await asyncio.to_thread(lambda: [shard for seed in seeds for shard in journals(seed, rules)])
    entries = await keep(database, runs)
    findings, summary = await tried(database, rules)
    assert [one for one in findings if isinstance(one, OneCase)] == []
    assert [one for one in findings if isinstance(one, NotDecided) and one.missing] == []
    assert entries > 500
    assert summary.entries == entries
    assert summary.messages > 400
    assert summary.messages + summary.repeated + summary.not_kept <= entries
    assert dict(summary.recorded) != {}


@pytest.fixture
async def core(database: str) -> AsyncIterator[Core]:
    """Three cases: two mediations, of 2 March and of 2 April, and a request to approve an arrest."""
    await upgrade(database, SHARDS)
    pool = Pool(database, size=8)
    await pool.start()
    made = Core(postgres_stores(pool, SHARDS))
    await _live(made)
    yield made
    await pool.stop()


FIRST, SECOND = mint_case_id("petition", "p1"), mint_case_id("petition", "p2")
ARREST = mint_case_id("public_security", "a1")


async def _live(core: Core) -> None:
    first = core.raise_("p1")
    for step in ("task.received", "task.signed", "task.accepted"):
        core.step(first, "justice", step)
    arrest = raise_arrest(core)
    for step in ("task.received", "task.signed", "task.accepted"):
        core.step(arrest, "procuratorate", step)
    core.step(arrest, "procuratorate", "task.replied", reply="decision", outcome="approved")
    await strike(core)
    await until(core, "2026-04-02T09:00:00+08:00")
    second = core.raise_("p2", legal_at="2026-04-02T09:00:00+08:00")
    core.step(second, "justice", "task.received", received_at="2026-04-02T09:00:00+08:00")
    await until(core, "2026-04-03T08:00:00+08:00")
    given = {"reply": "mediation_result", "outcome": "agreement", "legal_at": "2026-04-02T17:00:00+08:00"}
    core.step(first, "justice", "task.replied", **given)
    await until(core, "2026-04-04T08:00:00+08:00")


def raise_arrest(core: Core) -> Ids:
    data = {
        "legal_at": "2026-03-02T09:00:00+08:00",
        "flow": "F1",
        "kind": "request",
        "local_number": "a1",
        "title": "提请批准逮捕",
        "parties": [{"role": "suspect", "name": "测试员乙"}],
        "papers": papers("arrest_request", "case_file"),
        "lead": "procuratorate",
    }
    core.say("public_security", "referral.raised", ARREST, data, message="raise-a1")
    return Ids(
        ARREST,
        derived_id("public_security", "raise-a1", "referral"),
        derived_id("public_security", "raise-a1", "task"),
    )


async def until(core: Core, moment: str) -> None:
    """Let the broker's clock go on, the hub's with it."""
    await strike(core)
    core.at = datetime.fromisoformat(moment)
    await strike(core)


async def strike(core: Core) -> None:
    await core.read()
    while await core.strike():
        await core.read()


def ten_days(place: Path) -> Rules:
    """The rules with ten days for a mediation in place of a month."""
    civil = yaml.safe_load((HERE / "deadlines" / "civil.yaml").read_text("utf-8"))["clocks"]
    clock = {**next(one for one in civil if one["id"] == "J23"), "amount": 10, "unit": "D"}
    return with_file(place, "deadlines/civil.yaml", clocks=[clock])


def rules_changed(core: Core, case: str) -> OutRecord:
    """What the timekeeper says to a case after the core's rules were put in force."""
    name, data = derived_id("hub", case, "rules/changed"), {"rules": core.rules.digest}
    value, headers = core.signer.message(name, "hub.rules_changed.v1", case, moment(core.at), data)
    return OutRecord(core.names.hub(DESK), partition_of(case, SHARDS), case.encode(), value, headers)


def cases(findings: list[Finding]) -> dict[str, OneCase]:
    return {one.case: one for one in findings if isinstance(one, OneCase)}


async def test_the_same_rules_change_nothing_where_clocks_have_spoken(core: Core, database: str) -> None:
    said = [event.e for entry in await core.entries() for event in entry.events]
    assert {"deadline_breached", "breach_annulled", "receipt_missed", "deadline_warned"} <= set(said)
    findings, summary = await tried(database, core.rules)
    assert findings == []
    assert summary.entries == len(await core.entries())


async def test_another_time_limit_is_due_on_another_day_and_speaks_then(
    core: Core, database: str, tmp_path: Path
) -> None:
    rules = ten_days(tmp_path)
    before = await entries_bytes(database)
    findings, summary = await tried(database, rules, core.rules)
    assert await entries_bytes(database) == before
    assert list(cases(findings)) == [FIRST]
    found = cases(findings)[FIRST].differences
    (change,) = found[0].due
    assert (change.clock, change.before, change.after) == (
        "J23",
        "2026-04-02T16:00:00.000Z",
        "2026-03-12T16:00:00.000Z",
    )
    assert change.why_before is not None
    assert "1 个月" in change.why_before
    assert change.why_after is not None
    assert "10 日" in change.why_after
    # The clock that was recorded says nothing; the one that was tried speaks on its own days.
    clock_said = [(one.seq is None, one.received_at) for one in found if one.type == "hub.deadline_due.v1"]
    assert (True, "2026-03-12T16:00:00.000Z") in clock_said
    assert sum(by_trial for by_trial, _ in clock_said) == 2
    # Recorded, the answer of 2 April annulled the breach; tried, it was late and nothing annuls it.
    last = found[-1]
    assert last.type == "task.replied.v1"
    assert any("breach_annulled" in text for text in last.lost)
    assert summary.clocks["J23"] == 1


async def test_a_span_with_a_change_of_rules_differs_only_while_the_rules_did(
    core: Core, database: str, tmp_path: Path
) -> None:
    third = core.raise_("p3")
    core.step(third, "justice", "task.received")
    for step in ("task.signed", "task.accepted"):
        core.step(third, "justice", step, legal_at="2026-03-27T09:00:00+08:00")
    await core.read()
    old, core.rules = core.rules, ten_days(tmp_path)
    core.bus.append(rules_changed(core, third.case))
    await core.read()
    month, days = "2026-04-27T16:00:00.000Z", "2026-04-07T16:00:00.000Z"
    for rules, type_, before, after in (
        (core.rules, "task.accepted.v1", month, days),
        (old, "hub.rules_changed.v1", days, month),
    ):
        findings, _ = await tried(database, rules, core.rules)
        moved = [
            (one.type, change.before, change.after)
            for one in cases(findings)[third.case].differences
            for change in one.due
            if change.clock == "J23"
        ]
        assert moved == [(type_, before, after)]
        # Where both courses are due alike by now, the change itself is none.
        if rules is core.rules:
            said = cases(findings)[third.case].differences
            assert [one.type for one in said if one.type == "hub.rules_changed.v1"] == []


async def test_another_flow_refuses_what_it_refuses_and_what_builds_on_it(
    core: Core, database: str, tmp_path: Path
) -> None:
    wanted = yaml.safe_load((HERE / "flows" / "F1.yaml").read_text("utf-8"))["papers"]
    rules = with_file(tmp_path, "flows/F1.yaml", papers=[{**paper, "required": True} for paper in wanted])
    findings, summary = await tried(database, rules, core.rules)
    assert list(cases(findings)) == [ARREST]
    first, *later = cases(findings)[ARREST].differences
    assert (first.recorded.outcome, first.tried.outcome, first.tried.reason) == (
        "decided",
        "refused",
        "paper_missing",
    )
    assert {told.department for told in first.told if told.how == "less"} == {"procuratorate"}
    assert [(one.type, one.tried.reason) for one in later if one.type.startswith("task.")] == [
        ("task.received.v1", "early"),
        ("task.signed.v1", "early"),
        ("task.accepted.v1", "early"),
        ("task.replied.v1", "early"),
    ]
    assert summary.outcomes["decided → refused paper_missing"] == 1
    # What was received before the moment given stays as it was.
    since = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    findings, later_on = await tried(database, rules, core.rules, since)
    assert findings == []
    assert 0 < later_on.entries < summary.entries


async def test_another_calendar_moves_what_lies_there_only(core: Core, database: str, tmp_path: Path) -> None:
    days = yaml.safe_load((HERE / "calendar" / "2026.yaml").read_text("utf-8"))["holidays"]
    longer = [
        {**one, "from": datetime(2026, 4, 3, tzinfo=UTC).date()} if one["en"] == "Tomb-sweeping Day" else one
        for one in days
    ]
    findings, _ = await tried(
        database, with_file(tmp_path, "calendar/2026.yaml", holidays=longer), core.rules
    )
    assert list(cases(findings)) == [SECOND]
    changes = [change for one in cases(findings)[SECOND].differences for change in one.due]
    moved = [(change.clock, change.before, change.after) for change in changes if change.after]
    assert moved == [("signed", "2026-04-03T16:00:00.000Z", "2026-04-07T16:00:00.000Z")]
    assert changes[0].why_after == "F20 within.signed: 1 WD"
    # What is not late is not supervised: nobody owes an answer, and nothing stands.
    gone = [(change.clock, change.before) for change in changes if not change.after]
    assert set(gone) == {
        ("supervision_answered", "2026-04-09T16:00:00.000Z"),
        ("supervision_stands", "2026-04-13T16:00:00.000Z"),
    }
    assert len(gone) == len(set(gone))


async def test_what_is_missing_or_unreadable_is_named(core: Core, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        "UPDATE journal SET entry = 'x' WHERE case_id = $1 AND entry LIKE $2", ARREST, b"%replied%"
    )
    gone = await connection.fetchrow(
        "DELETE FROM journal WHERE case_id = $1 AND entry LIKE $2 RETURNING shard, seq", FIRST, b"%accepted%"
    )
    await connection.close()
    findings, summary = await tried(database, core.rules)
    missing = [one for one in findings if isinstance(one, NotDecided) and one.missing]
    assert {one.case for one in missing} == {None, FIRST, ARREST}
    assert any(
        one.shard == gone["shard"] and one.case is None and "audit verify" in one.what for one in missing
    )
    assert summary.missing == len(missing)


async def entries_bytes(dsn: str) -> list[object]:
    """Everything that the store holds of the journal and of the cases."""
    connection = await asyncpg.connect(dsn)
    try:
        return [
            *await connection.fetch("SELECT * FROM journal ORDER BY shard, seq"),
            *await connection.fetch("SELECT * FROM case_state ORDER BY case_id"),
            *await connection.fetch("SELECT * FROM deadline ORDER BY id"),
        ]
    finally:
        await connection.close()


async def test_the_command_says_it_in_a_table_in_json_and_by_its_exit_code(
    core: Core, database: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.prepare(*home.founded(DIRECTORY, SHARDS, DIRECTORY))
    with_file(tmp_path / "rules", "flows/F1.yaml", kinds=["transfer"])
    command = ["rules", "try", "--since", "2026-03-01", "--home", str(home.root), "--database", database]
    for more, code in (([], 0), (["--rules", str(tmp_path / "rules")], 1)):
        told = await asyncio.to_thread(CliRunner().invoke, app, [*command, *more])
        assert told.exit_code == code, told.output
    assert ARREST in told.stdout
    assert "+ refused" in told.stdout
    assert "differences in 1 cases" in told.stdout
    told = await asyncio.to_thread(
        CliRunner().invoke, app, [*command, "--rules", str(tmp_path / "rules"), "--json"]
    )
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["case", "summary"]
    assert lines[0]["case"] == ARREST
    assert lines[1]["cases_differing"] == 1
    told = await asyncio.to_thread(CliRunner().invoke, app, ["rules", "try", "--since", "soon"])
    assert told.exit_code == 2

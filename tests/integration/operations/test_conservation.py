"""raised = open + closed + returned + withdrawn + refused, from two sides."""

from datetime import date, timedelta

import asyncpg
import pytest

from hub.operations.conservation import (
    Cohort,
    CohortLine,
    UndecidedLine,
    check_conservation,
    conservation,
    undecided,
)
from tests.support.city import START, City

DAY = date(2026, 3, 2)


def _by_cohort(lines: list[CohortLine]) -> dict[Cohort, CohortLine]:
    return {(line.raised_on, line.sender, line.flow): line for line in lines}


async def _history(city: City) -> None:
    closed = city.raise_referral("A1")
    back = city.raise_referral("A2")
    gone = city.raise_referral("A3")
    city.raise_referral("A4")
    city.raise_referral("A5", lead="court")
    city.work(closed, pause=timedelta(minutes=1))
    city.confirm(closed)
    city.work(back, "task.received", pause=timedelta(minutes=1))
    city.step(back, "task.return_proposed", reason_code="not_in_remit", reason="不属本院管辖")
    city.at += timedelta(minutes=1)
    city.step(back, "return.decided", back.sender, agreed=True)
    gone_data = {"referral": gone.referral, "legal_at": "2026-03-02T09:00:00+08:00", "reason": "重复移送"}
    city.say(gone.sender, "referral.withdrawal_requested", gone.case, gone_data)
    city.at = START + timedelta(hours=20)
    city.raise_referral("A6")


async def test_a_cohort_is_whole_and_keeps_its_day(database: str) -> None:
    async with City(database) as city:
        await _history(city)
        await city.drain()
        lines = _by_cohort(await conservation(city.store))
        first = lines[DAY, "public_security", "F1"]
        assert (first.raised, first.open, first.closed, first.returned, first.withdrawn) == (4, 1, 1, 1, 1)
        assert lines[DAY, "public_security", ""].refused == 1
        assert lines[DAY + timedelta(days=1), "public_security", "F1"].open == 1
        assert all(line.holds for line in lines.values())
        assert await check_conservation(city.store) == []


async def test_both_sides_are_of_where_the_projector_stands(database: str) -> None:
    async with City(database) as city:
        await _history(city)
        await city.drain()
        city.raise_referral("A7")
        await city.read()
        assert await check_conservation(city.store) == []
        assert sum(line.raised for line in await conservation(city.store)) == 6


async def test_what_waits_is_a_line_of_its_own(database: str) -> None:
    async with City(database) as city:
        first = city.raise_referral("A1")
        city.raise_referral("F-1", "F20", case=first.case)
        city.raise_referral("A2", case="5e0c0f2c-8d6c-5b9c-9b4f-5d3a1f0e2a11")
        city.junk("court")
        city.junk("court")
        await city.drain()
        assert await undecided(city.store, city.names) == [
            UndecidedLine(DAY, "court", 0, 2),
            UndecidedLine(DAY, "public_security", 1, 0),
        ]
        assert await check_conservation(city.store) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM referral WHERE state = 'closed'", "the table nothing"),
        (
            "UPDATE referral SET state = 'closed' WHERE state = 'returned'",
            "the journal says returned, the table",
        ),
        (
            "UPDATE referral SET raised_on = '2026-01-01' WHERE state = 'open'",
            "raised 4 is not open 0 + closed 1",
        ),
        (
            "INSERT INTO referral SELECT 'another', case_id, shard, flow, kind, sender, lead, local_number, state, "
            "outcome, pending, legal_at, raised_at, raised_on, ended_at FROM referral WHERE state = 'withdrawn'",
            "the journal says nothing",
        ),
    ],
)
async def test_a_table_that_lost_count_is_found(database: str, statement: str, problem: str) -> None:
    async with City(database) as city:
        await _history(city)
        await city.drain()
        connection = await asyncpg.connect(database)
        await connection.execute(statement)
        await connection.close()
        problems = await check_conservation(city.store)
        assert any(problem in each for each in problems), problems

"""Who has what of a case."""

from datetime import timedelta

import pytest

from hub.operations.case_view import UnknownCase, case_view
from tests.support.city import START, City


async def test_a_case_is_found_by_any_of_its_names(database: str) -> None:
    async with City(database) as city:
        raised = city.raise_referral("A1")
        city.work(raised, "task.signed", pause=timedelta(hours=1))
        await city.drain()
        number = f"收{raised.referral[:8]}"
        for name in (raised.case, "A1", number, raised.referral, raised.task):
            view = await case_view(city.store, name)
            (line,) = view.tasks
            assert view.case == raised.case
            assert (line.department, line.state, line.since) == (
                "procuratorate",
                "signed",
                START + timedelta(hours=2),
            )
            assert (line.sender, line.sender_number, line.numbers) == ("public_security", "A1", (number,))


async def test_no_case_and_several_are_named(database: str) -> None:
    async with City(database) as city:
        cases = {city.raise_referral("同号").case, city.raise_referral("同号", "F20").case}
        await city.drain()
        with pytest.raises(UnknownCase, match="'nobody' is not known"):
            await case_view(city.store, "nobody")
        with pytest.raises(UnknownCase) as raised:
            await case_view(city.store, "同号")
        assert all(case in str(raised.value) for case in cases)


async def test_the_reader_can_not_write_and_sees_no_key(database: str) -> None:
    async with City(database) as city:
        async with city.store.snapshot() as view:
            with pytest.raises(Exception, match="read-only transaction"):
                await view.rows("DELETE FROM task RETURNING id")
        async with city.store.snapshot() as view:
            with pytest.raises(Exception, match="permission denied for table case_key"):
                await view.rows("SELECT wrapped FROM case_key")

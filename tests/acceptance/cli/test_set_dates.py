"""`fengqiao deadline show|set|lift`: an operator's date, as a person at a terminal gives it."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.cli.command import LOOK, Hub, until
from tests.acceptance.cli.test_run import refer

WHY = ("--reason", "等待鉴定结论", "--article", "信访工作条例第34条", "--operator")
BY = (*WHY, "li_2")


@pytest.fixture(autouse=True)
def nothing_left_running(hub: Hub) -> Iterator[None]:
    yield
    hub.stop_all()


def shown(hub: Hub, case: str) -> list[dict[str, Any]]:
    said = hub("deadline", "show", case, *LOOK, "--json")
    assert said.code == 0, said.error
    found: list[dict[str, Any]] = json.loads(said.out)
    return found


async def test_an_operator_sets_a_date_and_takes_it_back(hub: Hub) -> None:
    one = hub.run("all")
    one.says("are ours")
    case = next(iter(await refer(hub, 1)))
    until(lambda: bool(shown(hub, case)), lambda: "projected")
    before = shown(hub, case)[0]
    number = str(before["number"])
    assert before["computed"] is None

    assert hub("operator", "new", "wang_1", "--may", "hold").code == 0
    said = hub("deadline", "set", case, number, "--until", "2099-12-31", *WHY, "wang_1")
    assert (said.code, "not_authorised" in said.error) == (2, True)
    assert hub("operator", "new", "li_2", "--may", "date").code == 0
    said = hub("deadline", "set", case, number, "--until", "bald", *BY)
    assert (said.code, "give a day" in said.error) == (2, True)
    assert "date_passed" in hub("deadline", "set", case, number, "--until", "2020-01-01", *BY).error
    assert "unknown_deadline" in hub("deadline", "set", case, "99", "--until", "2099-12-31", *BY).error

    said = hub("deadline", "set", case, number, "--until", "2099-12-31", *BY)
    assert said.code == 0, said.error
    assert f"time limit {number} is due 2100-01-01 00:00" in said.out
    until(lambda: shown(hub, case)[0]["computed"] is not None, lambda: "projected")
    after = shown(hub, case)[0]
    assert (after["due"], after["computed"]) == ("2099-12-31T16:00:00Z", before["due"])
    assert "推算" in hub("deadline", "show", case, *LOOK).out
    assert "推算" in hub("lists", "duties").out
    timeline = hub("audit", "timeline", case, *LOOK)
    assert "date_set" in timeline.out

    assert hub("deadline", "lift", case, number, *BY).code == 0
    until(lambda: shown(hub, case)[0]["computed"] is None, lambda: "projected")
    assert shown(hub, case)[0]["due"] == before["due"]
    assert one.end(signal.SIGTERM) == 0
    verified = hub("audit", "verify")
    assert verified.code == 0, verified.out

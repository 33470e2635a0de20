"""Officers, plan and checker together: a small city lives, and every department holds what it must."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.core.checker import Holding, compare, expected
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.officers import Officers
from deploy.sandbox.core.plan import ASSIGN_TITLE, CUSTODY_TITLE, MEDIATION_TITLE, plan
from deploy.sandbox.core.policies import Policies
from deploy.sandbox.core.records import Record, Records
from tests.unit.sandbox.courier import Courier

SEED = 7
POLICIES = Policies.load()


class City:
    """Five departments on files in one directory, with a courier between them."""

    def __init__(self, home: Path, n: int, seed: int = SEED) -> None:
        self.home, self.seed, self.plan = home, seed, plan(seed, n)
        self.records = {name: Records(home / f"{name}.db", name) for name in self.plan}
        self.courier = Courier(self.records)
        self.sit_down()

    def sit_down(self) -> None:
        """New officers, as after a restart."""

        self.officers = {
            name: Officers(self.records[name], POLICIES, self.seed, plan=matters)
            for name, matters in self.plan.items()
        }

    def round(self) -> bool:
        acted = [officers.act_once() for officers in self.officers.values()]
        return self.courier.carry() or any(acted)

    def live(self) -> None:
        while self.round():
            pass

    def holdings(self) -> dict[str, Holding]:
        return {name: Holding.of(records) for name, records in self.records.items()}

    def problems(self) -> list[str]:
        holdings = self.holdings()
        return compare(expected(self.seed, self.plan, holdings), holdings)

    def of_title(self, department: str, flow: str, title: str) -> list[Record]:
        records = self.records[department].all_records()
        return [one for one in records if one.flow == flow and one.title == title]

    def kinds(self, department: str, flow: str, title: str) -> list[list[str]]:
        found = self.of_title(department, flow, title)
        return [[step.kind for step in self.records[department].steps_of(one.number)] for one in found]

    def close(self) -> None:
        for records in self.records.values():
            records.close()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    city = City(tmp_path_factory.mktemp("city"), 150)
    city.live()
    yield city
    city.close()


def test_no_officer_takes_a_step_that_the_catalogue_forbids(city: City) -> None:
    assert city.courier.problems == []


def test_every_department_holds_what_it_must_and_owes_nothing(city: City) -> None:
    assert city.problems() == []


def test_story_a_assigned_returned_reassigned_confirmed(city: City) -> None:
    handled = ["sign", "accept", "start", "reply", "reply"]
    assert city.kinds("court", "F21", ASSIGN_TITLE) == [handled]
    assert city.kinds("public_security", "F21", ASSIGN_TITLE) == [["sign", "propose_return"]]
    assert city.kinds("justice", "F21", ASSIGN_TITLE) == [handled]
    assert city.kinds("procuratorate", "F21", ASSIGN_TITLE) == [["sign"]]
    (office,) = city.kinds("petition", "F21", ASSIGN_TITLE)
    assert office[:2] == ["raise", "decide_return"]
    assert office.count("confirm") == 2


def test_stories_b_and_c_one_case_from_arrest_to_custody(city: City) -> None:
    flows = {
        ("public_security", "F1"): ["raise", "confirm"],
        ("procuratorate", "F1"): ["sign", "accept", "start", "reply"],
        ("public_security", "F4"): ["raise"],
        ("procuratorate", "F4"): ["sign", "accept", "start", "reply", "reply"],
        ("procuratorate", "F5"): ["raise"],
        ("public_security", "F5"): ["sign", "accept", "start", "reply"],
        ("procuratorate", "F6"): ["raise"],
        ("court", "F6"): ["sign", "accept", "start", "reply", "reply"],
        ("court", "F9"): ["raise"],
        ("public_security", "F9"): ["sign", "accept", "start", "reply", "reply"],
        ("procuratorate", "F9"): ["sign"],
    }
    assert {key: city.kinds(*key, CUSTODY_TITLE) for key in flows} == {
        key: [one] for key, one in flows.items()
    }
    cases = {city.of_title(*key, CUSTODY_TITLE)[0].ext_case for key in flows}
    assert len(cases) == 1
    decided = city.of_title("procuratorate", "F4", CUSTODY_TITLE)[0]
    last = city.records["procuratorate"].steps_of(decided.number)[-1]
    supplement = city.of_title("procuratorate", "F5", CUSTODY_TITLE)[0]
    report = city.records["procuratorate"].received_log(number=supplement.number)[-1]
    assert last.fields["outcome"] == "prosecute"
    assert last.at >= report.at


def test_story_d_mediated_and_confirmed_by_the_court(city: City) -> None:
    assert city.kinds("court", "F17", MEDIATION_TITLE) == [["raise", "confirm"]]
    assert city.kinds("court", "LSC", MEDIATION_TITLE) == [["sign", "accept", "start", "reply"]]
    assert city.kinds("petition", "LSC", MEDIATION_TITLE) == [["sign"]]
    raised = city.of_title("justice", "LSC", MEDIATION_TITLE)[0]
    received = city.of_title("court", "LSC", MEDIATION_TITLE)[0]
    assert raised.ext_case == received.ext_case == city.of_title("court", "F17", MEDIATION_TITLE)[0].ext_case


def test_numbers_have_no_gaps(city: City) -> None:
    numbers = [record.number for record in city.records["petition"].all_records()]
    year = numbers[0][3:7]
    assert numbers == [f"XF-{year}-{n:06d}" for n in range(1, len(numbers) + 1)]


def test_the_same_seed_lives_the_same_life(city: City, tmp_path: Path) -> None:
    again = City(tmp_path, 150)
    again.live()

    def life(one: City) -> dict[str, list[tuple[str, str, list[str]]]]:
        return {
            name: sorted(
                (record.flow, record.title, [step.kind for step in records.steps_of(record.number)])
                for record in records.all_records()
                if record.direction == "received"
            )
            for name, records in one.records.items()
        }

    assert life(again) == life(city)
    again.close()


def test_officers_who_are_replaced_after_every_round_do_nothing_twice(tmp_path: Path) -> None:
    city = City(tmp_path, 20)
    while city.round():
        city.sit_down()
    assert city.courier.problems == []
    assert city.problems() == []
    city.close()


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("delete from received where kind = 'replied' and ordinal > 5", "never got"),
        (
            "update record set content = replace(content, '噪声', '噪音') where direction = 'received'",
            "held 0 times",
        ),
        ("update record set flow = 'F22' where flow = 'F21' and direction = 'received'", "held 0 times"),
    ],
)
def test_the_checker_sees_what_is_missing_or_changed(tmp_path: Path, damage: str, named: str) -> None:
    city = City(tmp_path, 12)
    city.live()
    assert city.problems() == []
    for name in city.records:
        with sqlite3.connect(tmp_path / f"{name}.db") as db:
            db.execute(damage)
        db.close()
    assert any(named in problem for problem in city.problems())
    city.close()


def test_the_checker_sees_a_task_that_came_twice_and_one_that_rests(tmp_path: Path) -> None:
    city = City(tmp_path, 3)
    city.live()
    task = city.of_title("court", "F21", ASSIGN_TITLE)[0]
    references = {"ext_case": "c", "ext_referral": "r", "ext_task": "another", "role": "lead", "flow": "F21"}
    sender = {"sender": "petition", "sender_number": task.content["sender_number"]}
    city.records["court"].receive("task", "twice", {**task.content, **references, **sender})
    problems = city.problems()
    assert any("held 2 times, must be 1" in problem for problem in problems)
    assert any("rests in state 'received'" in problem for problem in problems)
    city.close()


def sent_back(city: City, department: str) -> list[str]:
    """The tasks that the hub gave back to a department's officers, by number."""
    log = city.records[department].received_log()
    return [str(one.number) for one in log if one.kind == "rework" and "actor" not in one.fields]


def test_a_follow_up_that_is_not_satisfied_has_the_task_done_again_once(city: City) -> None:
    back = {name: sent_back(city, name) for name in city.records}
    assert sum(map(len, back.values())) > 0
    for name, numbers in back.items():
        assert len(set(numbers)) == len(numbers)
        for number in numbers:
            finals = [s for s in city.records[name].steps_of(number) if s.fields.get("outcome")]
            assert len(finals) > 1


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("delete from received where kind = 'rework' and fields not like '%actor%'", "never got ['rework']"),
        ("delete from step where kind = 'followup'", "sent back 1 times, must be 0"),
    ],
)
def test_the_checker_knows_when_the_hub_sends_back(tmp_path: Path, damage: str, named: str) -> None:
    city = City(tmp_path, 60, seed=1)
    city.live()
    assert city.problems() == []
    for name in city.records:
        with sqlite3.connect(tmp_path / f"{name}.db") as db:
            db.execute(damage)
        db.close()
    assert any(named in problem for problem in city.problems())
    city.close()


def test_the_plan_is_pure_and_prints_and_reads_the_same() -> None:
    assert plan(3, 40) == plan(3, 40)
    assert plan(3, 40) != plan(4, 40)
    for matter in (matter for matters in plan(3, 40).values() for matter in matters):
        assert Matter.from_json(matter.to_json()).to_json() == matter.to_json()

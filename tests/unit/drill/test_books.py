"""The drill's books: the hub's word twice, and steps that did not arrive because the hub refused them."""

from pathlib import Path

import pytest

from deploy.drill.books import Books
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.records import Records

CLOSED = {"state": "closed", "outcome": "settled"}
BACK = {"reason": "没有答复"}


@pytest.mark.parametrize(
    ("between", "doubled"),
    [
        ([], 1),
        ([("rework", {**BACK, "actor": "petition"})], 0),
        ([("rework", BACK), ("note", {"type": "referral.reopened.v1"})], 0),
        ([("note", {"message_type": "referral.reopened.v1"})], 0),
        ([("note", {"type": "followup.recorded.v1"})], 1),
    ],
)
def test_a_matter_is_closed_again_only_after_it_was_open_again(
    tmp_path: Path, between: list[tuple[str, dict[str, str]]], doubled: int
) -> None:
    records = Records(tmp_path / "records.db", "court")
    ids = {"ext_case": "c", "ext_referral": "r", "ext_task": "t"}
    records.receive("task", "d0", {**ids, "role": "lead", "flow": "F21", "title": "示例"})
    for number, (kind, fields) in enumerate([("closed", CLOSED), *between, ("closed", CLOSED)], 1):
        records.receive(kind, f"d{number}", {**ids, **fields})
    records.close()
    (line,) = Books(1, {}, {"court": tmp_path}).count().lines
    assert line.doubled == doubled


IDS = {"ext_case": "c", "ext_referral": "r", "ext_task": "t"}
DAYS = ["2026-03-02T09:00:00+08:00", "2026-03-03T09:00:00+08:00"]


@pytest.mark.parametrize(
    ("refused", "arrived", "acknowledged", "found"),
    [
        ([], DAYS, 2, 2),
        ([], DAYS[:1], 2, 1),
        (["task.signed.v1"], DAYS[:1], 1, 1),
        # Whichever of the two it was.
        (["task.signed.v1"], DAYS[1:], 1, 1),
        (["task.signed.v1"], [], 1, 0),
        (["task.signed.v1"], DAYS, 2, 2),
        (["task.accepted.v1"], DAYS[:1], 2, 1),
        (["task.signed.v1", "task.signed.v1"], [], 0, 0),
    ],
)
def test_what_the_hub_refused_had_not_to_arrive(
    tmp_path: Path, refused: list[str], arrived: list[str], acknowledged: int, found: int
) -> None:
    petition = Records(tmp_path / "petition" / "records.db", "petition")
    court = Records(tmp_path / "court" / "records.db", "court")
    petition.raise_matter(Matter("k", "F21", "forward", "示例", "court"))
    number = court.receive("task", "d0", {**IDS, "role": "lead", "flow": "F21", "title": "示例"})
    assert number is not None
    for day in DAYS:
        court.step(number, "sign", legal_at=day)
    for n, type_ in enumerate(refused):
        court.receive("refused", f"no{n}", {**IDS, "type": type_, "reason": "illegal_step"})
    for n, day in enumerate(arrived):
        petition.receive(
            "signed", f"s{n}", {**IDS, "number": "XF-2026-000001", "actor": "court", "legal_at": day}
        )
    petition.close()
    court.close()
    lines = Books(1, {}, {name: tmp_path / name for name in ("petition", "court")}).count().lines
    (line,) = (one for one in lines if one.department == "petition")
    assert (line.acknowledged, line.found, line.unexplained) == (acknowledged, found, 0)

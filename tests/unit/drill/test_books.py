"""The drill's books: the same word of the hub twice is too often, unless the matter was open again in between."""

from pathlib import Path

import pytest

from deploy.drill.books import Books
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

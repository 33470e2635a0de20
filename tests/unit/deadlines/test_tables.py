"""Every clock of the two tables is there, and says what its row says. `tables.tsv` is the tables as they were given."""

import csv
import re
from pathlib import Path

import pytest

from hub.domain.clock import natural
from hub.domain.clock_set import Clocks

with Path(__file__).with_name("tables.tsv").open(encoding="utf-8") as text:
    ROWS = list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))
# The text gives the longer time of an hour clock in days; no row of its own.
OTHERWISE = {
    "C3a": {"cap": "72H", "extension_amount": "48", "extension_unit": "H", "extension_max_times": "1"}
}


def test_all_clocks_of_the_tables_and_no_others(clocks: Clocks) -> None:
    assert len(ROWS) == 273
    assert list(clocks.by_id) == sorted((row["id"] for row in ROWS), key=natural)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_clock_says_what_its_row_says(clocks: Clocks, row: dict[str, str]) -> None:
    clock, row = clocks.get(row["id"]), row | OTHERWISE.get(row["id"], {})
    extension = clock.extension
    said = {
        "title_zh": clock.title.zh,
        "from_role": "|".join(clock.from_),
        "to_role": "|".join(clock.to),
        "owner": clock.bound,
        "amount": "" if clock.amount is None else str(clock.amount),
        "unit": clock.unit or "",
        "basis": clock.basis,
        "custody_sensitive": "yes" if clock.custody else "no",
        "holiday_roll": "yes" if clock.roll else "no",
        "verified": "yes" if clock.verified else "no",
    }
    wanted = {name: row[name] for name in said}
    wanted["holiday_roll"] = row["holiday_roll"] or "no"
    assert said == wanted
    if row["extension_amount"]:
        assert extension is not None
        assert (str(extension.each), extension.unit) == (row["extension_amount"], row["extension_unit"])
        # A superior court may extend again after the president of the court has, without a number.
        if clock.id != "J4":
            assert str(extension.times or "") == row["extension_max_times"]
    elif extension is not None:
        assert extension.each is None
    if times := re.fullmatch(r"(\d)次", row["cap"]):
        assert clock.counter is not None
        assert clock.counter.at_most == int(times[1])
    elif row["cap"].startswith("自作出之日5年"):
        assert clock.cap is not None
        assert (str(clock.cap.span), str(clock.cap.unless["real_estate"])) == ("5 Y", "20 Y")
    elif row["cap"]:
        assert clock.cap is not None
        assert re.sub(" ", "", str(clock.cap.span)) == row["cap"]


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_clock_cites_what_its_row_cites(clocks: Clocks, row: dict[str, str]) -> None:
    sources = clocks.get(row["id"]).sources
    names = [clocks.laws[source.law].title.zh for source in sources]
    given = row["law"].replace("刑诉解释(2021)", "最高人民法院关于适用刑事诉讼法的解释(2021)")
    assert names == list(dict.fromkeys(given.split("；") if given else []))
    for article in re.findall(r"\d+", row["article"]):
        assert any(article in (source.article or "") for source in sources)

"""Reports that departments owe regularly 定期报告 as data: who owes which report on which calendar period, to whom, by when."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from pydantic import Field

from hub.domain.ladder import Within
from hub.domain.periods import PeriodKind
from hub.domain.rule_data import Coded, CodeText, WholeFile, twice


class ReportDuty(Coded):
    """One report, `title` by its name. `since`: the first period that is owed is the one that this day is in.

    `owes` and `to` are roles of departments. `due`: the last day, counted from the last day of the period. `flow`: under
    which the report is asked for and given.
    """

    law: str
    articles: list[str]
    verified: bool
    owes: Annotated[list[CodeText], Field(min_length=1)]
    to: CodeText
    period: PeriodKind
    due: Within
    since: date
    flow: CodeText


class ReportDuties(WholeFile):
    """All of them; none where a city has switched none on."""

    duties: list[ReportDuty]

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        """Each contradiction by the field in which it shows."""
        for n, duty in enumerate(self.duties):
            if duty.due.unit == "H":
                yield f"duties.{n}.due", "a report is due on a day; allowed: D, WD, M"
        if again := twice([duty.code for duty in self.duties]):
            yield "duties", f"code {again} is given twice"

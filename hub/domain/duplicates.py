"""Duplicates 重复件 as data: which agreements of two open matters make the hub offer them for linking.

Pairs of matters, never a list of persons: what agrees is compared by the opaque tokens of the index of persons. Nothing is
merged: a department links the two or says that they are not the same. The data is `hub/rules/duplicates.yaml`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from hub.domain.rule_data import Coded, CodeText, WholeFile, twice

PersonField = Literal["name", "id_number", "phone", "credit_code"]


class Combination(Coded):
    """What has to agree, all of it. `person`: fields of one person; `persons`: so many different ones.

    `place`: so many digits of the region; `matter`: its class or its kind; `days`: legal dates no further apart.
    """

    person: Annotated[list[PersonField], Field(min_length=1)]
    persons: Annotated[int, Field(ge=1, le=10)] = 1
    place: Literal[6, 9, 12] | None = None
    matter: Literal["class", "kind"] | None = None
    days: Annotated[int, Field(ge=1)] | None = None


class Duplicates(WholeFile):
    """The whole file. `flows`: matters under other flows are never compared. `common`: what is named in more cases than
    this tells nobody apart, and does not count.
    """

    flows: Annotated[list[CodeText], Field(min_length=1)]
    common: Annotated[int, Field(ge=2, le=1000)]
    combinations: Annotated[list[Combination], Field(min_length=1)]

    def _contradictions(self) -> Iterator[tuple[str, str]]:
        """Each contradiction by the field in which it shows."""
        if again := twice(self.flows):
            yield "flows", f"{again} is given twice"
        if again := twice([one.code for one in self.combinations]):
            yield "combinations", f"code {again} is given twice"
        for n, one in enumerate(self.combinations):
            if one.place is None and one.matter is None:
                yield f"combinations.{n}", "people alone are not enough: give place or matter too"
            if again := twice(list(one.person)):
                yield f"combinations.{n}.person", f"{again} is given twice"

"""Sealing of records 封存 as data: `hub/rules/record_sealing.yaml`."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field, model_validator

from hub.domain.rule_data import Coded, CodeText, RuleData

# The fact that says it, for departments and operators alike, and its value once the sealing was lifted.
FACT, LIFTED = "record_sealed", "lifted"


class Ground(Coded):
    """On what ground a sealed record may be shown. `article`: where the law says so."""

    article: str


class SealKind(Coded):
    """A kind of sealing. `may_read`: the grounds on which the record is shown all the same."""

    article: str
    may_read: list[CodeText] = Field(min_length=1)


class RecordSealing(RuleData):
    """Kinds and grounds."""

    grounds: list[Ground]
    kinds: list[SealKind]

    @model_validator(mode="after")
    def _names_what_it_has(self) -> "RecordSealing":
        known = [ground.code for ground in self.grounds]
        for what, codes in (("grounds", known), ("kinds", [kind.code for kind in self.kinds])):
            if len(set(codes)) != len(codes):
                raise ValueError(f"{what}: a code is given twice: {codes}")
        for place, kind in enumerate(self.kinds):
            if kind.code == LIFTED:
                raise ValueError(f"kinds.{place}.code: {LIFTED!r} ends a sealing")
            for number, code in enumerate(kind.may_read):
                if code not in known:
                    raise ValueError(
                        f"kinds.{place}.may_read.{number}: {code!r} is no ground; allowed: {known}"
                    )
        return self

    def kind(self, code: str) -> SealKind | None:
        """The kind of this code."""
        return next((kind for kind in self.kinds if kind.code == code), None)

    def grounds_of(self, code: str) -> list[Ground]:
        """On what grounds a record with this kind of sealing is shown."""
        kind = self.kind(code)
        return [] if kind is None else [ground for ground in self.grounds if ground.code in kind.may_read]


def sealed_by(facts: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """The kind of sealing that is on a case with these facts; None when its record is open."""
    kind = facts.get(FACT)
    return None if kind == LIFTED else kind

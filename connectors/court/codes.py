"""Reads `codes.yaml`: the court's code lists beside those of the contract."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

OTHER = "99"


class CodeList(BaseModel):
    """One list; an open one also takes `99` with the plain code in a second element."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    codes: Mapping[str, str]
    open: bool = False

    def contract_code(self, own: str) -> str | None:
        """The contract's code for one of the court's, None for one that the list does not have."""
        return next((code for code, theirs in self.codes.items() if theirs == own), None)


class CourtCodes(BaseModel):
    """The file whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lists: Mapping[str, CodeList]
    changes: Mapping[str, str]
    deliveries: Mapping[str, str]
    other: str
    withdrawn: str


CODES = CourtCodes.model_validate(yaml.safe_load(Path(__file__).with_name("codes.yaml").read_text("utf-8")))

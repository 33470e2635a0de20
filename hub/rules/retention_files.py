"""The file of retention, checked against the flows that there are."""

from collections.abc import Sequence, Set
from pathlib import Path

from hub.domain.retention import EVERY_FLOW, Retention
from hub.errors import RuleFileError
from hub.rules.files import last_of, line_in, load_model

HERE = Path(__file__).parent


def load_retention(flows: Set[str], roots: Sequence[Path] = (HERE,)) -> Retention:
    """The city's own file, or the hub's. Raises RuleFileError with file and line, also for a flow that there is not."""
    path = last_of((HERE, *roots), "retention.yaml")
    found = load_model(path, Retention)
    for place, term in enumerate(found.terms):
        for number, flow in enumerate(term.flows):
            if flow != EVERY_FLOW and flow not in flows:
                line = line_in(path, "terms", place, "flows", number)
                raise RuleFileError(str(path), line, f"terms.{place}.flows.{number}: {flow!r} is no flow")
    return found

"""The rules as the one text that their digest is the SHA-256 of, so that anybody can hold a digest against what it names."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.domain.flow import Flow
from hub.domain.routing import Routing
from hub.domain.rule_data import RuleData
from hub.domain.rules import Rules
from hub.errors import ConfigurationError
from hub.rules.calendar_files import calendar_files_text
from hub.rules.deadline_files import clocks_files_text


def rules_text(
    single: Sequence[RuleData], flows: Iterable[Flow], routing: Routing, clocks: str, calendar: str
) -> str:
    """Everything that rules say, as JSON; clocks and calendar by their digests. The rules' digest is its SHA-256.

    `single`: what there is one of: lifecycle, directory, telling, record sealing, urgency, the ladder of supervision,
    duplicates, reports that are due regularly.
    """
    parts: list[RuleData] = [*single, *sorted(flows, key=lambda flow: (flow.flow, flow.version))]
    parts += [*routing.duties, *routing.levels, *routing.admissions]
    data = [part.model_dump(mode="json", by_alias=True) for part in parts]
    return json.dumps([*data, dict(routing.causes), clocks, calendar], sort_keys=True)


def digest_of(text: str) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical_texts(rules: Rules, overlay: Path | None) -> tuple[str, str, str]:
    """The texts of loaded rules, of their clocks and of their calendar, which is read from its files again.

    Raises ConfigurationError when the calendar's files are other ones by now.
    """
    clocks, calendar = rules.timetable.clocks, rules.timetable.calendar
    flows = [flow for versions in rules.flows.values() for flow in versions]
    texts = (
        rules_text(
            (
                rules.lifecycle,
                rules.directory,
                rules.telling,
                rules.record_sealing,
                rules.urgency,
                rules.supervision,
                rules.duplicates,
                rules.report_duties,
            ),
            flows,
            rules.routing,
            clocks.digest,
            calendar.digest,
        ),
        clocks_files_text(clocks),
        calendar_files_text(overlay),
    )
    for text, digest in zip(texts, (rules.digest, clocks.digest, calendar.digest), strict=True):
        if digest_of(text) != digest:
            raise ConfigurationError(
                f"rules {digest[:12]}…: their files changed while they were read; say it again"
            )
    return texts

"""The lifecycle page says what the table says, and what the domain does beside it."""

import re
from typing import Any

import pytest

from hub.domain.lifecycle import Lifecycle
from hub.reference.lifecycle import lifecycle_reference
from hub.reference.transitions import transitions


def rows(text: str, heading: str) -> list[list[str]]:
    """The table under a heading, without its head."""
    part = text.split(f"## {heading}")[1].split("\n## ")[0]
    found = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in found[2:]]


def test_every_state_step_and_race_has_its_row(life: Lifecycle) -> None:
    text = lifecycle_reference(life)
    assert [row[0] for row in rows(text, "States")] == [f"`{name}`" for name in life.states]
    assert [row[0] for row in rows(text, "Steps")] == [f"`{name}`" for name in life.steps]
    raced = rows(text, "Races")
    assert [row[1:] for row in raced] == [list(verdicts.values()) for verdicts in life.races.values()]


def test_a_step_is_shown_from_and_to_as_the_table_allows_it(life: Lifecycle) -> None:
    shown = {row[0].strip("`"): row[3] for row in rows(lifecycle_reference(life), "Steps")}
    for name, step in life.steps.items():
        changes = dict(re.findall(r"(?:^|; )(\w+) → (\w+)", shown[name]))
        copies = dict(re.findall(r"copy: (\w+) → (\w+)", shown[name]))
        assert (changes, copies) == (step.from_, step.copy_)


def test_the_transitions_are_those_of_the_table_and_the_effects_of_the_domain(life: Lifecycle) -> None:
    found = {(one.before, one.after) for one in transitions(life)}
    in_table = {pair for step in life.steps.values() for pair in step.from_.items()}
    in_table |= {pair for step in life.steps.values() for pair in step.copy_.items()}
    effects = {("accepted", "confirmed"), ("handling", "confirmed")}
    effects |= {(before, "returned") for before in ("delivered", "signed", "accepted")}
    effects |= {(name, "cancelled") for name, state in life.states.items() if not state.end}
    assert found == {(before, after) for before, after in in_table if before != after} | effects


def test_the_mermaid_block_draws_every_transition_once(life: Lifecycle) -> None:
    block = lifecycle_reference(life).split("```mermaid\n")[1].split("```")[0]
    drawn = re.findall(r"^  (\w+) --> (\w+): ", block, re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {(one.before, one.after) for one in transitions(life)}


@pytest.mark.parametrize("state", ["accepted", "noted"])
def test_a_changed_table_changes_the_page(life: Lifecycle, state: str) -> None:
    content: dict[str, Any] = life.model_dump(by_alias=True)
    content["states"][state]["zh"] = "另名"
    changed = Lifecycle.model_validate(content)
    assert lifecycle_reference(changed) != lifecycle_reference(life)
    assert f"| `{state}` | 另名 |" in lifecycle_reference(changed)

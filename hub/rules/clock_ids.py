"""The ids of all clocks of the law: what flows may name. The clocks themselves are read by `hub.rules.deadline_files`."""

from collections.abc import Sequence
from pathlib import Path

from hub.rules.files import read_yaml


def clock_ids(roots: Sequence[Path]) -> set[str] | None:
    """The ids in `deadlines/` of these rule directories. None where there is no such directory.

    Raises RuleFileError for a file that is no YAML.

    Whether each clock is right is not asked here: a flow needs to know no more than that there is one.
    """
    folders = [root / "deadlines" for root in roots if (root / "deadlines").is_dir()]
    found: set[str] = set()
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        data, _ = read_yaml(path)
        clocks = data.get("clocks") if isinstance(data, dict) else None
        found |= {str(clock["id"]) for clock in clocks or () if isinstance(clock, dict) and "id" in clock}
    return found if folders else None

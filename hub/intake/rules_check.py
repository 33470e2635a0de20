"""An intake decides only by the rules that are in force in its store (5a.9)."""

from hub.errors import RulesNotLoaded


def check_rules(in_force: str | None, loaded: str) -> None:
    """Raises RulesNotLoaded unless the loaded rules are those in force."""
    if in_force is not None and in_force != loaded:
        raise RulesNotLoaded(
            f"the rules in force have the digest {in_force[:12]}…, this process has loaded {loaded[:12]}…",
            "start it with the rule files and the city's directory that are in force, or put these in force with "
            "`fengqiao rules adopt --reason TEXT` and start every intake anew",
        )

"""Hypothesis without its clock, and the same examples at each run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "intake", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("intake")

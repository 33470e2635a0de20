"""`python -m hub.verifier` is `fengqiao-verify`."""

from hub.verifier.command import run

run()

"""Fengqiao Hub: intake, relay, projector and everything that serves them."""

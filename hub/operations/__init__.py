"""Watching the hub: metrics, health, conservation, what a case looks like now."""

"""What every connector shares: ports, the local store, sending, delivery, and the runner."""

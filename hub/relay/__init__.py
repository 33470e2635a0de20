"""From committed entries to the departments' topics."""

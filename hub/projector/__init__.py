"""From committed entries to the tables that people, metrics and clocks read."""

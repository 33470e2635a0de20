"""The petition office's system: REST with JSON in the words of that office."""

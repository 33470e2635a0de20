"""Ways to reach a department system. They know nothing of what is carried; the mappings do."""

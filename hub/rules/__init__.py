"""Rules as data files and their loader: everything is checked at start, with file and line."""

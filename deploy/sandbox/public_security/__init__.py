"""Public security 公安: a case system on an inside network, reached only by files through a gate."""

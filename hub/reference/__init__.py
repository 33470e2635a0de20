"""Pages of `docs/reference/` that are made from code and rule data. Pure: text out, no file written; see `hub.generate`."""

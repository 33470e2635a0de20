"""Following the journal by position: what relay and projector share."""

"""Looking back: what happened in a case, and proof that the history is whole. Reads only."""

"""The hot path: poll → read → verify → decide → commit. Read `worker.py` from top to bottom."""

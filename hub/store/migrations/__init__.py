"""Alembic migrations, named by deploy order: `<serial>_before_…` may run before the new code, `<serial>_after_…` after it."""

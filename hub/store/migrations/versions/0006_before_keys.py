"""Keys of cases say under which key-encryption key they are wrapped, and can be wrapped anew or emptied."""

from alembic import op

from hub.store.kek import FIRST
from hub.store.roles import HUB_ROLE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_HEAD = (bytes([0, len(FIRST)]) + FIRST.encode()).hex()


def upgrade() -> None:
    """Every key that is there was wrapped by the first key-encryption key."""
    op.execute(f"UPDATE case_key SET wrapped = '\\x{_HEAD}'::bytea || wrapped")
    op.execute(f"GRANT UPDATE (wrapped) ON case_key TO {HUB_ROLE}")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

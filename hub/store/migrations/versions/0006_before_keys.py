"""Keys of cases say under which key-encryption key they are wrapped, and can be wrapped anew; which keys were destroyed."""

from alembic import op

from hub.store.kek import FIRST
from hub.store.roles import HUB_ROLE, READER_ROLE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_HEAD = (bytes([0, len(FIRST)]) + FIRST.encode()).hex()


def upgrade() -> None:
    """Every key that is there was wrapped by the first key-encryption key."""
    op.execute(f"UPDATE case_key SET wrapped = '\\x{_HEAD}'::bytea || wrapped")
    op.execute(f"GRANT UPDATE (wrapped), DELETE ON case_key TO {HUB_ROLE}")
    op.execute(
        """
CREATE TABLE erased_key (
    key_id text COLLATE "C" PRIMARY KEY, case_id text COLLATE "C" NOT NULL, shard smallint, seq bigint,
    erased_at timestamptz NOT NULL, scrubbed_at timestamptz)"""
    )
    op.execute("CREATE INDEX erased_key_left ON erased_key (case_id) WHERE scrubbed_at IS NULL")
    op.execute(f"GRANT SELECT ON erased_key TO {HUB_ROLE}, {READER_ROLE}")
    op.execute(f"GRANT INSERT ON erased_key TO {HUB_ROLE}")


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("history is not taken back; restore a backup")

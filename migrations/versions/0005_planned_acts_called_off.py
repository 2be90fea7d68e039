"""Acts that were planned can be called off"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("status_events", sa.Column("calls_off", sa.Integer(), nullable=True))


def downgrade() -> None:
    called_off = sa.text("SELECT count(*) FROM status_events WHERE calls_off IS NOT NULL")
    if op.get_bind().scalar(called_off):
        raise RuntimeError("acts have been called off; an older registry would let them take effect")
    op.drop_column("status_events", "calls_off")

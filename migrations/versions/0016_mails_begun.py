"""How far the mail of notices goes that was begun"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("notice_counters", sa.Column("mailing", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("notice_counters", "mailing")

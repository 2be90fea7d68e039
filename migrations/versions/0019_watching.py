"""Changes that wait to be told, and how far time has been followed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "pending_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("certificate_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_changes")),
    )
    op.create_table(
        "change_clocks",
        sa.Column("days", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("done", sa.Date(), nullable=False),
        sa.Column("after", ID, nullable=False),
        sa.PrimaryKeyConstraint("days", name=op.f("pk_change_clocks")),
    )


def downgrade() -> None:
    op.drop_table("change_clocks")
    op.drop_table("pending_changes")

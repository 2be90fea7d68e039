"""Reports of suspected forgeries"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | Sequence[str] | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "forgery_reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("issuer_id", ID, nullable=True),
        sa.Column("public_id", sa.String(length=15), nullable=True),
        sa.Column("about", sa.String(length=200), nullable=True),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.Column("has_picture", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=True),
        sa.Column("changed_by", sa.String(length=320), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_forgery_reports_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgery_reports")),
        sa.UniqueConstraint("reference", name=op.f("uq_forgery_reports_reference")),
    )
    op.create_index(op.f("ix_forgery_reports_received_at"), "forgery_reports", ["received_at"])
    op.create_index("ix_forgery_reports_issuer_id", "forgery_reports", ["issuer_id", "id"])
    op.create_index("ix_forgery_reports_state", "forgery_reports", ["state", "id"])
    op.create_table(
        "forgery_pictures",
        sa.Column("report_id", ID, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["forgery_reports.id"], name=op.f("fk_forgery_pictures_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_forgery_pictures")),
    )


def downgrade() -> None:
    op.drop_table("forgery_pictures")
    op.drop_table("forgery_reports")

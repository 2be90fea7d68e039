"""Agreements to hand certifications over to another issuer"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | Sequence[str] | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("revoked_at IS NULL AND taken_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("certificate_id", _ID, nullable=False),
        sa.Column("from_issuer_id", _ID, nullable=False),
        sa.Column("to_issuer_id", _ID, nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.String(length=80), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name="fk_handovers_certificate_id"),
        sa.ForeignKeyConstraint(["from_issuer_id"], ["issuers.id"], name="fk_handovers_from_issuer_id"),
        sa.ForeignKeyConstraint(["to_issuer_id"], ["issuers.id"], name="fk_handovers_to_issuer_id"),
    )
    op.create_index(
        "uq_handovers_certificate_id",
        "handovers",
        ["certificate_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    for column in ("from_issuer_id", "to_issuer_id"):
        op.create_index(
            f"ix_handovers_{column}",
            "handovers",
            [column, "id"],
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )


def downgrade() -> None:
    op.drop_table("handovers")

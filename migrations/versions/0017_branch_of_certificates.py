"""Which branch issued a certificate"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("certificates", sa.Column("branch_id", ID, nullable=True))
    present = sa.text("branch_id IS NOT NULL")
    op.create_index(
        "ix_certificates_issuer_id_branch_id",
        "certificates",
        ["issuer_id", "branch_id", "id"],
        sqlite_where=present,
        postgresql_where=present,
    )


def downgrade() -> None:
    op.drop_index("ix_certificates_issuer_id_branch_id", "certificates")
    op.drop_column("certificates", "branch_id")

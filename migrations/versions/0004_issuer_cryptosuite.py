"""What an issuer's certificates are signed with"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    column = sa.Column("cryptosuite", sa.String(length=32), server_default="eddsa-jcs-2022", nullable=False)
    op.add_column("issuers", column)


def downgrade() -> None:
    op.drop_column("issuers", "cryptosuite")

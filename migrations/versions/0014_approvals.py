"""Acts that wait for a second officer; whose API keys are, and when they were used"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("issuers", sa.Column("four_eyes", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("api_keys") as batch:
        batch.add_column(sa.Column("root_id", ID, nullable=True))
        batch.add_column(sa.Column("user_id", ID, nullable=True))
        batch.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_foreign_key(op.f("fk_api_keys_root_id"), "api_keys", ["root_id"], ["id"])
    op.create_table(
        "proposals",
        sa.Column("id", ID, nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("api_key_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_proposals_api_key_id")),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_proposals_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("reference", name=op.f("uq_proposals_reference")),
    )
    op.create_index("ix_proposals_issuer_id", "proposals", ["issuer_id", "id"])
    op.create_index("ix_proposals_issuer_id_state", "proposals", ["issuer_id", "state", "id"])
    op.create_index("ix_proposals_issuer_id_subject", "proposals", ["issuer_id", "subject", "id"])


def downgrade() -> None:
    op.drop_table("proposals")
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_constraint(op.f("fk_api_keys_root_id"), type_="foreignkey")
        for name in ("root_id", "user_id", "last_used_at"):
            batch.drop_column(name)
    op.drop_column("issuers", "four_eyes")

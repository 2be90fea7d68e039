"""Issuers' own keys: who holds a key, challenges, and certificates that wait for a signature"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("custody", sa.String(length=8), server_default="file", nullable=False))
    op.create_index("ix_signing_keys_public_key", "signing_keys", ["public_key"], unique=True)
    op.create_table(
        "key_challenges",
        sa.Column("id", ID, nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_key_challenges_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_challenges")),
        sa.UniqueConstraint("challenge", name=op.f("uq_key_challenges_challenge")),
        sa.UniqueConstraint("issuer_id", "public_key", name=op.f("uq_key_challenges_issuer_id_public_key")),
    )
    op.create_table(
        "preparations",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=15), nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("cryptosuite", sa.String(length=32), nullable=False),
        sa.Column("signing_key_id", ID, nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("replaces_id", ID, nullable=True),
        sa.Column("status_list_id", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_preparations_issuer_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["certificates.id"], name=op.f("fk_preparations_replaces_id")),
        sa.ForeignKeyConstraint(["signing_key_id"], ["signing_keys.id"], name=op.f("fk_preparations_signing_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preparations")),
        sa.UniqueConstraint("public_id", name=op.f("uq_preparations_public_id")),
        sa.UniqueConstraint("issuer_id", "number", name=op.f("uq_preparations_issuer_id_number")),
    )
    op.create_index("ix_preparations_issuer_id_expires_at", "preparations", ["issuer_id", "expires_at"])


def downgrade() -> None:
    op.drop_table("preparations")
    op.drop_table("key_challenges")
    op.drop_index("ix_signing_keys_public_key", "signing_keys")
    op.drop_column("signing_keys", "custody")

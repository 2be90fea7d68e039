"""Status lists"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "status_lists",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("allotted", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_lists")),
    )
    op.create_table(
        "status_list_orders",
        sa.Column("status_list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indexes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["status_list_id"], ["status_lists.id"], name=op.f("fk_status_list_orders_status_list_id")
        ),
        sa.PrimaryKeyConstraint("status_list_id", "part", name=op.f("pk_status_list_orders")),
    )
    op.create_table(
        "status_list_credentials",
        sa.Column("status_list_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verification_method", sa.String(length=300), nullable=False),
        sa.Column("last_event_id", ID, nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["status_list_id"], ["status_lists.id"], name=op.f("fk_status_list_credentials_status_list_id")
        ),
        sa.PrimaryKeyConstraint("status_list_id", "purpose", name=op.f("pk_status_list_credentials")),
    )
    op.add_column("certificates", sa.Column("status_list_id", sa.Integer(), nullable=True))
    op.add_column("certificates", sa.Column("status_index", sa.Integer(), nullable=True))
    op.create_index(
        "ix_certificates_status_list_id",
        "certificates",
        ["status_list_id", "state", "status_index"],
        unique=False,
        sqlite_where=sa.text("state <> 'active'"),
        postgresql_where=sa.text("state <> 'active'"),
    )
    op.create_index(
        "ix_certificates_status_list_id_state_changes_at",
        "certificates",
        ["status_list_id", "state_changes_at"],
        unique=False,
        sqlite_where=sa.text("state_changes_at IS NOT NULL"),
        postgresql_where=sa.text("state_changes_at IS NOT NULL"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Random numbers and gzip do not get any smaller.
        op.execute("ALTER TABLE status_list_orders ALTER COLUMN indexes SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE status_list_credentials ALTER COLUMN document SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_index("ix_certificates_status_list_id_state_changes_at", table_name="certificates")
    op.drop_index("ix_certificates_status_list_id", table_name="certificates")
    op.drop_column("certificates", "status_index")
    op.drop_column("certificates", "status_list_id")
    for table in ("status_list_credentials", "status_list_orders", "status_lists"):
        op.drop_table(table)

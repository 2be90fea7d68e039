"""Versions of a certificate, which may keep its number"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OLD, _NEW = "uq_certificates_number_issuer_id", "uq_certificates_number_issuer_id_revision"
_IN_USE = sa.text("first_version_id IS NOT NULL")
# Certificates that replaced another before there were kinds of versions: the first of each chain, and the reason with
# which the older one was superseded.
_CHAINS = """
WITH RECURSIVE chain (id, first_id) AS (
    SELECT replaces_id, replaces_id FROM certificates AS newer
    WHERE replaces_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM certificates WHERE id = newer.replaces_id AND replaces_id IS NOT NULL)
    UNION ALL
    SELECT certificates.id, chain.first_id FROM certificates JOIN chain ON certificates.replaces_id = chain.id
)
UPDATE certificates SET
    first_version_id = (SELECT first_id FROM chain WHERE chain.id = certificates.id),
    change = (
        SELECT max(reason) FROM status_events
        WHERE certificate_id = certificates.replaces_id AND act = 'supersede'
    )
WHERE id IN (SELECT id FROM chain)
"""


def upgrade() -> None:
    with op.batch_alter_table("certificates") as batch:
        batch.add_column(sa.Column("first_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
        batch.add_column(sa.Column("change", sa.String(length=40)))
        batch.create_foreign_key("fk_certificates_first_version_id", "certificates", ["first_version_id"], ["id"])
        batch.drop_constraint(_OLD, type_="unique")
        batch.create_unique_constraint(_NEW, ["number", "issuer_id", "revision"])
    op.execute(_CHAINS)
    op.create_index(
        "ix_certificates_first_version_id",
        "certificates",
        ["first_version_id", "id"],
        sqlite_where=_IN_USE,
        postgresql_where=_IN_USE,
    )


def downgrade() -> None:
    # Fails where a number has been kept: the older registry has no place for that.
    op.drop_index("ix_certificates_first_version_id", "certificates")
    with op.batch_alter_table("certificates") as batch:
        batch.drop_constraint(_NEW, type_="unique")
        batch.create_unique_constraint(_OLD, ["number", "issuer_id"])
        batch.drop_constraint("fk_certificates_first_version_id", type_="foreignkey")
        batch.drop_column("change")
        batch.drop_column("first_version_id")

"""Credentials are packed from here on; those stored before stay as they are until they are read"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from registry.store.packed_document import unpack

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_AT_ONCE = 1000
_credentials = sa.table(
    "credentials", sa.column("certificate_id", sa.BigInteger), sa.column("document", sa.LargeBinary)
)


def upgrade() -> None:
    """Nothing to do: documents from before tell themselves apart."""


def downgrade() -> None:
    """Unpack all, which the program of the revision before can't do."""
    key, document = _credentials.c.certificate_id, _credentials.c.document
    change = (
        _credentials.update()
        .where(key == sa.bindparam("certificate"))
        .values(document=sa.bindparam("plain", type_=sa.LargeBinary))
    )
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(sa.select(key, document).where(key > last).order_by(key).limit(_AT_ONCE)).all():
        connection.execute(change, [{"certificate": row[0], "plain": unpack(bytes(row[1]))} for row in rows])
        last = rows[-1][0]

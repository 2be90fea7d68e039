"""The audit trail: who from where, before and after, and its hash chain"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = {
    "api_key_id": ID,
    "user_id": ID,
    "origin": sa.String(length=64),
    "before": sa.JSON(),
    "after": sa.JSON(),
    "position": ID,
    "salt": sa.LargeBinary(),
    "link": sa.LargeBinary(),
}
INDEXES = {
    "ix_audit_events_at": ["at", "id"],
    "ix_audit_events_issuer_id": ["issuer_id", "at", "id"],
    "ix_audit_events_issuer_id_act": ["issuer_id", "act", "at", "id"],
    "ix_audit_events_issuer_id_subject": ["issuer_id", "subject", "at", "id"],
    "ix_audit_events_issuer_id_actor": ["issuer_id", "actor", "at", "id"],
}


def upgrade() -> None:
    op.drop_index("ix_audit_events_issuer_id", "audit_events")
    op.drop_index("ix_audit_events_at", "audit_events")
    for name, kind in COLUMNS.items():
        op.add_column("audit_events", sa.Column(name, kind, nullable=True))
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_events", columns)
    op.create_index("ix_audit_events_position", "audit_events", ["position"], unique=True)
    unlinked = sa.text("position IS NULL")
    op.create_index(
        "ix_audit_events_unlinked", "audit_events", ["id"], sqlite_where=unlinked, postgresql_where=unlinked
    )


def downgrade() -> None:
    for name in (*INDEXES, "ix_audit_events_position", "ix_audit_events_unlinked"):
        op.drop_index(name, "audit_events")
    for name in COLUMNS:
        op.drop_column("audit_events", name)
    op.create_index("ix_audit_events_issuer_id", "audit_events", ["issuer_id", "id"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])

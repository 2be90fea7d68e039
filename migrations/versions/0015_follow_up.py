"""Surveillance, issuers' policies for it, and notices"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Certificates of management systems that are in force and were issued before there were plans: the first surveillance
# audit is due within twelve months of the decision, at once where that is over (nothing of it was recorded here).
_PLANS = """
INSERT INTO surveillance_plans (first_version_id, issuer_id, certificate_id, due_on, passed, stage)
SELECT coalesce(first_version_id, id), issuer_id, id, {due_on}, 0, 0
FROM certificates AS one
WHERE kind = 'management_system' AND state IN ('active', 'suspended')
    AND (valid_until IS NULL OR valid_until > CURRENT_DATE)
    AND NOT EXISTS (SELECT 1 FROM certificates AS newer WHERE newer.replaces_id = one.id)
    AND (valid_until IS NULL OR {due_on} < valid_until)
"""


def upgrade() -> None:
    op.create_table(
        "surveillance_plans",
        _key("first_version_id"),
        _key("issuer_id"),
        _key("certificate_id"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("passed", sa.SmallInteger(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("warned_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("first_version_id", name="pk_surveillance_plans"),
        *_references("surveillance_plans", "first_version_id"),
    )
    op.create_table(
        "surveillance_records",
        sa.Column("id", _ID, nullable=False),
        _key("first_version_id"),
        sa.Column("sequence", sa.Integer(), nullable=False),
        _key("certificate_id"),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("passed", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_surveillance_records"),
        sa.UniqueConstraint("first_version_id", "sequence", name="uq_surveillance_records_first_version_id_sequence"),
        *_references("surveillance_records", "first_version_id", "certificate_id"),
    )
    op.create_table(
        "follow_up_policies",
        _key("issuer_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("issuer_id", "version", name="pk_follow_up_policies"),
        *_references("follow_up_policies", "issuer_id"),
    )
    op.create_table(
        "notice_counters",
        _key("issuer_id"),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("mailed", sa.Integer(), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("issuer_id", name="pk_notice_counters"),
        *_references("notice_counters", "issuer_id"),
    )
    op.create_table(
        "notices",
        _key("issuer_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        _key("certificate_id"),
        sa.Column("about", sa.Date(), nullable=False),
        sa.Column("threshold", sa.SmallInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer_id", "number", name="pk_notices"),
        sa.UniqueConstraint(
            "certificate_id", "kind", "about", "threshold", name="uq_notices_certificate_id_kind_about_threshold"
        ),
        *_references("notices", "issuer_id", "certificate_id"),
    )
    in_a_year = "date(decided_on, '+12 months')" if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_IN_A_YEAR
    op.execute(_PLANS.format(due_on=in_a_year))
    order = ["due_on", "first_version_id"]
    op.create_index("ix_surveillance_plans_issuer_id_due_on", "surveillance_plans", ["issuer_id", *order])
    op.create_index("ix_surveillance_plans_issuer_id_stage", "surveillance_plans", ["issuer_id", "stage", *order])


def downgrade() -> None:
    for name in ("notices", "notice_counters", "follow_up_policies", "surveillance_records", "surveillance_plans"):
        op.drop_table(name)


_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_POSTGRESQL_IN_A_YEAR = "(decided_on + interval '12 months')::date"
_TARGETS = {"first_version_id": "certificates", "certificate_id": "certificates", "issuer_id": "issuers"}


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, _ID, nullable=False)


def _references(table: str, *names: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{_TARGETS[name]}.id"], name=f"fk_{table}_{name}") for name in names]

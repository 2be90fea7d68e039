"""Accreditations as a thing of their own"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AUTHORIZATIONS = sa.table(
    "authorizations",
    *(sa.column(name) for name in ("id", "issuer_id", "scheme", "accreditation_body", "accreditation_number")),
    sa.column("valid_from", sa.Date),
    sa.column("valid_until", sa.Date),
)
ACCREDITATIONS = sa.table(
    "accreditations",
    *(sa.column(name) for name in ("id", "issuer_id", "body", "number")),
    sa.column("valid_from", sa.Date),
    sa.column("valid_until", sa.Date),
)
SCHEMES = sa.table("accreditation_schemes", sa.column("accreditation_id"), sa.column("scheme"))


def upgrade() -> None:
    op.create_table(
        "accreditations",
        sa.Column("id", ID, nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("body", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_accreditations_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accreditations")),
    )
    op.create_index(op.f("ix_accreditations_issuer_id"), "accreditations", ["issuer_id"])
    op.create_table(
        "accreditation_schemes",
        sa.Column("accreditation_id", ID, autoincrement=False, nullable=False),
        sa.Column("scheme", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["accreditation_id"], ["accreditations.id"], name=op.f("fk_accreditation_schemes_accreditation_id")
        ),
        sa.PrimaryKeyConstraint("accreditation_id", "scheme", name=op.f("pk_accreditation_schemes")),
    )
    take_over()
    for name in ("accreditation_body", "accreditation_number"):
        op.drop_column("authorizations", name)


def take_over() -> None:
    """An accreditation for all authorizations with the same body, number and days."""
    connection = op.get_bind()
    a = AUTHORIZATIONS.c
    same = (a.issuer_id, a.accreditation_body, a.accreditation_number, a.valid_from, a.valid_until)
    named = sa.select(*same, a.scheme).where(a.accreditation_number.is_not(None)).order_by(a.id)
    schemes: dict[tuple[object, ...], set[str]] = {}
    for *key, scheme in connection.execute(named):
        schemes.setdefault(tuple(key), set()).add(scheme)
    for number, (key, covered) in enumerate(schemes.items(), 1):
        values = dict(zip(("issuer_id", "body", "number", "valid_from", "valid_until"), key, strict=True))
        connection.execute(sa.insert(ACCREDITATIONS).values(id=number, **values))
        for scheme in sorted(covered):
            connection.execute(sa.insert(SCHEMES).values(accreditation_id=number, scheme=scheme))
    if connection.dialect.name == "postgresql" and schemes:
        connection.execute(sa.text("SELECT setval('accreditations_id_seq', :last)"), {"last": len(schemes)})


def downgrade() -> None:
    for name, length in (("accreditation_body", 200), ("accreditation_number", 64)):
        op.add_column("authorizations", sa.Column(name, sa.String(length=length), nullable=True))
    op.drop_table("accreditation_schemes")
    op.drop_table("accreditations")

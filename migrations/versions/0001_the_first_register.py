"""The first register"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FOLDED = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "issuers",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("address_zh", sa.String(length=300), nullable=False),
        sa.Column("address_en", sa.String(length=300), nullable=True),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("website", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuers")),
        sa.UniqueConstraint("code", name=op.f("uq_issuers_code")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("verbs", sa.JSON(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_api_keys_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_api_keys_key_id")),
    )
    op.create_index(op.f("ix_api_keys_issuer_id"), "api_keys", ["issuer_id"], unique=False)

    op.create_table(
        "audit_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("issuer_id", ID, nullable=True),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_audit_events_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"], unique=False)
    op.create_index("ix_audit_events_issuer_id", "audit_events", ["issuer_id", "id"], unique=False)

    op.create_table(
        "authorizations",
        sa.Column("id", ID, nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("scheme", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("accreditation_body", sa.String(length=200), nullable=True),
        sa.Column("accreditation_number", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_authorizations_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorizations")),
    )
    op.create_index(op.f("ix_authorizations_issuer_id"), "authorizations", ["issuer_id"], unique=False)

    op.create_table(
        "signing_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("issuer_id", ID, nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("verification_method", sa.String(length=300), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compromised_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_signing_keys_issuer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_signing_keys_name")),
        sa.UniqueConstraint("verification_method", name=op.f("uq_signing_keys_verification_method")),
    )
    op.create_index(op.f("ix_signing_keys_issuer_id"), "signing_keys", ["issuer_id"], unique=False)

    op.create_table(
        "certificates",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=15), nullable=False),
        sa.Column("issuer_id", ID, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("holder_type", sa.String(length=16), nullable=False),
        sa.Column("holder_name", sa.String(length=200), nullable=False),
        sa.Column("holder_name_en", sa.String(length=200), nullable=True),
        sa.Column("holder_name_folded", FOLDED, nullable=True),
        sa.Column("holder_name_en_folded", FOLDED, nullable=True),
        sa.Column("holder_id_scheme", sa.String(length=16), nullable=True),
        sa.Column("holder_id", sa.String(length=64), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("industry", sa.String(length=3), nullable=True),
        sa.Column("size", sa.String(length=8), nullable=True),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("signing_key_id", ID, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_reason", sa.String(length=40), nullable=False),
        sa.Column("replaces_id", ID, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_reason", sa.String(length=40), nullable=False),
        sa.Column("state_changes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["issuer_id"], ["issuers.id"], name=op.f("fk_certificates_issuer_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["certificates.id"], name=op.f("fk_certificates_replaces_id")),
        sa.ForeignKeyConstraint(["signing_key_id"], ["signing_keys.id"], name=op.f("fk_certificates_signing_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("number", "issuer_id", name=op.f("uq_certificates_number_issuer_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_certificates_public_id")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_certificates_replaces_id")),
    )
    op.create_index("ix_certificates_holder_id", "certificates", ["holder_id"], unique=False)
    op.create_index("ix_certificates_holder_name_en_folded", "certificates", ["holder_name_en_folded"], unique=False)
    op.create_index("ix_certificates_holder_name_folded", "certificates", ["holder_name_folded"], unique=False)
    op.create_index("ix_certificates_issuer_id", "certificates", ["issuer_id", "id"], unique=False)
    op.create_index("ix_certificates_issuer_id_scheme", "certificates", ["issuer_id", "scheme", "id"], unique=False)
    op.create_index("ix_certificates_issuer_id_state", "certificates", ["issuer_id", "state", "id"], unique=False)
    op.create_index(
        "ix_certificates_issuer_id_valid_from", "certificates", ["issuer_id", "valid_from", "id"], unique=False
    )
    op.create_index(
        "ix_certificates_issuer_id_valid_until", "certificates", ["issuer_id", "valid_until", "id"], unique=False
    )
    op.create_index(
        "ix_certificates_state_changes_at",
        "certificates",
        ["state_changes_at"],
        unique=False,
        sqlite_where=sa.text("state_changes_at IS NOT NULL"),
        postgresql_where=sa.text("state_changes_at IS NOT NULL"),
    )

    op.create_table(
        "credentials",
        sa.Column("certificate_id", ID, autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_credentials_certificate_id")),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("api_key_id", ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_idempotency_keys_api_key_id")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_idempotency_keys_certificate_id")
        ),
        sa.PrimaryKeyConstraint("api_key_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)

    op.create_table(
        "status_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("certificate_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_status_events_certificate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_events")),
        sa.UniqueConstraint("certificate_id", "sequence", name=op.f("uq_status_events_certificate_id_sequence")),
    )
    # The index of holders' names (registry/store/holder_names.py).
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE holder_name_pieces USING fts5(pieces, content='', detail='none', columnsize=0)"
        )
    else:
        # Credentials are read whole, one at a time: in their row and uncompressed that costs least.
        op.execute("ALTER TABLE credentials ALTER COLUMN document SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE credentials SET (toast_tuple_target = 8160)")
        op.create_table(
            "holder_name_pieces",
            sa.Column(
                "certificate_id",
                sa.BigInteger(),
                sa.ForeignKey("certificates.id"),
                primary_key=True,
                autoincrement=False,
            ),
            sa.Column("pieces", sa.ARRAY(sa.Text()), nullable=False),
        )
        op.create_index("ix_holder_name_pieces_pieces", "holder_name_pieces", ["pieces"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("holder_name_pieces")
    for table in (
        "status_events",
        "idempotency_keys",
        "credentials",
        "certificates",
        "signing_keys",
        "authorizations",
        "audit_events",
        "api_keys",
        "issuers",
    ):
        op.drop_table(table)

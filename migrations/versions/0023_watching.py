"""Watching: changes that wait to be told, watches, what parties were told, webhooks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | Sequence[str] | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    *("pending_changes", "change_clocks", "watches", "party_event_counters", "party_events"),
    *("webhook_endpoints", "webhook_deliveries", "webhook_attempts"),
)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def of_party(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["party_id"], ["relying_parties.id"], name=op.f(f"fk_{table}_party_id"))


def required(name: str, kind: object) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=False)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "pending_changes",
        required("id", ID),
        required("certificate_id", ID),
        required("kind", sa.String(24)),
        required("at", MOMENT),
        sa.Column("reason", sa.String(40), nullable=True),
        required("days", sa.SmallInteger()),
        required("recorded_at", MOMENT),
        key("pending_changes", "id"),
    )
    op.create_table(
        "change_clocks",
        sa.Column("days", sa.SmallInteger(), autoincrement=False, nullable=False),
        required("done", sa.Date()),
        required("after", ID),
        key("change_clocks", "days"),
    )
    create_watches()
    create_events()
    create_webhooks()


def create_watches() -> None:
    op.create_table(
        "watches",
        required("id", ID),
        required("watch_id", sa.String(16)),
        required("party_id", ID),
        sa.Column("certification_id", ID, nullable=True),
        sa.Column("certificate_id", ID, nullable=True),
        sa.Column("holder_id_scheme", sa.String(16), nullable=True),
        sa.Column("holder_id", sa.String(64), nullable=True),
        required("notice_days", sa.SmallInteger()),
        sa.Column("label", sa.String(100), nullable=True),
        required("created_at", MOMENT),
        required("created_by", sa.String(80)),
        of_party("watches"),
        key("watches", "id"),
        unique("watches", "watch_id"),
        unique("watches", "certification_id", "party_id"),
        unique("watches", "holder_id", "holder_id_scheme", "party_id"),
    )
    op.create_index("ix_watches_party_id", "watches", ["party_id", "id"])
    op.create_index("ix_watches_party_id_label", "watches", ["party_id", "label", "id"])


def create_events() -> None:
    op.create_table(
        "party_event_counters",
        sa.Column("party_id", ID, autoincrement=False, nullable=False),
        required("last", ID),
        of_party("party_event_counters"),
        key("party_event_counters", "party_id"),
    )
    op.create_table(
        "party_events",
        sa.Column("party_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", ID, autoincrement=False, nullable=False),
        required("type", sa.String(32)),
        sa.Column("certificate_id", ID, nullable=True),
        sa.Column("subject", sa.String(16), nullable=True),
        required("at", MOMENT),
        sa.Column("reason", sa.String(40), nullable=True),
        required("days", sa.SmallInteger()),
        required("recorded_at", MOMENT),
        of_party("party_events"),
        key("party_events", "party_id", "number"),
    )


def create_webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        required("id", ID),
        required("endpoint_id", sa.String(16)),
        required("party_id", ID),
        required("url", sa.String(1000)),
        required("types", sa.JSON()),
        sa.Column("label", sa.String(100), nullable=True),
        required("state", sa.String(12)),
        required("secret", sa.LargeBinary()),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", MOMENT, nullable=True),
        required("failures", sa.Integer()),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("paused_until", MOMENT, nullable=True),
        sa.Column("disabled_because", sa.String(200), nullable=True),
        required("created_at", MOMENT),
        required("created_by", sa.String(80)),
        of_party("webhook_endpoints"),
        key("webhook_endpoints", "id"),
        unique("webhook_endpoints", "endpoint_id"),
    )
    op.create_index("ix_webhook_endpoints_party_id", "webhook_endpoints", ["party_id", "id"])
    op.create_table(
        "webhook_deliveries",
        required("id", ID),
        required("endpoint_id", ID),
        required("number", ID),
        required("state", sa.String(10)),
        required("attempts", sa.Integer()),
        required("due_at", MOMENT),
        required("give_up_at", MOMENT),
        required("created_at", MOMENT),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_deliveries_endpoint_id")
        ),
        key("webhook_deliveries", "id"),
        unique("webhook_deliveries", "endpoint_id", "number"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["endpoint_id", "due_at", "number"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_webhook_deliveries_endpoint_id_state", "webhook_deliveries", ["endpoint_id", "state", "number"])
    op.create_index("ix_webhook_deliveries_finished_at", "webhook_deliveries", ["finished_at"])
    op.create_table(
        "webhook_attempts",
        required("id", ID),
        required("delivery_id", ID),
        required("at", MOMENT),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("problem", sa.String(200), nullable=True),
        required("milliseconds", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_deliveries.id"], name=op.f("fk_webhook_attempts_delivery_id")
        ),
        key("webhook_attempts", "id"),
    )
    op.create_index("ix_webhook_attempts_delivery_id", "webhook_attempts", ["delivery_id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)

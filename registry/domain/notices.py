"""What issuers are told of."""

from __future__ import annotations

from enum import StrEnum


class NoticeKind(StrEnum):
    """The closed list of notices, each about a day."""

    # The certificate ends on that day.
    EXPIRY = "expiry"
    # A surveillance audit is due on that day.
    SURVEILLANCE_DUE = "surveillance_due"
    # The certificate will be suspended on that day, unless the audit is passed before.
    SUSPENSION_NEAR = "suspension_near"
    # The certificate was suspended on that day, because the audit was missed.
    SUSPENDED = "suspended"
    # Another certification body has accepted the certification on that day.
    TRANSFERRED = "transferred"

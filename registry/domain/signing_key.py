"""The public half of a signing key, and when its signatures count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from registry.domain.verdict import Finding

# How long an issuer that holds its key may take to sign what was prepared for it: so much later than a proof says, at
# the most, its certificate is in the public log.
SIGNED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key as the registry publishes it. `verification_method` is its DID URL, `public_key` 32 bytes (Ed25519).

    It signs from `active_from` until `retired_at`, which may be a planned end in the future. `compromised_since` is
    the moment from which on somebody else may have signed with it.
    """

    verification_method: str
    public_key: bytes
    active_from: datetime
    retired_at: datetime | None = None
    compromised_since: datetime | None = None

    def state_at(self, moment: datetime) -> Literal["active", "retired", "compromised"]:
        """What the world is told of the key. A key is compromised as soon as that is known, whatever the moment."""
        if self.compromised_since is not None:
            return "compromised"
        return "active" if self.retired_at is None or moment < self.retired_at else "retired"

    def may_sign(self, moment: datetime) -> bool:
        """Whether anything new may be signed with it. A clock that is behind the key's beginning is no hindrance."""
        return self.state_at(moment) == "active"


def judge_key(key: PublishedKey, seen_at: datetime | None, recorded_at: datetime | None = None) -> tuple[bool, Finding]:
    """Whether a signature counts, and why.

    `seen_at`: when the public log took the signature in, which its witnesses bear out; None: it never did, which is
    later than any time. `recorded_at`: when the registry stored it; otherwise `seen_at` stands for it. Offline, where
    nobody knows the latter, the date in the proof does: a key that nobody else had tells no lies about its own end.

    - Compromised, and not in the log before that: it does not count, for the thief may have made it.
    - Recorded before the key began, or when the key was retired already: it does not count. The log's time would
      be wrong here: the log takes in a moment later what was signed in the last moment before an orderly end.
    - Otherwise it counts, and the finding tells whether the key was compromised or retired later.
    """
    if key.compromised_since is not None and not _before(seen_at, key.compromised_since):
        return False, Finding.KEY_COMPROMISED
    signed_by = seen_at if recorded_at is None else recorded_at
    if _before(signed_by, key.active_from):
        return False, Finding.KEY_NOT_YET_ACTIVE
    if key.retired_at is not None and not _before(signed_by, key.retired_at):
        return False, Finding.KEY_RETIRED_BEFORE
    if key.compromised_since is not None:
        return True, Finding.KEY_COMPROMISED_LATER
    if key.retired_at is not None:
        return True, Finding.KEY_RETIRED_LATER
    return True, Finding.KEY_ACTIVE


def _before(moment: datetime | None, bound: datetime) -> bool:
    return moment is not None and moment < bound

"""Every refusal of the registry, by cause. Each can tell a person what to do (`diagnostics`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# How many violations the message repeats; the list has all of them.
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with an input.

    `path` leads to the field (names and list positions, outermost first); `reason` says what is wrong with it.
    """

    path: tuple[str | int, ...]
    reason: str

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901)."""
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.path)


class RegistryError(Exception):
    """A request that the registry refuses. The message is fit for the person who asked."""

    def diagnostics(self) -> str:
        """One line for a terminal: what is wrong and, where known, what to do."""
        return str(self)


class InvalidInput(RegistryError):
    """The input breaks rules of the registry; `violations` names each field and the reason."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        told = [f"{v.pointer or '/'}: {v.reason}" for v in self.violations[:_TOLD]]
        super().__init__("; ".join(told) + ("; …" if len(self.violations) > _TOLD else ""))

    def diagnostics(self) -> str:
        """The same; what is wrong with the whole input needs no pointer."""
        if len(self.violations) == 1 and not self.violations[0].path:
            return self.violations[0].reason
        return str(self)


class NotFound(RegistryError):
    """Nothing here under that name, or nothing that the asker may know of."""


class Conflict(RegistryError):
    """The request contradicts what is registered already."""


class IllegalMove(Conflict):
    """The status does not allow the act. `status` is the present one."""

    def __init__(self, message: str, status: str) -> None:
        self.status = status
        super().__init__(message)


class IdempotencyKeyReused(RegistryError):
    """An Idempotency-Key that came before with another request."""


class NotAuthenticated(RegistryError):
    """No API key, or one that is unknown, revoked or past its end."""


class NotPermitted(RegistryError):
    """The API key is genuine but does not allow this verb."""


class StorageUnavailable(RegistryError):
    """The database can't be reached; nothing was stored. Try again."""


class Misconfigured(RegistryError):
    """A setting or a file keeps the registry from starting; the message says what to do."""

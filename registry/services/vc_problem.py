"""Why a credential or presentation was not issued or not verified, in the words of the W3C specifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from registry.domain.errors import RegistryError, Violation

_DATA_MODEL = "https://www.w3.org/TR/vc-data-model#"
_DATA_INTEGRITY = "https://w3id.org/security#"


class Kind(StrEnum):
    """Types of problems, as URLs (VC Data Model 2.0, section 7.2; Data Integrity 1.0, section 4.8)."""

    PARSING = _DATA_MODEL + "PARSING_ERROR"
    SECURITY = _DATA_MODEL + "CRYPTOGRAPHIC_SECURITY_ERROR"
    MALFORMED = _DATA_MODEL + "MALFORMED_VALUE_ERROR"
    RANGE = _DATA_MODEL + "RANGE_ERROR"
    PROOF_GENERATION = _DATA_INTEGRITY + "PROOF_GENERATION_ERROR"
    PROOF_VERIFICATION = _DATA_INTEGRITY + "PROOF_VERIFICATION_ERROR"


_TITLES = {
    Kind.PARSING: "The request can't be read",
    Kind.SECURITY: "The document is not secured by whom it names",
    Kind.MALFORMED: "A member of the document is malformed",
    Kind.RANGE: "A value is outside of its range",
    Kind.PROOF_GENERATION: "The document can't be signed",
    Kind.PROOF_VERIFICATION: "A proof does not hold",
}
_STATUS_TITLE = "The status of the credential is against it, or can't be told"


@dataclass(frozen=True, slots=True)
class VcProblem:
    """One thing that is wrong: the type of problem (a URL), what in particular, and where (a JSON Pointer).

    A `warning` is something that could not be found out here; it does not count against the document.
    """

    type: str
    detail: str
    pointer: str | None = None
    warning: bool = False

    @property
    def title(self) -> str:
        """A short text for the type."""
        return _TITLES[Kind(self.type)] if self.type in set(Kind) else _STATUS_TITLE

    def below(self, pointer: str) -> VcProblem:
        """The same problem of a document that stands at `pointer` within another."""
        return replace(self, pointer=pointer + (self.pointer or ""))


class VcRefused(RegistryError):
    """A credential or presentation that was refused; `problems`, at least one, say why."""

    def __init__(self, problems: Sequence[VcProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.pointer}: {one.detail}" if one.pointer else one.detail for one in problems))


def malformed(violations: Sequence[Violation]) -> list[VcProblem]:
    """Violations of the data model as problems."""
    return [VcProblem(Kind.MALFORMED, one.reason, one.pointer or None) for one in violations]

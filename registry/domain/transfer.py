"""Transfer of a certification from another certification body: what may be accepted (IAF MD 2).

Only a certification that is valid is transferred, with what is left of its term; one that is suspended, or has run out,
takes a new certification. Of a certificate outside of this registry only the accepting body can see that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.domain.certificate import MAX_NAME_LENGTH, MAX_NUMBER_LENGTH, Certificate
from registry.domain.errors import InvalidInput, Violation


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a certification comes from: a certificate of this registry, or the body and the number of another one."""

    public_id: str | None = None
    body: str | None = None
    number: str | None = None


def check_origin(origin: Origin) -> None:
    """Raises InvalidInput unless it is exactly one of the two."""
    if origin.public_id is not None:
        if origin.body is not None or origin.number is not None:
            raise InvalidInput(
                [Violation((), "give the public_id alone, or body and number of a certificate elsewhere")]
            )
        return
    wrong = []
    for name, text, limit in (
        ("body", origin.body, MAX_NAME_LENGTH),
        ("number", origin.number, MAX_NUMBER_LENGTH),
    ):
        if not text:
            wrong.append(Violation((name,), "is needed where there is no public_id"))
        elif len(text) > limit or not text.isprintable() or text != text.strip():
            wrong.append(Violation((name,), f"must have 1 to {limit} printable characters, no blanks at the ends"))
    if wrong:
        raise InvalidInput(wrong)


def differences(former: Certificate, accepted: Certificate) -> Iterator[Violation]:
    """Why one certificate can't go on as another one, which another body issues."""
    if accepted.scheme != former.scheme:
        yield Violation(("certificate", "scheme"), f"the former certificate's is {former.scheme}")
    if former.holder.identifier is None and accepted.holder.name.zh != former.holder.name.zh:
        yield Violation(("certificate", "holder", "name"), "the former certificate's holder has another")
    if accepted.holder.type is not former.holder.type or accepted.holder.identifier != former.holder.identifier:
        yield Violation(("certificate", "holder", "identifier"), "the former certificate's holder has another")
    if former.valid_until is not None and (accepted.valid_until is None or accepted.valid_until > former.valid_until):
        reason = f"beyond the former certificate's term, which ends on {former.valid_until}"
        yield Violation(("certificate", "valid_until"), reason)
    if accepted.granted_on < former.granted_on:
        reason = f"before the first granting, which was on {former.granted_on}"
        yield Violation(("certificate", "granted_on"), reason)

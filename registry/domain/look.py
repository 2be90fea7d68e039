"""How an issuer's printed certificates look."""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry.domain.errors import Violation

TEMPLATES = ("classic", "modern")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
# WCAG 2.2, 1.4.11: what graphics need, against the white of the paper.
_LEAST_CONTRAST = 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """One of TEMPLATES, a colour like '#0f4c81', and the logo as SVG, where the issuer has given one."""

    template: str = TEMPLATES[0]
    colour: str = "#0f4c81"
    logo: str | None = None


def check_look(look: Look) -> list[Violation]:
    """Why certificates can't look like this; an empty list when they can. The logo is judged where it is read."""
    wrong = []
    if look.template not in TEMPLATES:
        wrong.append(Violation(("template",), f"unknown template; known ones: {', '.join(TEMPLATES)}"))
    if not _COLOUR.fullmatch(look.colour):
        wrong.append(Violation(("colour",), "must be like #0f4c81, in small letters"))
    elif _contrast_with_white(look.colour) < _LEAST_CONTRAST:
        wrong.append(Violation(("colour",), "too light to be read on white paper"))
    return wrong


def _contrast_with_white(colour: str) -> float:
    """WCAG 2.2's contrast ratio."""
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

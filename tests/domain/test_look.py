"""Looks that can be printed."""

from __future__ import annotations

import pytest

from registry.domain.look import TEMPLATES, Look, check_look


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("colour", ["#0f4c81", "#000000", "#b8860b"])
def test_dark_colours_are_good(template: str, colour: str) -> None:
    assert check_look(Look(template, colour)) == []


@pytest.mark.parametrize(
    ("look", "field"),
    [
        (Look("rococo"), "template"),
        (Look(colour="blue"), "colour"),
        (Look(colour="#0F4C81"), "colour"),
        (Look(colour="#0f4c81\n"), "colour"),
        (Look(colour="#ffff00"), "colour"),
        (Look(colour="#ffffff"), "colour"),
    ],
)
def test_others_are_refused_by_field(look: Look, field: str) -> None:
    assert [violation.path for violation in check_look(look)] == [(field,)]

"""Logos: what is kept of a picture, and what hostile ones don't achieve."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from registry.domain.look import Look
from registry.domain.verdict import Verdict
from registry.formats.certificate_pdf import certificate_pdf
from registry.formats.certificate_sheet import Standing, certificate_sheet
from registry.formats.logo import MAX_LOGO_BYTES, UnusableLogo, clean_logo
from tests.formats.certificates import FULL, PUBLIC_ID
from tests.formats.printed import pages_of
from tests.formats.test_certificate_pdf import ADDRESS, MADE_AT, document_of, printed

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


def svg(inside: str, attributes: str = 'viewBox="0 0 100 40"') -> bytes:
    return f"<svg {NAMESPACE} {attributes}>{inside}</svg>".encode()


def dots(width: int = 60, height: int = 20, kind: str = "PNG", mode: str = "RGBA") -> bytes:
    target = BytesIO()
    secret = PngInfo()
    secret.add_text("Author", "somebody")
    Image.new(mode, (width, height), "#0f4c81").save(target, kind, **({"pnginfo": secret} if kind == "PNG" else {}))
    return target.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(UnusableLogo) as caught:
        clean_logo(content)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        dots(),
        dots(kind="JPEG", mode="RGB"),
        dots(mode="L"),
        svg(
            '<defs><linearGradient id="a"><stop offset="0" stop-color="red"/></linearGradient></defs>'
            '<path d="M0 0h9v9z" fill="url(#a)"/><circle cx="50" cy="20" r="9" style="fill: #123456; stroke:none"/>'
        ),
    ],
)
@pytest.mark.parametrize("template", ["classic", "modern"])
def test_a_logo_is_printed(content: bytes, template: str) -> None:
    document = document_of(FULL)
    with_logo, without = (printed(document, look=Look(template, logo=logo)) for logo in (clean_logo(content), None))
    assert with_logo != without
    assert pages_of(with_logo) == pages_of(without)


def test_dots_are_written_anew_and_made_no_larger_than_print_needs() -> None:
    kept = ElementTree.fromstring(clean_logo(dots(4000, 1000)))
    data = b64decode(kept[0].attrib["href"].partition(",")[2])
    assert b"somebody" not in data
    assert Image.open(BytesIO(data)).size == (1600, 400)


@pytest.mark.parametrize("side", [4_001, 10_000, 60_000])
def test_a_picture_that_unpacks_to_gigabytes_is_refused_before_it_does(side: int) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    body = b"IDAT" + zlib.compress(bytes(1000))
    bomb += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    assert "too many dots" in refusal(bomb)


def test_of_an_svg_only_shapes_and_colours_are_kept() -> None:
    kept = clean_logo(
        svg(
            '<title>x</title><metadata><a xmlns="urn:x">private</a></metadata>'
            '<g onclick="alert(1)" class="c" style="fill:red;background:url(http://evil.example/x);font-family:x">'
            '<path d="M0 0h1" onload="x()" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://evil.example"/>'
            "</g>",
            'viewBox="0 0 9 9" onload="alert(2)"',
        )
    )
    for part in ("private", "onclick", "onload", "evil", "alert", "class", "style", "href"):
        assert part not in kept
    assert 'fill="red"' in kept
    assert 'd="M0 0h1"' in kept


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "neither PNG, JPEG nor well-formed SVG"),
        (b"GIF89a", "neither PNG, JPEG nor well-formed SVG"),
        (b"\x89PNG\r\n\x1a\nrubbish", "no PNG or JPEG that can be read"),
        (dots()[:60], "no PNG or JPEG that can be read"),
        (b"<html/>", "neither PNG, JPEG nor SVG"),
        (svg("<script>alert(1)</script>"), "has <script>"),
        (svg('<image href="file:///etc/passwd"/>'), "has <image>"),
        (svg('<use href="#a"/>'), "has <use>"),
        (svg("<style>@import 'http://evil.example'</style>"), "has <style>"),
        (svg("<foreignObject/>"), "has <foreignObject>"),
        (svg("<text>CQC</text>"), "turn it into outlines"),
        (svg('<rect fill="url(http://evil.example/#a)"/>'), "outside of it"),
        (svg('<rect style="fill: URL( //evil.example )"/>'), "outside of it"),
        (svg("", ""), "has no viewBox"),
        (svg("<g>" * 40 + "</g>" * 40), "nested deeper"),
        (svg("<rect/>" * 2001), "more than 2000 elements"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"), "has a DOCTYPE"),
        (b" " * (MAX_LOGO_BYTES + 1), "larger than"),
        (svg(f'<path d="{"M0 0" * 140_000}"/>'), "too much detail"),
    ],
)
def test_what_is_no_logo_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    assert reason in refusal(content)


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(svg), st.binary(max_size=200).map(dots()[:40].__add__))
)
def test_whatever_comes_in_is_kept_clean_or_refused(content: bytes) -> None:
    try:
        kept = clean_logo(content)
    except UnusableLogo:
        return
    assert ElementTree.fromstring(kept).tag.endswith("svg")


def test_a_shape_that_can_not_be_drawn_does_not_stop_the_printing() -> None:
    logo = clean_logo(svg('<path d="Q 1 nonsense"/><rect width="-1" height="x" fill="nonsense"/>'))
    sheet = certificate_sheet(document_of(FULL), PUBLIC_ID, ADDRESS, Standing(Verdict.VALID), Look(logo=logo))
    assert certificate_pdf(sheet, b"{}", MADE_AT).startswith(b"%PDF")

"""QR codes, read back by another program, at the size at which they are printed, and after some wear."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from registry.domain.public_id import ENTROPY_BYTES, new_public_id
from registry.formats.qr_code import DEFAULT_MODULE_PIXELS, QUIET_ZONE, png, svg

ADDRESS = f"https://registry.example/verify/{new_public_id(bytes(range(ENTROPY_BYTES)))}"
# Two centimetres at 300 dots an inch.
PRINTED_PIXELS = 236
# The least to the greatest share that a symbol restores.
LEVELS = "LMQH"
QUIET_PIXELS = QUIET_ZONE * DEFAULT_MODULE_PIXELS


def image(text: str = ADDRESS, module_pixels: int = DEFAULT_MODULE_PIXELS) -> Image.Image:
    return Image.open(BytesIO(png(text, module_pixels))).convert("L")


def read(picture: Image.Image) -> Any:
    return zxingcpp.read_barcode(picture)


def dark(picture: Image.Image) -> list[list[bool]]:
    """The modules of a clean picture, quiet zone included."""
    count = picture.width // DEFAULT_MODULE_PIXELS
    middle = DEFAULT_MODULE_PIXELS // 2
    return [
        [
            picture.getpixel((x * DEFAULT_MODULE_PIXELS + middle, y * DEFAULT_MODULE_PIXELS + middle)) == 0
            for x in range(count)
        ]
        for y in range(count)
    ]


@pytest.mark.parametrize("text", [ADDRESS, "https://r.example/v/2", "合格证书 https://registry.example/验证?q=1&r=%20"])
def test_a_telephone_reads_what_was_written(text: str) -> None:
    found = read(image(text))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert found.text == text


def test_it_is_still_read_at_the_size_at_which_it_is_printed() -> None:
    small = image().resize((PRINTED_PIXELS, PRINTED_PIXELS), Image.Resampling.BILINEAR)
    assert read(small).text == ADDRESS


def test_it_is_still_read_when_the_camera_is_held_askew_and_out_of_focus() -> None:
    worn = image().rotate(12, expand=True, fillcolor=255).filter(ImageFilter.GaussianBlur(3))
    assert read(worn).text == ADDRESS


def test_error_correction_is_level_m_or_better() -> None:
    assert LEVELS.index(read(image()).ec_level) >= LEVELS.index("M")


def test_it_is_still_read_when_a_stain_covers_a_twentieth_of_it() -> None:
    stained = image()
    side = stained.width - 2 * QUIET_PIXELS
    stain = int(side * (1 / 20) ** 0.5)
    corner = (stained.width - stain) // 2
    ImageDraw.Draw(stained).rectangle((corner, corner, corner + stain, corner + stain), fill=0)
    assert read(stained).text == ADDRESS


def test_four_modules_on_each_side_stay_white_as_the_standard_asks() -> None:
    picture = image()
    modules = dark(picture)
    size = len(modules)
    assert QUIET_ZONE >= 4
    inside = range(4, size - 4)
    assert all(x in inside and y in inside for y in range(size) for x in range(size) if modules[y][x])
    # The finder patterns begin right behind it, in three corners.
    assert modules[4][4]
    assert modules[4][size - 5]
    assert modules[size - 5][4]


def test_it_is_black_on_white_and_nothing_between() -> None:
    colours = image().getcolors()
    assert colours is not None
    assert {colour for _, colour in colours} == {0, 255}


@pytest.mark.parametrize("module_pixels", [1, 4, 20])
def test_the_size_of_a_module_is_what_was_asked_for(module_pixels: int) -> None:
    picture = image(module_pixels=module_pixels)
    assert picture.width == picture.height == image(module_pixels=1).width * module_pixels


def test_the_drawing_for_print_is_the_same_symbol_as_the_picture() -> None:
    root = ElementTree.fromstring(svg(ADDRESS))
    box = [float(number) for number in root.attrib["viewBox"].split()]
    size = round(box[2])
    modules = [[False] * size for _ in range(size)]
    paths = [element.attrib["d"] for element in root.iter("{http://www.w3.org/2000/svg}path")]
    squares = re.findall(r"M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)H", " ".join(paths))
    for left, top, right, bottom in squares:
        for y in range(round(float(top)), round(float(bottom))):
            for x in range(round(float(left)), round(float(right))):
                modules[y][x] = True
    assert modules == dark(image())
    assert root.attrib["width"] == f"{size}mm"


def test_the_same_address_always_gives_the_same_picture() -> None:
    assert png(ADDRESS) == png(ADDRESS)
    assert svg(ADDRESS) == svg(ADDRESS)

"""An issuer's logo as it is kept and printed: SVG of plain shapes (W3C SVG 2), or a picture of dots inside one.

Nothing of a picture that somebody hands in is kept as it is: dots are written anew, and of an SVG only the shapes and
their colours, so that neither scripts nor references to elsewhere, nor text in a font that nobody has, come with it.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from io import BytesIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from PIL import Image

MAX_LOGO_BYTES = 1024 * 1024
_MAX_KEPT_BYTES = 512 * 1024
# Dots: what is read at most, and what is kept of it: 17 millimetres high at 600 to the inch.
_MAX_DOTS = 16_000_000
_LARGEST = (1600, 400)
_MAX_ELEMENTS = 2000
_MAX_DEPTH = 32
_SVG = "http://www.w3.org/2000/svg"
_SHAPES = frozenset({"svg", "g", "path", "rect", "circle", "ellipse", "line", "polygon", "polyline"})
_PAINTS = frozenset({"defs", "linearGradient", "radialGradient", "stop"})
_SILENT = frozenset({"title", "desc", "metadata"})
_PLACES = {"viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "d", "points"}
_COLOURS = {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "opacity", "color"}
_LINES = {"stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray"}
_GRADIENTS = {"offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "fx", "fy", "spreadMethod"}
_ATTRIBUTES = _PLACES | _COLOURS | _LINES | _GRADIENTS | {"id", "transform", "preserveAspectRatio"}
_DECLARATION = re.compile(r"\s*([a-z-]+)\s*:\s*([^;:]+?)\s*")
# No address but that of a gradient in the same picture.
_ADDRESS = re.compile(r"url\((?!['\"]?#[\w-]+['\"]?\))", re.IGNORECASE)


class UnusableLogo(ValueError):
    """Not a picture that can be kept; the message says why."""


def clean_logo(content: bytes) -> str:
    """The picture as SVG. Takes PNG, JPEG and SVG. Raises UnusableLogo."""
    if len(content) > MAX_LOGO_BYTES:
        raise UnusableLogo(f"larger than {MAX_LOGO_BYTES} bytes")
    kept = _of_dots(content) if content.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")) else _of_shapes(content)
    if len(kept) > _MAX_KEPT_BYTES:
        raise UnusableLogo("has too much detail for a logo")
    return kept


def _of_dots(content: bytes) -> str:
    try:
        with warnings.catch_warnings():
            # Pillow's own guard refuses what is far too large, and only warns of the rest.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
        width, height = picture.size
        if width * height > _MAX_DOTS:
            raise Image.DecompressionBombError
        plain = picture.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableLogo(f"has too many dots; at most {_MAX_DOTS} are read") from error
    except Exception as error:
        # What a broken or hostile picture makes the reader run into is open-ended.
        raise UnusableLogo("is no PNG or JPEG that can be read") from error
    plain.thumbnail(_LARGEST)
    target = BytesIO()
    plain.save(target, "PNG", optimize=True)
    data = b64encode(target.getvalue()).decode()
    size = f'width="{plain.width}" height="{plain.height}"'
    return (
        f'<svg xmlns="{_SVG}" viewBox="0 0 {plain.width} {plain.height}" {size}>'
        f'<image {size} href="data:image/png;base64,{data}"/></svg>'
    )


def _of_shapes(content: bytes) -> str:
    root = _parsed(content)
    if root.tag != f"{{{_SVG}}}svg":
        raise UnusableLogo("is neither PNG, JPEG nor SVG")
    if "viewBox" not in root.attrib and not {"width", "height"} <= set(root.attrib):
        raise UnusableLogo("has no viewBox")
    clean = _cleaned(root, _MAX_DEPTH)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(clean, encoding="unicode")


def _parsed(content: bytes) -> Element:
    """The elements of an SVG, not more than a logo needs. Raises UnusableLogo."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MAX_ELEMENTS:
            raise UnusableLogo(f"has more than {_MAX_ELEMENTS} elements")
        builder.start(_qualified(name), {_qualified(key): value for key, value in attributes.items()})

    def doctype(*_: object) -> None:
        # With it go entities, which can stand for more than any memory holds, and files of this machine.
        raise UnusableLogo("has a DOCTYPE; save it without")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: builder.end(_qualified(name))
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, UnicodeError, AssertionError) as error:
        raise UnusableLogo("is neither PNG, JPEG nor well-formed SVG") from error


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name


def _cleaned(element: Element, depth: int) -> Element:
    """A copy with nothing in it but shapes. Raises UnusableLogo for what would be missed."""
    if depth == 0:
        raise UnusableLogo(f"is nested deeper than {_MAX_DEPTH}")
    copy = Element(element.tag, _attributes(element))
    for child in element:
        name = child.tag.removeprefix(f"{{{_SVG}}}")
        if name in _SHAPES or name in _PAINTS:
            copy.append(_cleaned(child, depth - 1))
        elif name == "text":
            raise UnusableLogo("has text; turn it into outlines")
        elif name not in _SILENT and child.tag.startswith(f"{{{_SVG}}}"):
            raise UnusableLogo(f"has <{name}>; a logo may have shapes and gradients only")
    return copy


def _attributes(element: Element) -> dict[str, str]:
    """Those of shapes and colours, with a `style` taken apart into them."""
    given = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
    for declaration in filter(str.strip, element.attrib.get("style", "").split(";")):
        found = _DECLARATION.fullmatch(declaration)
        if found and found[1] in _ATTRIBUTES:
            given[found[1]] = found[2]
    if any(_ADDRESS.search(value) for value in given.values()):
        raise UnusableLogo("refers to something outside of it")
    return given

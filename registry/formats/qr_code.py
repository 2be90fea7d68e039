"""QR codes (ISO/IEC 18004) of verification addresses, for print and screen."""

from __future__ import annotations

from io import BytesIO

import qrcode
import qrcode.image.pil
import qrcode.image.svg
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pure import PyPNGImage

# The standard's quiet zone: four modules on each side.
QUIET_ZONE = 4
DEFAULT_MODULE_PIXELS = 10


def _code(text: str, module_pixels: int) -> qrcode.QRCode[qrcode.image.pil.PilImage | PyPNGImage]:
    # Level M restores 15 % of the symbol, the usual choice for print that is handled.
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, box_size=module_pixels, border=QUIET_ZONE)
    code.add_data(text)
    code.make(fit=True)
    return code


def png(text: str, module_pixels: int = DEFAULT_MODULE_PIXELS) -> bytes:
    """A black and white PNG with `module_pixels` pixels a module."""
    target = BytesIO()
    _code(text, module_pixels).make_image(image_factory=qrcode.image.pil.PilImage).save(target, "PNG")
    return target.getvalue()


def svg(text: str) -> bytes:
    """An SVG of one path on white, one millimetre a module."""
    target = BytesIO()
    _code(text, 10).make_image(image_factory=qrcode.image.svg.SvgPathFillImage).save(target)
    return target.getvalue()

"""A photo that a stranger hands in: decoded, made smaller and written anew as JPEG.

Nothing of the file is kept as it was: neither what hides behind a picture, nor where and by whom it was taken (Exif).
"""

from __future__ import annotations

import warnings
from io import BytesIO

from PIL import Image, ImageOps

MAX_PHOTO_BYTES = 8 * 1024 * 1024
# Dots: what is decoded at most, and what is kept on the longer side.
_MAX_DOTS = 50_000_000
_LARGEST = (1800, 1800)
_QUALITY = 82


class UnusablePhoto(ValueError):
    """Not a picture that can be kept; the message says why."""


def clean_photo(content: bytes) -> bytes:
    """The picture as JPEG. Takes JPEG, PNG and WebP. Raises UnusablePhoto."""
    if len(content) > MAX_PHOTO_BYTES:
        raise UnusablePhoto(f"larger than {MAX_PHOTO_BYTES} bytes")
    try:
        with warnings.catch_warnings():
            # The limit below is lower than that from which Pillow warns.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
        if picture.width * picture.height > _MAX_DOTS:
            raise Image.DecompressionBombError
        # A JPEG is decoded at a fraction of its size.
        picture.draft("RGB", _LARGEST)
        picture.thumbnail(_LARGEST)
        plain = ImageOps.exif_transpose(picture).convert("RGB")
    except Image.DecompressionBombError as error:
        raise UnusablePhoto(f"has too many dots; at most {_MAX_DOTS} are read") from error
    except Exception as error:
        # What a broken or hostile picture makes the reader run into is open-ended.
        raise UnusablePhoto("is no JPEG, PNG or WebP that can be read") from error
    target = BytesIO()
    plain.save(target, "JPEG", quality=_QUALITY, optimize=True, exif=b"")
    return target.getvalue()

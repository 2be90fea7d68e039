"""Photos that strangers hand in."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from registry.formats.photo import MAX_PHOTO_BYTES, UnusablePhoto, clean_photo


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    target = BytesIO()
    image = Image.new("RGBA" if kind == "PNG" else "RGB", size, (200, 30, 30))
    image.save(target, kind, **options)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_are_kept_as_jpeg(kind: str) -> None:
    kept = Image.open(BytesIO(clean_photo(picture(kind))))
    assert (kept.format, kept.size) == ("JPEG", (40, 30))
    red, green, blue = kept.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 150 > green
    assert blue < 100


def test_large_ones_are_made_smaller() -> None:
    kept = Image.open(BytesIO(clean_photo(picture(size=(6000, 4000)))))
    assert kept.size == (1800, 1200)


def test_where_and_by_whom_it_was_taken_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x013B] = "Zhang San"
    exif[0x8825] = {1: "N", 2: (30.0, 15.0, 0.0)}
    # Turned by a quarter: this one is obeyed before it is dropped.
    exif[0x0112] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Zhang San")
    for content in (picture(exif=exif), picture("PNG", pnginfo=text), picture() + b"Zhang San <script>"):
        kept = clean_photo(content)
        assert b"Zhang" not in kept
        assert b"script" not in kept
        assert dict(Image.open(BytesIO(kept)).getexif()) == {}
    assert Image.open(BytesIO(clean_photo(picture(exif=exif)))).size == (30, 40)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no JPEG"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "no JPEG"),
        (picture()[:200], "no JPEG"),
        (picture("PNG")[:60], "no JPEG"),
        (b"\xff\xd8\xff" + bytes(MAX_PHOTO_BYTES), "larger than 8388608 bytes"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnusablePhoto, match=reason):
        clean_photo(content)


def test_a_small_file_with_very_many_dots_is_refused() -> None:
    target = BytesIO()
    Image.new("1", (9000, 9000)).save(target, "PNG")
    assert len(target.getvalue()) < 100_000
    with pytest.raises(UnusablePhoto, match="too many dots"):
        clean_photo(target.getvalue())


@given(st.binary(max_size=400), st.sampled_from([picture(), picture("PNG"), picture("WEBP")]), st.integers(0, 600))
def test_nothing_that_is_sent_breaks_it(noise: bytes, good: bytes, at: int) -> None:
    content = good[:at] + noise + good[at + len(noise) :]
    try:
        kept = clean_photo(content)
    except UnusablePhoto:
        return
    assert kept.startswith(b"\xff\xd8\xff")

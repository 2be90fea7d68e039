"""The credential in a certificate's PDF, and what hostile PDFs don't achieve."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject

from registry.formats.pdf_attachment import (
    MAX_CREDENTIAL_BYTES,
    MAX_PDF_BYTES,
    NoCredentialInside,
    credential_in_pdf,
    is_pdf,
)

CREDENTIAL = '{"id":"https://registry.example/certificates/X","holder":"宁波"}'.encode()


def pdf(*attachments: tuple[str, bytes], password: str | None = None, compressed: bool = False) -> bytes:
    """One empty page, and files within."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    for name, content in attachments:
        attached = writer.add_attachment(name, content)
        if compressed:
            files = attached.pdf_object["/EF"]
            assert isinstance(files, DictionaryObject)
            writer._replace_object(files.raw_get("/F"), files["/F"].flate_encode())  # type: ignore[attr-defined]
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


GOOD = pdf(("certificate.json", CREDENTIAL))


def refused(body: bytes) -> str:
    with pytest.raises(NoCredentialInside) as caught:
        credential_in_pdf(body)
    return str(caught.value)


def test_the_credential_comes_out_byte_for_byte() -> None:
    assert is_pdf(GOOD)
    assert credential_in_pdf(GOOD) == CREDENTIAL
    assert credential_in_pdf(pdf(("Certificate.JSON", CREDENTIAL), compressed=True)) == CREDENTIAL


def test_other_attachments_do_not_matter() -> None:
    assert credential_in_pdf(pdf(("note.txt", b"x"), ("a.json", CREDENTIAL), ("invoice.xml", b"<x/>"))) == CREDENTIAL


def test_bytes_in_front_of_a_pdf_do_no_harm() -> None:
    moved = b"\n" * 100 + GOOD
    assert is_pdf(moved)


def test_a_credential_that_speaks_of_pdfs_is_none() -> None:
    assert not is_pdf(b' {"name": "%PDF-1.7"}')
    assert not is_pdf(b"")
    assert not is_pdf(b"\0" * 2000 + b"%PDF-1.7")


def test_of_two_credentials_nobody_could_say_which_one_counts() -> None:
    assert "2 JSON files" in refused(pdf(("a.json", CREDENTIAL), ("b.json", CREDENTIAL)))
    assert "2 JSON files" in refused(pdf(("a.json", CREDENTIAL), ("a.json", CREDENTIAL)))


def test_a_pdf_without_a_credential_says_so() -> None:
    assert "0 JSON files" in refused(pdf())
    assert "0 JSON files" in refused(pdf(("a.txt", CREDENTIAL)))


def test_an_encrypted_pdf_is_not_readable() -> None:
    assert "can't be read" in refused(pdf(("a.json", CREDENTIAL), password="secret"))


def test_what_is_too_large_is_refused() -> None:
    assert "PDF is larger" in refused(GOOD + b" " * MAX_PDF_BYTES)
    assert "credential in the PDF is larger" in refused(pdf(("a.json", b" " * (MAX_CREDENTIAL_BYTES + 1))))


def test_a_bomb_among_the_attachments_does_not_explode() -> None:
    body = pdf(("a.json", b" " * 100_000_000), compressed=True)
    assert len(body) < 200_000
    assert refused(body)


def test_a_name_tree_that_bites_its_tail_ends() -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(GOOD)))
    names = writer.root_object["/Names"]["/EmbeddedFiles"]  # type: ignore[index]
    names[NameObject("/Kids")] = ArrayObject([names.indirect_reference])
    del names["/Names"]
    out = BytesIO()
    writer.write(out)
    assert refused(out.getvalue())


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=8), st.integers(0, 40))
def test_a_damaged_pdf_is_refused_or_yields_bytes_and_never_crashes(at: int, put: bytes, cut: int) -> None:
    damaged = GOOD[:at] + put + GOOD[at + cut :]
    with suppress(NoCredentialInside):
        assert isinstance(credential_in_pdf(damaged), bytes)

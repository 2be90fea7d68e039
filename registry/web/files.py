"""Files that come in as the body of a request or in a form, and files that go out."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from flask import Response, request

from registry.domain.errors import InvalidInput, Violation
from registry.formats.table import TableFormat
from registry.services.bulk.export import export_parts, write_export
from registry.services.context import Actor
from registry.services.find import Filters
from registry.web.current import the_registry
from registry.web.headers import PRIVATE

FIELD = "file"
_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
_FORM_ROOM = 65536
_AT_ONCE = 1 << 20


def allow_large_body() -> None:
    """Let the present request be as large as a file to be imported. Before anything of it is read."""
    request.max_content_length = the_registry().settings.max_import_bytes + _FORM_ROOM


def sent_file() -> tuple[BinaryIO, str | None]:
    """What was sent, as it comes, and the name that a form gives it. Raises InvalidInput."""
    if request.mimetype not in _FORMS:
        return cast(BinaryIO, request.stream), None
    # Beyond half a megabyte, the form's reader keeps files on disk.
    sent = request.files.get(FIELD)
    if sent is None or not sent.filename:
        raise InvalidInput([Violation((FIELD,), "no file was sent")])
    return cast(BinaryIO, sent.stream), sent.filename


def download(parts: Iterator[bytes], media_type: str, name: str) -> Response:
    """A file to be kept, which nobody but the asker may see."""
    response = Response(parts, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = PRIVATE
    return response


def exported(actor: Actor, kind: TableFormat, filters: Filters) -> Response:
    """The issuer's certificates as a file. Raises InvalidInput, NotPermitted."""
    registry = the_registry()
    if kind is not TableFormat.XLSX:
        parts = export_parts(registry, actor, kind, filters)
    else:
        # A workbook's table of contents is written last, so it is made before anything is sent.
        file = TemporaryFile(prefix="registry-export-")  # noqa: SIM115 - closed when it was sent
        write_export(registry, actor, kind, filters, file)
        parts = _content(file)
    return download(parts, kind.media_type, f"certificates.{kind}")


def _content(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(_AT_ONCE):
            yield part

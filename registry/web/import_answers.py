"""What the API says of files that are imported."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from registry.domain import certificate as domain
from registry.domain.lifecycle import Status
from registry.domain.schemes import SCHEMES
from registry.formats.table import TableFormat
from registry.services.bulk.imports import MAX_PAGE, ImportKind, ImportState
from registry.services.find import Filters
from registry.store.imports import StoredImport

_UNFINISHED = frozenset({ImportState.WAITING, ImportState.CHECKING, ImportState.ACCEPTED, ImportState.RECORDING})


class SendSchema(Schema):
    """What a file is, and what shall be done with it."""

    kind = fields.Enum(ImportKind, by_value=True, load_default=ImportKind.CERTIFICATES)
    format = fields.Enum(TableFormat, by_value=True, metadata={"description": "default: by the content"})
    file_name = fields.String(validate=validate.Length(1, 200))
    dry_run = fields.Boolean(load_default=True, metadata={"description": "false: record it if nothing is wrong"})
    skip_wrong = fields.Boolean(
        load_default=False, metadata={"description": "record the right rows although others are wrong"}
    )


class AcceptSchema(Schema):
    """How a checked file is accepted."""

    skip_wrong = fields.Boolean(load_default=False)


class ImportsSchema(Schema):
    """Which page of the list."""

    after = fields.String(validate=validate.Length(1, 22), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class TemplateSchema(Schema):
    """Which template."""

    kind = fields.Enum(ImportKind, by_value=True, load_default=ImportKind.CERTIFICATES)
    format = fields.Enum(TableFormat, by_value=True, load_default=TableFormat.XLSX)
    lang = fields.String(load_default="en", validate=validate.OneOf(["en", "zh"]))


class ExportSchema(Schema):
    """Which certificates, in which format."""

    format = fields.Enum(TableFormat, by_value=True, load_default=TableFormat.CSV)
    status = fields.Enum(Status, by_value=True)
    scheme = fields.String(validate=validate.OneOf(list(SCHEMES)))
    holder = fields.String(validate=validate.Length(1, domain.MAX_NAME_LENGTH))
    valid_from_min = fields.Date()
    valid_from_max = fields.Date()


class RowsAnswer(Schema):
    """How many rows there are, and what they are; null before they are counted."""

    total = fields.Integer(required=True, allow_none=True)
    new = fields.Integer(required=True, allow_none=True)
    already = fields.Integer(
        required=True, allow_none=True, metadata={"description": "registered already, word for word"}
    )
    wrong = fields.Integer(required=True, allow_none=True)


class ProgressAnswer(Schema):
    """How far the present state has come: in bytes while checking, in rows while recording."""

    done = fields.Integer(required=True)
    total = fields.Integer(required=True)


class ImportAnswer(Schema):
    """A file that was sent. States `waiting`, `checking`, `accepted` and `recording` pass by themselves: ask again."""

    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(ImportKind)))
    format = fields.String(required=True, validate=validate.OneOf(list(TableFormat)))
    file_name = fields.String(required=True, allow_none=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(list(ImportState)))
    dry_run = fields.Boolean(required=True)
    skip_wrong = fields.Boolean(required=True)
    rows = fields.Nested(RowsAnswer, required=True)
    progress = fields.Nested(ProgressAnswer, required=True)
    problem = fields.String(required=True, allow_none=True, metadata={"description": "why the file was refused"})
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    links = fields.Dict(required=True)


class ImportsAnswer(Schema):
    """A page of the list; `next_after` is null on the last."""

    items = fields.List(fields.Nested(ImportAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


def imported(base_url: str, one: StoredImport) -> dict[str, Any]:
    """An import as ImportAnswer has it."""
    here = f"{base_url}/api/v1/imports/{one.name}"
    links = {"self": here}
    if one.wrong_count:
        links |= {"errors": f"{here}/errors", "errors_ndjson": f"{here}/errors.ndjson"}
    if one.state == ImportState.CHECKED:
        links["accept"] = f"{here}/accept"
    return {
        "name": one.name,
        "kind": one.kind,
        "format": one.format,
        "file_name": one.file_name,
        "size": one.size,
        "sha256": one.sha256,
        "state": one.state,
        "dry_run": one.dry_run,
        "skip_wrong": one.skip_wrong,
        "rows": {
            "total": one.row_count,
            "new": one.new_count,
            "already": one.already_count,
            "wrong": one.wrong_count,
        },
        "progress": {"done": one.done, "total": one.total},
        "problem": one.problem,
        "created_at": one.created_at,
        "changed_at": one.changed_at,
        "links": links,
    }


def unfinished(one: StoredImport) -> bool:
    """Whether it goes on by itself."""
    return one.state in _UNFINISHED


def filters(query: dict[str, Any]) -> Filters:
    """What an export is narrowed down by."""
    return Filters(
        query.get("status"),
        query.get("scheme"),
        query.get("holder"),
        query.get("valid_from_min"),
        query.get("valid_from_max"),
    )

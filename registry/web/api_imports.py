"""The issuers' API: many at once, by file."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from registry.domain.errors import NotFound
from registry.formats.act_table import ACTS
from registry.formats.table import TableFormat
from registry.formats.table_templates import act_template, certificate_template
from registry.services.bulk import imports
from registry.services.bulk.imports import ImportKind, Sent
from registry.services.change_status import ACT_VERBS
from registry.services.context import Verb
from registry.store.imports import StoredImport
from registry.web import files, headers
from registry.web import import_answers as answers
from registry.web.api_certificates import IDEMPOTENCY_KEY
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint(
    "imports", __name__, url_prefix="/api/v1", description="For issuers: certificates and acts by file, and exports"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)
_SENDERS = (Verb.ISSUE, *(ACT_VERBS[act] for act in ACTS.values()))
_READERS = (Verb.READ, *_SENDERS)
_BODY = {
    "required": True,
    "content": {kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in TableFormat}
    | {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {files.FIELD: {"type": "string", "format": "binary"}}}
        }
    },
}


@blueprint.post("/imports")
@allowed_to(*_SENDERS)
@blueprint.arguments(answers.SendSchema, location="query")
@blueprint.response(202, answers.ImportAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], requestBody=_BODY)
def send(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Send a file of certificates or acts (CSV, XLSX or NDJSON), to be checked and then recorded as a whole."""
    files.allow_large_body()
    key = imports.check_idempotency_key(request.headers.get("Idempotency-Key"))
    content, name = files.sent_file()
    sent = Sent(
        query["kind"],
        query.get("file_name") or name,
        query.get("format"),
        query["dry_run"],
        query["skip_wrong"],
        key,
    )
    one = imports.send_file(the_registry(), the_actor(), sent, content)
    return _told(one), 202, {"Location": _told(one)["links"]["self"], "Retry-After": "1"}


@blueprint.get("/imports")
@allowed_to(*_READERS)
@blueprint.arguments(answers.ImportsSchema, location="query")
@blueprint.response(200, answers.ImportsAnswer)
def list_imports(query: dict[str, Any]) -> dict[str, Any]:
    """List the files that were sent, newest first."""
    limit = query["limit"]
    found = imports.list_imports(the_registry(), the_actor(), query.get("after"), limit + 1)
    after = found[limit - 1].name if len(found) > limit else None
    return {"items": [_told(one) for one in found[:limit]], "next_after": after}


@blueprint.get("/imports/<name>")
@allowed_to(*_READERS)
@blueprint.response(200, answers.ImportAnswer)
def read(name: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Ask how far a file is. `Retry-After` says when to ask again, as long as it goes on by itself."""
    one = imports.read_import(the_registry(), the_actor(), name)
    return _told(one), 200, {"Retry-After": "1"} if answers.unfinished(one) else {}


@blueprint.post("/imports/<name>/accept")
@allowed_to(*_SENDERS)
@blueprint.arguments(answers.AcceptSchema, location="query")
@blueprint.response(202, answers.ImportAnswer)
def accept(query: dict[str, Any], name: str) -> dict[str, Any]:
    """Have a checked file recorded; again is the same as once."""
    return _told(imports.accept(the_registry(), the_actor(), name, skip_wrong=query["skip_wrong"]))


@blueprint.delete("/imports/<name>")
@allowed_to(*_SENDERS)
@blueprint.response(204)
def discard(name: str) -> None:
    """Forget a file that is not being worked on."""
    imports.discard(the_registry(), the_actor(), name)


@blueprint.get("/imports/<name>/errors")
@allowed_to(*_READERS)
@blueprint.response(200, content_type="application/octet-stream")
def errors(name: str) -> Response:
    """Get the wrong rows in the format of the file, with line, column and reason: to be mended and sent again."""
    one = _with_errors(name)
    kind = TableFormat(one.format)
    return files.download(imports.file_parts(the_registry(), one, "report"), kind.media_type, f"errors.{kind}")


@blueprint.get("/imports/<name>/errors.ndjson")
@allowed_to(*_READERS)
@blueprint.response(200, content_type=TableFormat.NDJSON.media_type)
def errors_for_programs(name: str) -> Response:
    """Get what is wrong, a line of JSON a row: `{"line": …, "problems": [{"column": …, "reason": …}]}`."""
    one = _with_errors(name)
    parts = imports.file_parts(the_registry(), one, "wrong")
    return files.download(parts, TableFormat.NDJSON.media_type, "errors.ndjson")


@blueprint.get("/imports/template")
@blueprint.arguments(answers.TemplateSchema, location="query")
@blueprint.response(200, content_type="application/octet-stream")
def template(query: dict[str, Any]) -> Response:
    """Get a table to begin with: the heading and an example row."""
    make = certificate_template if query["kind"] is ImportKind.CERTIFICATES else act_template
    content = make(query["format"], chinese=query["lang"] == "zh")
    return files.download(iter([content]), query["format"].media_type, f"{query['kind']}.{query['format']}")


@blueprint.get("/certificates/export")
@allowed_to(Verb.READ)
@blueprint.arguments(answers.ExportSchema, location="query")
@blueprint.response(200, content_type="application/octet-stream")
def export(query: dict[str, Any]) -> Response:
    """Export your certificates in the columns in which they are imported; cells are no formulas."""
    return files.exported(the_actor(), query["format"], answers.filters(query))


def _with_errors(name: str) -> StoredImport:
    one = imports.read_import(the_registry(), the_actor(), name)
    if not one.wrong_count:
        raise NotFound("No row of this file is wrong.")
    return one


def _told(one: StoredImport) -> dict[str, Any]:
    return answers.imported(the_registry().base_url, one)

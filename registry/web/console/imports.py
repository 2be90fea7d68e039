"""Files in the console: sent, checked, looked at, recorded; and certificates as files to keep."""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from registry.domain.errors import InvalidInput, NotFound, RegistryError
from registry.domain.schemes import SCHEMES
from registry.formats.act_table import ACTS
from registry.formats.certificate_request import violations
from registry.formats.error_report import unpacked_wrong
from registry.formats.table import TableFormat
from registry.services.bulk import imports
from registry.services.bulk.imports import ImportKind, ImportState, Sent
from registry.services.change_status import ACT_VERBS
from registry.services.context import Verb
from registry.store.imports import StoredImport
from registry.web import files
from registry.web import import_answers as answers
from registry.web import texts as public_texts
from registry.web.console import forms, import_texts
from registry.web.console.guard import allowed_to, the_actor, the_person
from registry.web.current import the_registry

blueprint = Blueprint("imports", __name__, url_prefix="/files")
_PAGE = 20
# Of the wrong rows; the report has all.
_SHOWN = 20
_SENDERS = frozenset({Verb.ISSUE, *(ACT_VERBS[act] for act in ACTS.values())})
_SEND = "console.imports.send"


def let_files_in() -> None:
    """Let the form with a file be larger than others, for somebody who may send one. Before any form is read."""
    person = the_person()
    if request.endpoint == _SEND and person is not None and person.complete and person.issuer_id is not None:
        files.allow_large_body()


@blueprint.get("/")
@allowed_to(Verb.READ)
def index() -> ResponseReturnValue:
    """What was sent, newest first, and forms for sending and exporting."""
    return forms.page("imports.html", **_list())


@blueprint.post("/")
@allowed_to(Verb.READ)
def send() -> ResponseReturnValue:
    """Take a file in, to be checked."""
    try:
        content, name = files.sent_file()
        kind = ImportKind.ACTS if request.form.get("kind") == ImportKind.ACTS else ImportKind.CERTIFICATES
        one = imports.send_file(the_registry(), the_actor(), Sent(kind, name), content)
    except InvalidInput as error:
        return forms.page("imports.html", 422, problem=import_texts.reason(error.diagnostics()), **_list())
    except RegistryError as error:
        status = forms.status_of(error)
        return forms.page("imports.html", status, problem=import_texts.reason(str(error)), **_list())
    return forms.redirected(url_for("console.imports.read", name=one.name))


@blueprint.get("/<name>")
@allowed_to(Verb.READ)
def read(name: str) -> ResponseReturnValue:
    """How far a file is, and what was found in it."""
    return forms.page("import.html", **_one(name))


@blueprint.get("/<name>/progress")
@allowed_to(Verb.READ)
def progress(name: str) -> ResponseReturnValue:
    """The same for the page's script."""
    one = imports.read_import(the_registry(), the_actor(), name)
    return jsonify(state=one.state, done=one.done, total=one.total)


@blueprint.post("/<name>/accept")
@allowed_to(Verb.READ)
def accept(name: str) -> ResponseReturnValue:
    """Have it recorded."""
    try:
        skip = request.form.get("skip_wrong") == "yes"
        imports.accept(the_registry(), the_actor(), name, skip_wrong=skip)
    except NotFound:
        raise
    except RegistryError as error:
        status = forms.status_of(error)
        return forms.page("import.html", status, problem=import_texts.reason(str(error)), **_one(name))
    return forms.redirected(url_for("console.imports.read", name=name))


@blueprint.post("/<name>/discard")
@allowed_to(Verb.READ)
def discard(name: str) -> ResponseReturnValue:
    """Forget it."""
    imports.discard(the_registry(), the_actor(), name)
    return forms.redirected(url_for("console.imports.index", done="discarded"))


@blueprint.get("/<name>/errors")
@allowed_to(Verb.READ)
def errors(name: str) -> Response:
    """The wrong rows as a file to mend."""
    one = imports.read_import(the_registry(), the_actor(), name)
    if not one.wrong_count:
        raise NotFound("No row of this file is wrong.")
    kind = TableFormat(one.format)
    return files.download(imports.file_parts(the_registry(), one, "report"), kind.media_type, f"errors.{kind}")


@blueprint.get("/certificates")
@allowed_to(Verb.READ)
def export() -> ResponseReturnValue:
    """The issuer's certificates as a file."""
    given = {name: value for name, value in request.args.items() if value}
    try:
        query = answers.ExportSchema().load(given)
    except ValidationError as error:
        raise InvalidInput(violations(error.messages)) from error
    return files.exported(the_actor(), query["format"], answers.filters(query))


def _list() -> dict[str, Any]:
    found = imports.list_imports(the_registry(), the_actor(), request.args.get("after"), _PAGE + 1)
    return {
        "imports": found[:_PAGE],
        "next_after": found[_PAGE - 1].name if len(found) > _PAGE else None,
        "may_send": bool(the_actor().verbs & _SENDERS),
        "words": import_texts,
        "max_bytes": the_registry().settings.max_import_bytes,
        "statuses": public_texts.STATUSES,
        "schemes": SCHEMES,
    }


def _one(name: str) -> dict[str, Any]:
    one = imports.read_import(the_registry(), the_actor(), name)
    return {
        "one": one,
        "unfinished": answers.unfinished(one),
        "may_send": bool(the_actor().verbs & _SENDERS),
        "wrong": _first_wrong(one),
        "words": import_texts,
        "states": ImportState,
    }


def _first_wrong(one: StoredImport) -> list[Any]:
    if not one.wrong_count:
        return []
    lines = b"".join(islice(imports.file_parts(the_registry(), one, "wrong"), 1)).splitlines()
    return [unpacked_wrong(line) for line in lines[:_SHOWN] if _is_whole(line)]


def _is_whole(line: bytes) -> bool:
    """Whether a line was not cut where the first piece of the file ends."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True

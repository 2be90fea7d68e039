"""The conformance face in the shape of the W3C CCG VC-API. Only there where the settings turn it on."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, jsonify, make_response
from werkzeug.routing import BaseConverter

from registry.formats.canonical_json import JsonObject, MalformedJson, parse
from registry.formats.proofs import Cryptosuite
from registry.services import conformance
from registry.services.context import Registry
from registry.services.status_lists import StatusLists
from registry.services.vc_api import Options, VcApi
from registry.services.vc_problem import Kind, VcProblem, VcRefused
from registry.web.credential_type import negotiate
from registry.web.current import the_registry
from registry.web.errors import MEDIA_TYPE
from registry.web.requests import read_body

blueprint = Blueprint("vc_api", __name__, url_prefix="/vc-api/<cryptosuite:suite>")
# Of one address. What is asked here may take the better part of a second. What asks is a test suite, which sends some
# hundred requests at once, and then none for long.
RATE_LIMIT = "600 per minute; 1800 per hour"
_MAX_DOMAINS = 16
_LIST_KEPT = "public, max-age=300"


class _SuiteConverter(BaseConverter):
    regex = "|".join(Cryptosuite)

    def to_python(self, value: str) -> Cryptosuite:
        return Cryptosuite(value)


def install(app: Flask, registry: Registry, lists: StatusLists) -> None:
    """Let the application answer under /vc-api/."""
    app.url_map.converters["cryptosuite"] = _SuiteConverter
    app.extensions["vc_api"] = VcApi(registry, lists)
    app.register_blueprint(blueprint)


@blueprint.post("/credentials/issue")
def issue(suite: Cryptosuite) -> Response:
    """Sign a credential as the instance."""
    body = _body()
    asked = _options(body).get("cryptosuite", suite.value)
    if asked != suite.value:
        raise _unreadable(f"this instance signs with {suite.value}", "/options/cryptosuite")
    return make_response({"verifiableCredential": _vc_api().issue(_member(body, "credential"), suite)}, 201)


@blueprint.post("/credentials/verify")
def verify_credential(suite: Cryptosuite) -> Response:  # noqa: ARG001 - both instances read both suites
    """Verify a credential."""
    body = _body()
    return _verified(_vc_api().verify_credential(_member(body, "verifiableCredential"), _read_options(body)))


@blueprint.post("/presentations/verify")
def verify_presentation(suite: Cryptosuite) -> Response:  # noqa: ARG001 - both instances read both suites
    """Verify a presentation, signed (`verifiablePresentation`) or not (`presentation`), and all credentials in it."""
    body = _body()
    signed = "presentation" not in body
    presentation = _member(body, "verifiablePresentation" if signed else "presentation")
    return _verified(_vc_api().verify_presentation(presentation, _read_options(body), signed=signed))


@blueprint.get("/status-lists/revocation")
def status_list(suite: Cryptosuite) -> Response:
    """The status list of the credentials that the instance issues."""
    response = negotiate(jsonify(conformance.status_list_credential(the_registry(), suite)))
    response.headers["Cache-Control"] = _LIST_KEPT
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.errorhandler(VcRefused)
def refused(error: VcRefused) -> Response:
    """A problem document (RFC 9457): the first problem, and all of them with their places."""
    problems = [_problem(one) for one in error.problems]
    first = error.problems[0]
    document = {"type": first.type, "title": first.title, "status": 400, "detail": str(error)}
    response = make_response({**document, "verified": False, "problemDetails": problems}, 400)
    response.content_type = MEDIA_TYPE
    return response


def _vc_api() -> VcApi:
    return cast(VcApi, current_app.extensions["vc_api"])


def _verified(warnings: list[VcProblem]) -> Response:
    return jsonify({"verified": True, "problemDetails": [], "warnings": [_problem(one) for one in warnings]})


def _problem(problem: VcProblem) -> JsonObject:
    document = {"type": problem.type, "title": problem.title, "detail": problem.detail}
    return {**document, "pointer": problem.pointer} if problem.pointer else document


def _unreadable(detail: str, pointer: str | None = None) -> VcRefused:
    return VcRefused([VcProblem(Kind.PARSING, detail, pointer)])


def _body() -> JsonObject:
    try:
        body = parse(read_body())
    except MalformedJson as error:
        raise _unreadable(str(error)) from error
    if not isinstance(body, dict):
        raise _unreadable("the request is not a JSON object")
    return body


def _member(body: JsonObject, name: str) -> Any:
    if name not in body:
        raise _unreadable("is missing", f"/{name}")
    return body[name]


def _options(body: JsonObject) -> JsonObject:
    options = body.get("options")
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise _unreadable("must be an object", "/options")
    return options


def _read_options(body: JsonObject) -> Options:
    options = _options(body)
    checks, challenge, domain = (options.get(name) for name in ("checks", "challenge", "domain"))
    if checks is not None and not _are_texts(checks):
        raise _unreadable("must be a list of names", "/options/checks")
    if challenge is not None and not isinstance(challenge, str):
        raise _unreadable("must be a text", "/options/challenge")
    if domain is not None and not (isinstance(domain, str) or _are_texts(domain)):
        raise _unreadable("must be a text or a list of texts", "/options/domain")
    return Options(checks, challenge, domain)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= _MAX_DOMAINS and all(isinstance(one, str) for one in value)

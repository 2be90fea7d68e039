"""The OpenAPI document, and a page that shows it without any script."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, make_response, render_template
from flask_smorest import Api

from registry.web.errors import MEDIA_TYPE
from registry.web.schemas import ProblemAnswer

blueprint = Blueprint("documentation", __name__)


class ProblemApi(Api):
    """Documents refusals as the problem documents that they are."""

    ERROR_SCHEMA = ProblemAnswer


def describe(app: Flask, api: Api) -> None:
    """What the document says beside the routes."""
    app.extensions["openapi"] = api.spec
    api.spec.components.security_scheme(
        "apiKey", {"type": "http", "scheme": "bearer", "description": "An API key, made with 'registry apikey create'"}
    )
    told = "An API key of a relying party, made with 'registry party key create'"
    api.spec.components.security_scheme("partyKey", {"type": "http", "scheme": "bearer", "description": told})


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    response = jsonify(document())
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@blueprint.get("/api/")
def page() -> Response:
    """The document for people."""
    response = make_response(render_template("api.html", spec=document()))
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


def document() -> dict[str, Any]:
    """The OpenAPI document as a dictionary."""
    found: dict[str, Any] = deepcopy(current_app.extensions["openapi"].to_dict())
    for response in found["components"]["responses"].values():
        # flask-smorest documents its errors as plain JSON.
        if "application/json" in response.get("content", {}):
            response["content"][MEDIA_TYPE] = response["content"].pop("application/json")
    return found

"""A holder, which is known by its certificates: the page that the holder's address in a credential leads to."""

from __future__ import annotations

from flask import Blueprint, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from registry.domain.certificate import HolderId
from registry.domain.errors import NotFound
from registry.services import find
from registry.web import answers, errors, headers, schemas, texts
from registry.web.current import the_registry

blueprint = Blueprint("holders", __name__)


@blueprint.get("/holders/<scheme>/<path:value>")
def page(scheme: str, value: str) -> ResponseReturnValue:
    """All certificates of an organization: a page for people, JSON for programs."""
    if scheme not in texts.IDENTIFIERS:
        raise NotFound("No holder is registered under an identifier of that kind.")
    found = find.certificates_of_holder(the_registry(), HolderId(scheme, value), request.args.get("after"))
    if errors.wants_page():
        response = make_response(render_template("holder.html", found=found, scheme=scheme))
    else:
        response = jsonify(schemas.PageAnswer().dump(answers.page(the_registry().base_url, found)))
        response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = headers.VERDICT
    response.vary.update(("Accept", "Accept-Language", "Cookie"))
    return response

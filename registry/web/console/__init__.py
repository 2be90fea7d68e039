"""The console under /console/: what people of the issuers see and do. Works without script."""

from __future__ import annotations

from flask import Blueprint, Flask, Response
from flask.typing import ResponseReturnValue

from registry.domain.errors import NotAuthenticated, RegistryError
from registry.services.approvals import AwaitsApproval
from registry.web import headers
from registry.web.console import (
    account,
    accreditations,
    acts,
    api_keys,
    approvals,
    audit,
    branches,
    certificates,
    forms,
    guard,
    home,
    imports,
    issue,
    keys,
    navigation,
    people,
    preparations,
    printing,
    reports,
    sign_in,
    texts,
)
from registry.web.console.guard import to_sign_in

# Each page's module has a blueprint of its own; its endpoints are console.<blueprint>.<view>.
_PAGES = (
    home,
    sign_in,
    account,
    certificates,
    acts,
    issue,
    imports,
    printing,
    people,
    branches,
    keys,
    preparations,
    approvals,
    api_keys,
    accreditations,
    reports,
    audit,
)


def build_blueprint() -> Blueprint:
    """All of the console: identified, protected from forged forms, and never kept by caches in one place."""
    console = Blueprint("console", __name__, url_prefix="/console")
    console.before_request(guard.identify)
    console.before_request(imports.let_files_in)
    console.before_request(guard.refuse_forged_forms)
    console.after_request(_keep_private)
    console.register_error_handler(RegistryError, _refusal)
    console.register_error_handler(AwaitsApproval, approvals.waits)
    for module in _PAGES:
        console.register_blueprint(module.blueprint)
    return console


def install(app: Flask) -> None:
    """Give the templates what they need."""
    app.jinja_env.globals.update(
        console_texts=texts,
        console_sections=navigation.sections,
        form_token=guard.form_token,
        the_person=guard.the_person,
    )


def _keep_private(response: Response) -> Response:
    response.headers["Cache-Control"] = headers.PRIVATE
    return guard.remember_form_secret(response)


def _refusal(error: RegistryError) -> ResponseReturnValue:
    if isinstance(error, NotAuthenticated):
        return to_sign_in()
    return forms.page("problem.html", forms.status_of(error), error=error)

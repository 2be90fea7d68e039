"""The public pages: what a person with a browser sees."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.certificate import SAMPLE_ENDING
from registry.domain.errors import InvalidInput, Violation
from registry.domain.public_id import parse_public_id
from registry.formats import qr_code
from registry.formats.credential import MEDIA_TYPE
from registry.services import find, manage_issuers, manage_keys
from registry.services.accreditations import list_accreditations
from registry.services.directory import directory
from registry.services.find import NameMatch, Page
from registry.services.offline_qr import WORTH_PRINTING, makes_codes
from registry.services.verify import Verification
from registry.web import api_public, errors, headers, present, texts, typed
from registry.web.credential_type import negotiate
from registry.web.current import the_registry, the_verifier

blueprint = Blueprint("pages", __name__)

# Pages about issuers, schemes and problems change seldom, and never because of who asks.
_SELDOM = "public, max-age=60"
_OTHER_PROBLEMS = {
    "keys-unavailable": 503,
    "too-many-requests": 429,
    "bad-request": 400,
    "method-not-allowed": 405,
    "request-entity-too-large": 413,
    "unsupported-media-type": 415,
    "refused": 400,
    "internal-error": 500,
}
_SMALLEST_SCALE, _LARGEST_SCALE = 4, 40
_CRITERIA = ("q", "number", "uscc", "name", "match")


@blueprint.after_request
def vary(response: Response) -> Response:
    """Each page exists in two languages."""
    if response.mimetype == "text/html":
        response.vary.update(("Accept", "Accept-Language", "Cookie"))
    return response


def canonical(view: Callable[[str], ResponseReturnValue]) -> Callable[[str], ResponseReturnValue]:
    """Lead other spellings of a public id to the one that is registered, so that there is one address of each thing."""

    @wraps(view)
    def checked(public_id: str) -> ResponseReturnValue:
        exact = parse_public_id(public_id)
        if exact == public_id:
            return view(public_id)
        query = request.query_string.decode("ascii", "ignore")
        address = url_for(request.endpoint or "", public_id=exact) + ("?" + query if query else "")
        return redirect(address, 308)

    return checked


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What this is, and the search box."""
    response = _page("home.html", _SELDOM)
    headers.allow_camera(response)
    return response


@blueprint.get("/v/<public_id>")
@canonical
def verify(public_id: str) -> ResponseReturnValue:
    """The verdict on a certificate: a page for people, JSON for programs."""
    verification = the_verifier().by_public_id(public_id)
    if errors.wants_page():
        response = _verification_page(verification)
    else:
        response = api_public.verification_response(verification)
    response.vary.update(("Accept", "Accept-Language", "Cookie"))
    return response


@blueprint.get("/v/<public_id>/qr.svg")
@canonical
def qr_svg(public_id: str) -> ResponseReturnValue:
    """The QR code for screens and print shops."""
    return _unchanging(qr_code.svg(_registered_address(public_id)), "image/svg+xml")


@blueprint.get("/v/<public_id>/qr.png")
@canonical
def qr_png(public_id: str) -> ResponseReturnValue:
    """The QR code as pixels, `scale` of them a module."""
    address = _registered_address(public_id)
    return _unchanging(qr_code.png(address, module_pixels()), "image/png")


@blueprint.get("/code-check")
def code_check() -> ResponseReturnValue:
    """All that the check of a signed QR code can say: fetched by the script of the verification page where needed."""
    return _page("code_check.html", _SELDOM)


@blueprint.get("/certificates/<public_id>")
@canonical
def credential(public_id: str) -> ResponseReturnValue:
    """The signed credential, to the byte."""
    _, document = find.stored_document(the_registry(), public_id)
    return negotiate(_unchanging(document, MEDIA_TYPE))


@blueprint.get("/search")
def search() -> ResponseReturnValue:
    """Find a certificate by whatever is known of it."""
    named = request.args.get("q", "")
    address = typed.page_of(named)
    if address is not None:
        return redirect(address, 303)
    criteria = {name: request.args[name] for name in _CRITERIA if name in request.args}
    try:
        found, refusal = (_find(criteria) if criteria else None), None
    except InvalidInput as error:
        found, refusal = None, _in_words(error)
    address = typed.page_meant(named, found) if named and found is not None and "after" not in request.args else None
    if address is not None:
        return redirect(address, 303)
    mistyped = typed.mistyped(criteria) if found is not None and not found.items else None
    shown = {"criteria": criteria, "found": found, "refusal": refusal, "mistyped": mistyped}
    response = _page("search.html", headers.VERDICT, **shown)
    response.status_code = 422 if refusal else 200
    return response


@blueprint.get("/issuers")
def issuers() -> ResponseReturnValue:
    """All certification bodies."""
    return _page("issuers.html", _SELDOM, listed=directory(the_registry()))


@blueprint.get("/issuers/<code>")
def issuer(code: str) -> ResponseReturnValue:
    """A certification body: what it may certify, and its keys."""
    body, authorizations = manage_issuers.issuer_with_authorizations(the_registry(), code)
    granted = list_accreditations(the_registry(), code)
    return _page(
        "issuer.html",
        _SELDOM,
        issuer=body,
        authorizations=authorizations,
        accreditations=granted,
        accredited={scheme for one in granted for scheme in one.schemes},
        keys=manage_keys.published_keys(the_registry(), code),
    )


@blueprint.get("/schemes")
def schemes() -> ResponseReturnValue:
    """The schemes that can be certified; credentials point here."""
    return _page("schemes.html", _SELDOM)


@blueprint.get("/problems")
def problems() -> ResponseReturnValue:
    """The kinds of problem; problem documents point here."""
    statuses = {slug: status for status, slug, _ in errors.PROBLEMS.values()} | _OTHER_PROBLEMS
    return _page("problems.html", _SELDOM, statuses=statuses)


def _page(template: str, cache: str, **context: object) -> Response:
    response = make_response(render_template(template, **context))
    response.headers["Cache-Control"] = cache
    return response


def _verification_page(verification: Verification) -> Response:
    terms = verification.terms
    # What fails the check may have any shape at all.
    shown: dict[str, object] = {"found": verification, "legible": present.legible(terms)}
    if shown["legible"]:
        code = terms["certification_body"]["code"]
        shown["samples"] = code.endswith(SAMPLE_ENDING)
        shown["printable_code"] = verification.verdict in WORTH_PRINTING and makes_codes(the_registry(), code)
    response = _page("verification.html", headers.VERDICT, **shown)
    # The page tells the time of the check to the minute, so it keeps its tag for a minute at most: an older page
    # that is shown again would claim a check that was not made.
    response.add_etag(weak=True)
    response.make_conditional(request)
    return response


def _in_words(error: InvalidInput) -> str:
    reason = error.violations[0].reason
    return texts.in_words(reason) or reason


def _registered_address(public_id: str) -> str:
    """What the QR code says; only for what is registered."""
    find.stored_document(the_registry(), public_id)
    return f"{the_registry().base_url}/v/{public_id}"


def _unchanging(content: bytes, media_type: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Cache-Control"] = headers.IMMUTABLE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response


def module_pixels() -> int:
    """How many pixels a module of a QR code shall have, by the query. Raises InvalidInput."""
    scale = request.args.get("scale", str(qr_code.DEFAULT_MODULE_PIXELS))
    if len(scale) <= 2 and scale.isascii() and scale.isdecimal() and _SMALLEST_SCALE <= int(scale) <= _LARGEST_SCALE:
        return int(scale)
    raise InvalidInput([Violation(("scale",), f"must be a whole number from {_SMALLEST_SCALE} to {_LARGEST_SCALE}")])


def _find(criteria: dict[str, str]) -> Page:
    after = request.args.get("after")
    if not any(criteria.get(name, "").strip() for name in ("q", "number", "uscc", "name")):
        raise InvalidInput([Violation((), "must not be empty")])
    if "q" in criteria:
        return find.search_anything(the_registry(), criteria["q"], after)
    match = criteria.get("match", NameMatch.CONTAINS)
    if match not in list(NameMatch):
        raise InvalidInput([Violation(("match",), "must be prefix or contains")])
    number, uscc, name = (criteria.get(one) for one in ("number", "uscc", "name"))
    return find.search(the_registry(), number, uscc, name, NameMatch(match), after)

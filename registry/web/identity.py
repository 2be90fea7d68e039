"""Who signs here: DID documents, JSON Web Keys, and the JSON-LD context of our terms."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response

from keys import Purpose
from registry.formats.contexts import CERTIFICATE_CONTEXT_PATH, certificate_context
from registry.formats.did_web import json_web_key, vouches
from registry.services import did_documents, manage_keys
from registry.web import headers
from registry.web.current import the_registry

blueprint = Blueprint("identity", __name__)
_KEYS_KEPT = "public, max-age=300"


def _json(document: object, media_type: str, cache: str) -> Response:
    response = jsonify(document)
    response.content_type = media_type
    response.headers["Cache-Control"] = cache
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    return response


@blueprint.get("/.well-known/did.json")
def registry_document() -> Response:
    """The registry's DID document."""
    return _json(did_documents.of_registry(the_registry()), "application/did+json", _KEYS_KEPT)


@blueprint.get("/issuers/<code>/did.json")
def issuer_document(code: str) -> Response:
    """An issuer's DID document."""
    return _json(did_documents.of_issuer(the_registry(), code), "application/did+json", _KEYS_KEPT)


@blueprint.get("/.well-known/jwks.json")
def key_set() -> Response:
    """The keys that all DID documents here list under assertionMethod, as a JWK Set (RFC 7517), oldest first."""
    keys = [key for key in manage_keys.published_keys(the_registry()) if key.purpose != Purpose.LOG]
    vouching = [json_web_key(key.published) for key in keys if vouches(key.published)]
    return _json({"keys": vouching}, "application/jwk-set+json", _KEYS_KEPT)


@blueprint.get(CERTIFICATE_CONTEXT_PATH)
def context() -> Response:
    """The JSON-LD context of our own terms."""
    response = make_response(certificate_context(the_registry().base_url + CERTIFICATE_CONTEXT_PATH))
    response.content_type = "application/ld+json"
    response.headers["Cache-Control"] = headers.IMMUTABLE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response

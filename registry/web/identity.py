"""Who signs here: DID documents, JSON Web Keys, and the JSON-LD context of our terms."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response, jsonify, make_response

from registry.formats.credential import CONTEXT_PATH
from registry.formats.did_web import did_document, issuer_did, json_web_key, registry_did
from registry.services import manage_keys
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
    registry = the_registry()
    keys = [key.published for key in manage_keys.published_keys(registry) if key.issuer_code is None]
    document = did_document(registry_did(registry.base_url), keys, [registry.base_url])
    return _json(document, "application/did+json", _KEYS_KEPT)


@blueprint.get("/issuers/<code>/did.json")
def issuer_document(code: str) -> Response:
    """An issuer's DID document."""
    registry = the_registry()
    keys = [key.published for key in manage_keys.published_keys(registry, code)]
    page = f"{registry.base_url}/issuers/{code}"
    return _json(did_document(issuer_did(registry.base_url, code), keys, [page]), "application/did+json", _KEYS_KEPT)


@blueprint.get("/.well-known/jwks.json")
def key_set() -> Response:
    """All keys whose new signatures count, as a JWK Set (RFC 7517)."""
    keys = [key.published for key in manage_keys.published_keys(the_registry())]
    active = [json_web_key(key) for key in keys if key.retired_at is None and key.compromised_since is None]
    return _json({"keys": active}, "application/jwk-set+json", _KEYS_KEPT)


@blueprint.get(CONTEXT_PATH)
def context() -> Response:
    """The JSON-LD context of our own terms."""
    text = (files("registry.formats") / "certificate-v1.jsonld").read_text("utf-8")
    response = make_response(text.replace("{vocabulary}", the_registry().base_url + CONTEXT_PATH + "#"))
    response.content_type = "application/ld+json"
    response.headers["Cache-Control"] = headers.IMMUTABLE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response

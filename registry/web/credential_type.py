"""The media type of a credential: `application/vc`, or a less specific one for clients that know no better."""

from __future__ import annotations

from flask import Response, request

from registry.formats.credential import MEDIA_TYPE

# Many clients know a document as JSON only by these words (Bitstring Status List 1.0, chapter 5: less specific types).
_TYPES = (MEDIA_TYPE, "application/ld+json", "application/json")


def negotiate(response: Response) -> Response:
    """Give a response with a credential the type that the request asks for."""
    response.content_type = request.accept_mimetypes.best_match(_TYPES, MEDIA_TYPE) or MEDIA_TYPE
    response.headers["Vary"] = "Accept"
    return response

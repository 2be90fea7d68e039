"""Reading requests: strict JSON, and errors with the path of each field."""

from __future__ import annotations

import hashlib
from typing import Any, NoReturn

from flask import Request, request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from registry.domain.errors import InvalidInput, Violation
from registry.formats import canonical_json
from registry.formats.canonical_json import MalformedJson
from registry.formats.certificate_request import violations
from registry.services.idempotency import Idempotency


class StrictParser(FlaskParser):
    """Reads bodies with `registry.formats.canonical_json`, and raises InvalidInput."""

    # Unknown fields are errors everywhere: a misspelt name must not be silently dropped.
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None}  # noqa: RUF012

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body as strict JSON, whatever its declared type."""
        try:
            return canonical_json.parse(read_body())
        except MalformedJson as error:
            raise InvalidInput([Violation((), str(error))]) from error

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        """Turn nested messages into paths."""
        by_location: Any = error.messages
        wrong = [one for messages in by_location.values() for one in violations(messages)]
        raise InvalidInput(wrong) from error


def read_body() -> bytes:
    """The whole body of the present request. Raises 413 for one that is too large, also without a Content-Length.

    A body of unknown length that fills the limit to the brim may have been cut there.
    """
    body = request.get_data(cache=True)
    limit = request.max_content_length
    if limit is not None and len(body) >= limit and request.content_length != len(body):
        raise RequestEntityTooLarge
    return body


def idempotency() -> Idempotency | None:
    """The request's Idempotency-Key, with the digest of all that is asked."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    asked = b"\0".join((request.method.encode(), request.path.encode(), read_body()))
    return Idempotency(key, hashlib.sha256(asked).digest())

"""The register in numbers, as a page and as a table for spreadsheets. As JSON it is part of the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Blueprint, Response, make_response, render_template
from flask.typing import ResponseReturnValue

from registry.services.statistics import KEPT_FOR, Statistics, statistics_of_register
from registry.web import pictures
from registry.web.current import the_registry

blueprint = Blueprint("statistics", __name__)
CACHE = f"public, max-age={KEPT_FOR.total_seconds():.0f}"


@blueprint.get("/statistics")
def page() -> ResponseReturnValue:
    """Charts and numbers."""
    found = statistics_of_register(the_registry())
    response = make_response(render_template("statistics.html", found=found, pictures=pictures.draw(found)))
    response.headers["Cache-Control"] = CACHE
    response.vary.update(("Accept-Language", "Cookie"))
    return response


@blueprint.get("/statistics.csv")
def as_csv() -> ResponseReturnValue:
    """All counts: what is counted, the class or month, the count."""
    table = io.StringIO()
    # Excel takes a file for UTF-8 by its first character.
    table.write("\ufeff")
    csv.writer(table).writerows([("counted", "of", "count"), *_rows(statistics_of_register(the_registry()))])
    response = Response(table.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Cache-Control"] = CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Content-Disposition"] = "attachment; filename=statistics.csv"
    return response


def _rows(found: Statistics) -> Iterator[tuple[str, str, int | str]]:
    yield "counted_at", "", found.counted_at.isoformat()
    yield "holders", "", found.holders
    yield "persons", "", found.persons
    yield "cases", "", found.cases
    for name in ("statuses", "schemes", "sections", "regions", "sizes", "issuers", "issued", "expiring"):
        yield from ((name, str(key), count) for key, count in getattr(found, name).items())
    for act, months in found.acts.items():
        yield from ((act.value, month, count) for month, count in months.items())

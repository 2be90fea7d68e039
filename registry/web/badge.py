"""The badge for a holder's own web site: a picture that shows what the registry says of a certificate now.

It comes from the same verification as the page behind it, each time that it is asked for. The language stands in its
address: a picture on another site must set no cookie, and looks the same to everybody.
"""

from __future__ import annotations

import unicodedata

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from registry.domain.public_id import grouped
from registry.domain.verdict import Verdict
from registry.services.verify import Verification
from registry.web import headers, present, texts
from registry.web.current import the_registry, the_verifier
from registry.web.pages import canonical
from registry.web.widget import integrity

blueprint = Blueprint("badge", __name__)

_UNTRUSTED = frozenset({Verdict.INVALID, Verdict.UNKNOWN})
# Pixels; a Chinese character is as wide as it is high, others on average a little more than half of that.
_ICON_SPACE, _MARGIN = 64, 18
_VERDICT_SIZE, _LINE_SIZE = 20, 13
_LATIN_WIDTH = 0.6
_LONGEST_LINE = 300


@blueprint.get("/v/<public_id>/badge-zh.svg")
@canonical
def chinese(public_id: str) -> ResponseReturnValue:
    """The badge in Chinese."""
    return _badge(public_id, "zh")


@blueprint.get("/v/<public_id>/badge-en.svg")
@canonical
def english(public_id: str) -> ResponseReturnValue:
    """The badge in English."""
    return _badge(public_id, "en")


@blueprint.get("/v/<public_id>/badge")
@canonical
def page(public_id: str) -> ResponseReturnValue:
    """What to write into a web site, to be copied."""
    found = the_verifier().by_public_id(public_id)
    shown = {"found": found, "base_url": the_registry().base_url, "widget_integrity": integrity}
    response = Response(render_template("badge.html", **shown))
    response.headers["Cache-Control"] = headers.VERDICT
    response.vary.update(("Accept", "Accept-Language", "Cookie"))
    return response


def _badge(public_id: str, language: str) -> Response:
    found = the_verifier().by_public_id(public_id)
    with force_locale(language):
        verdict, lines = str(texts.VERDICTS[found.verdict]), [_cut(line) for line in _lines(found)]
        widest = max(_width(verdict, _VERDICT_SIZE), *(_width(line, _LINE_SIZE) for line in lines))
        drawn = render_template(
            "badge.svg", found=found, verdict=verdict, lines=lines, width=_ICON_SPACE + round(widest) + _MARGIN
        )
    response = Response(drawn, content_type="image/svg+xml; charset=utf-8")
    response.headers["Cache-Control"] = headers.VERDICT
    response.headers["Access-Control-Allow-Origin"] = "*"
    # Sites that isolate themselves (Cross-Origin-Embedder-Policy) show no picture without this.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    response.make_conditional(request)
    return response


def _lines(found: Verification) -> list[str]:
    """What stands below the verdict. Nothing of what a document says that fails its check."""
    identity = grouped(found.public_id or "")
    if found.verdict in _UNTRUSTED:
        return [identity]
    return [found.terms["standard"], present.said(found.terms["certification_body"]["name"]), identity]


def _width(text: str, size: int) -> float:
    """About how many pixels wide a text is, in whatever font the reader has."""
    return size * sum(1 if unicodedata.east_asian_width(one) in "WF" else _LATIN_WIDTH for one in text)


def _cut(line: str) -> str:
    """A line that fits; the page behind the badge has all of it."""
    if _width(line, _LINE_SIZE) <= _LONGEST_LINE:
        return line
    while _width(line, _LINE_SIZE) > _LONGEST_LINE - _LINE_SIZE:
        line = line[:-1]
    return line.rstrip() + "…"

"""How the pages show things: two languages side by side, days and times in China, words for codes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlencode

from babel.dates import format_date
from flask import Flask, Response, g, request, url_for
from flask_babel import get_locale
from markupsafe import Markup, escape
from werkzeug.exceptions import NotFound as NoRoute

from registry.domain.certificate import CERTIFICATE_ZONE, SAMPLE_ENDING, EnterpriseSize, day_of
from registry.domain.errors import RegistryError
from registry.domain.public_id import grouped
from registry.domain.schemes import SCHEMES, Text
from registry.domain.signing_key import PublishedKey
from registry.domain.verdict import Verdict
from registry.formats.canonical_json import JsonObject
from registry.formats.multikey import encode_public_key
from registry.services import manage_issuers
from registry.services.verify import Verification
from registry.web import headers, texts
from registry.web.api_reference import ApiReference
from registry.web.current import the_registry

_NO_ROUTE = NoRoute().name
_AN_HOUR = "public, max-age=3600"
# Tags of our two languages, as browsers choose fonts by them.
_TAGS = {"zh": "zh-CN", "en": "en"}
_DAY_PATTERNS = {"zh": "y年M月d日", "en": "d MMMM y"}
_TONES: Mapping[Verdict, str] = {
    Verdict.VALID: "good",
    Verdict.SUSPENDED: "warn",
    Verdict.WITHDRAWN: "bad",
    Verdict.CANCELLED: "past",
    Verdict.SUPERSEDED: "past",
    Verdict.EXPIRED: "past",
    Verdict.NOT_YET_VALID: "ahead",
    Verdict.INVALID: "bad",
    Verdict.UNKNOWN: "past",
}


def install(app: Flask) -> None:
    """Give the templates what they need."""
    digests = _digests(Path(app.static_folder or ""))

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=digests[name])

    @app.after_request
    def keep(response: Response) -> Response:
        # Addresses with the digest of this very content can be kept for ever.
        if request.endpoint == "static" and response.status_code == 200:
            known = digests.get((request.view_args or {}).get("filename", ""))
            fits = known is not None and request.args.get("v") == known
            response.headers["Cache-Control"] = headers.IMMUTABLE if fits else _AN_HOUR
        return response

    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=asset,
        language=language,
        language_tag=lambda: _TAGS[language()],
        switch_url=switch_url,
        sample_data=sample_data,
        texts=texts,
        schemes=SCHEMES,
        tones=_TONES,
        typed_id=typed_id,
        no_such_page=no_such_page,
        base_url=lambda: the_registry().base_url,
        chapters=lambda spec: ApiReference(spec, the_registry().base_url).chapters(),
    )
    app.jinja_env.filters.update(
        both=both,
        said=said,
        day=day,
        moment=moment,
        grouped=grouped,
        since=since,
        multikey=encode_public_key,
        key_state=key_state,
        breakable=breakable,
        in_words=texts.in_words,
    )


def _digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files}


def language() -> str:
    """'zh' or 'en'."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def switch_url(wanted: str) -> str:
    """The present page in another language. Only the query, so that a strange path can't lead elsewhere."""
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return "?" + urlencode([*query, ("lang", wanted)])


def sample_data() -> bool:
    """Whether the registry holds samples; asks once a request, and never makes a page fail."""
    if "sample_data" not in g:
        try:
            issuers = manage_issuers.list_issuers(the_registry())
        except RegistryError:
            issuers = []
        g.sample_data = any(issuer.code.endswith(SAMPLE_ENDING) for issuer in issuers)
    return bool(g.sample_data)


def both(text: Text | Mapping[str, str] | None) -> list[tuple[str, str]]:
    """A text as (language tag, words), in the reader's language first."""
    if text is None:
        return []
    words = {"zh": text.zh, "en": text.en} if isinstance(text, Text) else text
    order = ("en", "zh") if language() == "en" else ("zh", "en")
    return [(_TAGS[code], value) for code in order if (value := words.get(code))]


def said(text: Text | Mapping[str, str] | None) -> str:
    """A text in the reader's language, or in the one that there is."""
    return next((words for _, words in both(text)), "")


def day(value: date | str | None) -> str:
    """A day as the paper writes it: 2025年1月2日, 2 January 2025."""
    if value is None:
        return ""
    known = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(known, _DAY_PATTERNS[language()], locale=language())


def moment(instant: datetime) -> str:
    """A time in China to the minute; the zone is said beside it."""
    local = instant.astimezone(CERTIFICATE_ZONE)
    return f"{day(local.date())} {local:%H:%M}"


def since(found: Verification) -> str:
    """Since when the verdict holds, in a sentence; empty where there is none."""
    sentence = texts.SINCE.get(found.verdict)
    if sentence is None or found.status is None:
        return ""
    dates = {Verdict.EXPIRED: "valid_until", Verdict.NOT_YET_VALID: "valid_from"}
    stated = found.terms.get(dates.get(found.verdict, ""))
    return str(sentence) % {"day": day(stated or day_of(found.status.since))}


def legible(terms: JsonObject) -> bool:
    """Whether terms have the shape that the pages show. A document that fails the check may have any."""
    try:
        holder, body, sites = terms["holder"], terms["certification_body"], terms.get("sites", [])
        said_twice = [terms["scope"], terms["scheme_name"], holder["name"], body["name"], body["address"]]
        said_twice += [holder[name] for name in ("address",) if name in holder]
        said_twice += [one[name] for one in sites for name in ("name", "address", "scope")]
        days = [terms[name] for name in ("granted_on", "decided_on", "valid_from")]
        days += [terms[name] for name in ("valid_until",) if name in terms]
        plain = [terms["number"], terms["scheme"], terms["standard"], body["code"], body["mark"]]
        plain += [terms["replaces"]["number"]] if "replaces" in terms else []
        plain += [words[code] for words in said_twice for code in words]
        return (
            all(isinstance(one, str) for one in plain)
            and all("zh" in words for words in said_twice)
            and all(date.fromisoformat(one) for one in days)
            and holder["kind"] in texts.HOLDERS
            and holder.get("size", EnterpriseSize.MICRO) in texts.SIZES
            and holder.get("identifier", {"scheme": "other"})["scheme"] in texts.IDENTIFIERS
            and terms["revision"] > 0
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def breakable(path: str) -> Markup:
    """A path that may be broken after each slash."""
    return escape(path).replace("/", Markup("/<wbr>"))


def typed_id() -> str:
    """What stands in the address where a certificate id is expected, as it was typed."""
    return str((request.view_args or {}).get("public_id", ""))


def no_such_page(problem: Mapping[str, object]) -> bool:
    """Whether no page has this address; among certificates and issuers it is rather the thing that is missing."""
    among_things = request.path.startswith(("/v/", "/certificates/", "/issuers/"))
    return problem["title"] == _NO_ROUTE and not among_things


def key_state(key: PublishedKey) -> str:
    """'active', 'retired' or 'compromised' at this moment."""
    return key.state_at(the_registry().now())

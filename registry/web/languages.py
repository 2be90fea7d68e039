"""Chinese or English: by the switch in the page, which a cookie remembers, or by Accept-Language."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, request
from flask_babel import Babel

LANGUAGES = ("zh", "en")
COOKIE = "language"
_ONE_YEAR = 31_536_000


def chosen_language() -> str:
    """'zh' or 'en', for the present request."""
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


def install(app: Flask) -> None:
    """Translate pages, and remember the switch."""
    translations = str(Path(__file__).parent / "translations")
    Babel(app, default_locale="zh", default_translation_directories=translations, locale_selector=chosen_language)

    @app.after_request
    def remember(response: Response) -> Response:
        wish = request.args.get("lang")
        if wish in LANGUAGES and wish != request.cookies.get(COOKIE):
            secure = request.is_secure
            response.set_cookie(COOKIE, str(wish), max_age=_ONE_YEAR, samesite="Lax", httponly=True, secure=secure)
        return response

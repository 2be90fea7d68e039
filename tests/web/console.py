"""A browser's part of the console without a browser: forms are sent as the page has them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.services.context import Registry
from registry.services.roles import Role
from tests.services.accounts import PASSWORD, new_user, with_second_factor

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}


@dataclass
class Visitor:
    """Somebody with a browser at the console."""

    client: FlaskClient
    last: TestResponse | None = None

    def open(self, path: str) -> TestResponse:
        self.last = self.client.get(f"/console{path}", headers=ENGLISH)
        return self.last

    def send(self, path: str, token: str | None = None, **fields: str) -> TestResponse:
        """Send a form, with the token of the last page that had one unless told."""
        sent = {"form_token": self.form_token() if token is None else token, **fields}
        response = self.client.post(f"/console{path}", data=sent, headers=ENGLISH)
        if "form_token" in response.text:
            self.last = response
        return response

    def form_token(self) -> str:
        assert self.last is not None
        found = re.search(r'name="form_token" value="([0-9a-f]{64})"', self.last.text)
        assert found, self.last.text
        return found[1]

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        self.open("/sign-in")
        return self.send("/sign-in", email=email, password=password)

    def enter(self, registry: Registry, email: str, role: Role = Role.ADMINISTRATOR, issuer: str = "cqc") -> None:
        """Make a user, and sign in completely."""
        new_user(registry, email, role, issuer)
        token, _, _ = with_second_factor(registry, email)
        self.client.set_cookie("__Host-registry-session", token)
        self.open("/account/")


def words(response: TestResponse) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"(?s)<head>.*?</head>|<[^>]+>", " ", response.text)
    return re.sub(r"\s+", " ", html.unescape(body))

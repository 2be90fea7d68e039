"""Digests of related resources: those of the published contexts fit, others do not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from registry.formats.multikey import encode_base58btc
from registry.formats.related_resource import digest_violations

BASE = "https://www.w3.org/ns/credentials/v2"
# Published in the Recommendation of 2025, appendix B.1.
RECOMMENDED = bytes.fromhex("59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734")
# As the public test suite for the data model names the file of 2024.
SUITE_SRI = "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg"
SUITE_MULTIBASE = "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k"
OTHER_SHA256 = bytes(32)


def multibase(digest: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sri(digest: bytes) -> str:
    return "sha256-" + base64.b64encode(digest).decode()


def found(**digests: Any) -> list[str]:
    return [one.pointer for one in digest_violations({"relatedResource": {"id": BASE, **digests}})]


@pytest.mark.parametrize(
    "digests",
    [
        {"digestSRI": sri(RECOMMENDED)},
        {"digestSRI": SUITE_SRI},
        {"digestSRI": sri(OTHER_SHA256) + " " + SUITE_SRI},
        {"digestSRI": [SUITE_SRI]},
        {"digestMultibase": multibase(b"\x12\x20" + RECOMMENDED)},
        {"digestMultibase": encode_base58btc(b"\x12\x20" + RECOMMENDED)},
        {"digestMultibase": SUITE_MULTIBASE},
        {"digestSRI": sri(RECOMMENDED), "digestMultibase": SUITE_MULTIBASE},
        # Not comparable: nothing is said of it.
        {"digestMultibase": multibase(b"\x13\x40" + bytes(64))},
    ],
)
def test_a_digest_of_the_resource_is_accepted(digests: dict[str, Any]) -> None:
    assert found(**digests) == []


@pytest.mark.parametrize(
    ("digests", "wrong"),
    [
        ({"digestSRI": sri(OTHER_SHA256)}, "digestSRI"),
        ({"digestMultibase": multibase(b"\x12\x20" + OTHER_SHA256)}, "digestMultibase"),
        ({"digestSRI": SUITE_SRI, "digestMultibase": multibase(OTHER_SHA256)}, "digestMultibase"),
        ({"digestSRI": "sha384-" + base64.b64encode(OTHER_SHA256).decode()}, "digestSRI"),
        ({"digestSRI": "md5-1B2M2Y8AsgTpgAmY7PhCfg=="}, "digestSRI"),
        ({"digestSRI": ""}, "digestSRI"),
        ({"digestSRI": []}, "digestSRI"),
        ({"digestSRI": None}, "digestSRI"),
        ({"digestMultibase": "u!"}, "digestMultibase"),
        ({"digestMultibase": multibase(b"short")}, "digestMultibase"),
        ({"digestMultibase": "mJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k"}, "digestMultibase"),
        ({"digestMultibase": 7}, "digestMultibase"),
        ({"digestMultibase": [SUITE_MULTIBASE] * 9}, "digestMultibase"),
    ],
)
def test_another_digest_or_none_at_all_is_named(digests: dict[str, Any], wrong: str) -> None:
    assert found(**digests) == [f"/relatedResource/{wrong}"]


def test_nothing_is_said_of_a_resource_that_is_not_at_hand() -> None:
    resources = [{"id": "https://logo.example/mark.svg", "digestSRI": sri(OTHER_SHA256)}]
    assert digest_violations({"relatedResource": resources}) == []
    assert digest_violations({}) == []


def test_the_place_in_a_list_is_told() -> None:
    resources = [{"id": BASE, "digestSRI": SUITE_SRI}, {"id": BASE, "digestSRI": sri(OTHER_SHA256)}]
    (violation,) = digest_violations({"relatedResource": resources})
    assert violation.pointer == "/relatedResource/1/digestSRI"

"""The packaged contexts: the published documents, our own under any address, and nothing else."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import pytest

from registry.formats.canonical_json import canonicalize
from registry.formats.contexts import UnknownContext, certificate_context, known_contexts, load_context
from registry.formats.untp_terms import UNTP_CONTEXT

# SHA-256 of the bytes as Data Integrity 1.0 (2.4) publishes it.
DATA_INTEGRITY_V2 = "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"
# SHA-256 of the canonical JSON of what https://www.w3.org/ns/credentials/v2 held when its bytes had the SHA-256 that
# Data Model 2.0 (B.1) publishes, 59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734.
CREDENTIALS_V2 = "b463c8d6a066214123ddd9827b135e1b50e1fc73322cc52a9b12a4f1fc7d86cf"


def test_the_published_contexts_are_the_published_ones() -> None:
    data = (files("registry.formats") / "contexts" / "data-integrity-v2.jsonld").read_bytes()
    assert hashlib.sha256(data).hexdigest() == DATA_INTEGRITY_V2
    credentials = canonicalize(load_context("https://www.w3.org/ns/credentials/v2"))
    assert hashlib.sha256(credentials).hexdigest() == CREDENTIALS_V2


def test_every_known_context_is_there_and_is_one() -> None:
    assert len(known_contexts()) > 10
    for url in known_contexts():
        assert "@context" in load_context(url)


def test_every_packaged_file_has_an_address_and_a_line_on_its_origin() -> None:
    folder = files("registry.formats") / "contexts"
    readme = (folder / "README.md").read_text("utf-8")
    names = [file.name for file in folder.iterdir() if file.name.endswith(".jsonld")]
    assert len(names) == len(known_contexts() - {UNTP_CONTEXT})
    for name in names:
        assert name in readme


@pytest.mark.parametrize(
    "base_url", ["https://registry.example", "http://127.0.0.1:8000", "https://a.b-c.example:8443"]
)
def test_our_own_context_is_that_of_each_registry(base_url: str) -> None:
    url = f"{base_url}/contexts/certificate/v1"
    context = load_context(url)
    assert context == json.loads(certificate_context(url))
    assert context["@context"]["certificate"]["@id"] == f"{url}#certificate"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "v2",
        "https://www.w3.org/ns/credentials/v2#",
        "https://www.w3.org/ns/credentials/V2",
        "http://www.w3.org/ns/credentials/v2",
        "https://test.uncefact.org/vocabulary/untp/dcc/0.6.1/",
        "https://registry.example/contexts/certificate/v2",
        "https://registry.example/contexts/certificate/v1#x",
        "https://registry.example/path/contexts/certificate/v1",
        "https://user@registry.example/contexts/certificate/v1",
        "ftp://registry.example/contexts/certificate/v1",
        'https://registry.example"/contexts/certificate/v1',
        "https://registry.example:999999/contexts/certificate/v1",
        "file:///contexts/certificate/v1",
    ],
)
def test_every_other_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(UnknownContext) as caught:
        load_context(url)
    assert url in str(caught.value)

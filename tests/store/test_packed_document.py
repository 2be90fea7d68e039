"""Credentials packed in the database: the same bytes come back, whatever happened to the rows."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, literal, select, type_coerce, update
from zstandard import ZstdCompressor

from registry.domain.verdict import Verdict
from registry.services.context import Actor, Registry
from registry.services.find import stored_document
from registry.services.issue import issue, issue_many
from registry.services.verify import Verifier
from registry.store import schema
from registry.store.models import Credential
from registry.store.packed_document import MAX_DOCUMENT_BYTES, pack, unpack
from tests.conftest import sample_certificate

DICTIONARY = files("registry.store").joinpath("credential_dictionary_1.ndjson")
_bytes = type_coerce(Credential.document, LargeBinary)


def stored(registry: Registry) -> list[bytes]:
    """The rows as they stand in the database, in the order of issuing."""
    with registry.database.read() as connection:
        return [bytes(row) for row in connection.scalars(select(_bytes).order_by(Credential.certificate_id))]


def store(registry: Registry, raw: bytes) -> None:
    """Write bytes past the packing, as somebody with the database could."""
    with registry.database.transaction() as connection:
        connection.execute(update(Credential).values(document=literal(raw, LargeBinary)))


@given(st.binary(max_size=3000).map(lambda rest: b"{" + rest))
def test_any_document_comes_back_as_it_was(document: bytes) -> None:
    packed = pack(document)
    assert not packed.startswith(b"{")
    assert unpack(packed) == document
    assert unpack(document) == document


@given(st.binary(max_size=300), st.booleans())
def test_bytes_that_are_no_packed_document_come_back_as_they_are(anything: bytes, number: bool) -> None:
    raw = b"\x01" * number + anything
    if unpack(raw) != raw:
        assert unpack(pack(unpack(raw))) == unpack(raw)


def test_the_dictionary_never_changes() -> None:
    """Without these very bytes no credential that was packed with them can be read; a better one gets a new number."""
    digest = hashlib.sha256(DICTIONARY.read_bytes()).hexdigest()
    assert digest == "aa35c6cbf781a98570e868812bcfeab16f53a306b7951d0a56d0b03324a52bb3"


def test_a_credential_takes_a_quarter_of_its_size_at_most(registry: Registry, actor: Actor) -> None:
    row = issue(registry, actor, sample_certificate())
    _, document = stored_document(registry, row.public_id)
    assert document.startswith(b"{")
    assert len(stored(registry)[0]) < len(document) / 4


def test_batches_are_packed_as_single_ones_are(registry: Registry, actor: Actor) -> None:
    public_ids = issue_many(registry, actor, [sample_certificate("one"), sample_certificate("two")])
    documents = [stored_document(registry, one)[1] for one in public_ids]
    assert [unpack(one) for one in stored(registry)] == documents
    assert all(one.startswith(b"\x01") for one in stored(registry))


def test_a_credential_from_before_there_was_packing_is_read(registry: Registry, actor: Actor) -> None:
    row = issue(registry, actor, sample_certificate())
    store(registry, stored_document(registry, row.public_id)[1])
    assert stored(registry)[0].startswith(b"{")
    assert Verifier(registry, 0).by_public_id(row.public_id).verdict is Verdict.VALID


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x01", id="number alone"),
        pytest.param(b"\x02" + b"x" * 50, id="a dictionary that there is not"),
        pytest.param(b"\x01" + b"x" * 50, id="no frame"),
        pytest.param(pack(b'{"a":1}')[:-1], id="cut off"),
        pytest.param(pack(b'{"a":1}') + b"more", id="something behind"),
        pytest.param(pack(b"{}"), id="another document"),
        pytest.param(pack(b"[1]"), id="no object"),
        pytest.param(b"\x01" + ZstdCompressor().compress(bytes(MAX_DOCUMENT_BYTES + 1)), id="a bomb"),
        pytest.param(
            b"\x01" + ZstdCompressor(write_content_size=False).compress(bytes(MAX_DOCUMENT_BYTES + 1)),
            id="a bomb that does not tell its size",
        ),
        pytest.param(b"\x01\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little") + bytes(9), id="claims a terabyte"),
    ],
)
def test_a_row_that_was_tampered_with_is_invalid_and_nothing_worse(
    registry: Registry, actor: Actor, raw: bytes
) -> None:
    row = issue(registry, actor, sample_certificate())
    store(registry, raw)
    assert Verifier(registry, 0).by_public_id(row.public_id).verdict is Verdict.INVALID


def test_any_flipped_byte_is_found_out(registry: Registry, actor: Actor) -> None:
    row = issue(registry, actor, sample_certificate())
    packed = stored(registry)[0]
    verifier = Verifier(registry, 0)
    for position in range(0, len(packed), 41):
        store(registry, packed[:position] + bytes([packed[position] ^ 0x10]) + packed[position + 1 :])
        assert verifier.by_public_id(row.public_id).verdict is Verdict.INVALID, position


def test_threads_pack_and_unpack_at_the_same_time() -> None:
    samples = DICTIONARY.read_bytes().split(b"\n")
    documents = [sample.replace(b"2026", b"%04d" % number) for number in range(200) for sample in samples]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda one: unpack(pack(one)), documents)) == documents


def test_going_back_a_revision_unpacks_all(registry: Registry, actor: Actor) -> None:
    """The program of that revision can't read packed credentials. There are more here than are unpacked at once."""
    public_ids = issue_many(registry, actor, [sample_certificate(f"N{number}") for number in range(1003)])
    documents = [stored_document(registry, one)[1] for one in public_ids]
    schema.downgrade(registry.database, "0007")
    assert stored(registry) == documents
    schema.upgrade(registry.database)
    assert [stored_document(registry, one)[1] for one in public_ids] == documents

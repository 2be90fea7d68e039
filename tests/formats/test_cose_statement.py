"""Statements of certificates: the bytes that another implementation writes, and a refusal for everything else."""

from __future__ import annotations

import json
from base64 import b32encode
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from registry.domain.certificate import FIRST_DAY, LAST_DAY, MAX_NAME_LENGTH, MAX_NUMBER_LENGTH, HolderId
from registry.domain.public_id import ENTROPY_BYTES, new_public_id
from registry.domain.schemes import SCHEMES, Text
from registry.formats import qr_code
from registry.formats.cose_sign1 import decode, encode, read_sign1, write_sign1
from registry.formats.cose_statement import (
    DIGEST_SIZE,
    MAX_STATEMENT_BYTES,
    MAX_TEXT_LENGTH,
    Claims,
    MalformedStatement,
    address_of,
    carries_statement,
    compose,
    digest_of_scope,
    read,
    verify,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/cose/statements.json").read_text())
PUBLIC = bytes.fromhex(VECTORS["public_key"])
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["secret_key"]))
ID = "VT7X762W9JTW25V"
ORGANIZATION = Claims(
    issuer="did:web:registry.example:issuers:cqc",
    public_id=ID,
    number="00125Q30001R0S",
    holder=Text("宁波华丰精密机械有限公司（样例）", "Ningbo Huafeng Precision Machinery (Sample)"),
    identifier=HolderId("uscc", "91330282MA00000184"),
    standard="GB/T 19001-2016 / ISO 9001:2015",
    scope_digest=bytes.fromhex("c63ea6619afd07f45d8ac2f1ddb15bc0"),
    granted_on=date(2025, 1, 6),
    decided_on=date(2025, 1, 6),
    valid_from=date(2025, 1, 8),
    valid_until=date(2028, 1, 7),
)
PERSON = Claims(
    issuer="did:web:localhost%3A8000:issuers:training-body",
    public_id=ID,
    number="2025-培训-001",
    holder=Text("李四（样例）"),
    identifier=None,
    standard="GB/T 19011-2021 / ISO 19011:2018",
    scope_digest=digest_of_scope({"zh": "管理体系审核"}),
    granted_on=date(2025, 6, 30),
    decided_on=date(2025, 6, 30),
    valid_from=date(2025, 7, 1),
    valid_until=None,
)
# The largest that the domain allows: texts of characters that take four bytes, and the longest name of a host.
LARGEST = replace(
    ORGANIZATION,
    issuer=f"did:web:{'h' * 63}.{'o' * 63}.{'s' * 63}.{'t' * 61}:issuers:{'c' * 32}",
    number="𠀀" * MAX_NUMBER_LENGTH,
    holder=Text("𠀀" * MAX_NAME_LENGTH, "n" * MAX_NAME_LENGTH),
    identifier=HolderId("other", "𠀀" * 64),
    standard=max((scheme.standard for scheme in SCHEMES.values()), key=lambda standard: len(standard.encode())),
    granted_on=FIRST_DAY,
    valid_until=LAST_DAY,
)


def scanned(picture: Image.Image) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcode(picture)
    assert found is not None
    return found


def fragment(statement: bytes) -> str:
    return b32encode(statement).decode().rstrip("=")


def with_payload(claims: Any, headers: dict[int, Any] | None = None) -> str:
    """The fragment of a well-signed message with any payload."""
    return fragment(write_sign1(headers or {1: -8, 4: b"key-1"}, encode(claims), PRIVATE.sign))


def raw_claims() -> dict[Any, Any]:
    found = decode(read_sign1(bytes.fromhex(VECTORS["organization"])).payload)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("name", "claims"), [("organization", ORGANIZATION), ("person", PERSON)])
def test_we_write_the_bytes_that_another_implementation_writes(name: str, claims: Claims) -> None:
    assert compose(claims, "key-1", PRIVATE.sign).hex() == VECTORS[name]


@pytest.mark.parametrize(
    ("name", "claims"), [("organization", ORGANIZATION), ("person", PERSON), ("organization_ed25519", ORGANIZATION)]
)
def test_we_read_what_another_implementation_wrote(name: str, claims: Claims) -> None:
    found = read("#" + fragment(bytes.fromhex(VECTORS[name])))
    assert found.claims == claims
    assert found.verification_method == f"{claims.issuer}#key-1"
    assert verify(found, PUBLIC)
    assert not verify(found, bytes(32))


def test_the_digest_of_the_scope_is_that_of_its_canonical_json() -> None:
    scope = {"zh": "汽车用注塑件的设计和生产", "en": "Design and production of injection-moulded parts"}
    assert digest_of_scope(scope) == ORGANIZATION.scope_digest
    assert digest_of_scope({"zh": scope["zh"]}) != ORGANIZATION.scope_digest


def test_the_whole_text_of_a_code_its_fragment_and_small_letters_are_read_alike() -> None:
    statement = compose(ORGANIZATION, "key-1", PRIVATE.sign)
    text = address_of("https://registry.example", ID, statement)
    found = read(f" {text}\n")
    assert found.address == f"https://registry.example/v/{ID}"
    for other in (fragment(statement), "#" + fragment(statement), fragment(statement).lower()):
        assert read(other).claims == found.claims
        assert verify(read(other), PUBLIC)


def test_texts_with_a_statement_are_told_from_ids_files_and_places_in_a_page() -> None:
    statement = fragment(compose(PERSON, "key-1", PRIVATE.sign))
    assert carries_statement(statement)
    assert carries_statement(f"https://registry.example/v/{ID}#{statement}")
    assert carries_statement(f"https://registry.example/v/{ID}#damaged{statement[9:]}")
    page = f"https://registry.example/v/{ID}"
    for other in ("", ID, "2" * 300, page, page + "#checks", "a/file.json"):
        assert not carries_statement(other)


def test_no_changed_byte_goes_unnoticed() -> None:
    whole = compose(ORGANIZATION, "key-1", PRIVATE.sign)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        try:
            found = read(fragment(bytes(changed)))
        except MalformedStatement:
            continue
        assert not verify(found, PUBLIC), position


@pytest.mark.parametrize("claims", [ORGANIZATION, PERSON], ids=["organization", "person"])
def test_what_is_signed_can_never_be_taken_for_a_credential(claims: Claims) -> None:
    """A Data Integrity proof signs 64 bytes of digests; see the head of the module."""
    signed: list[bytes] = []
    smallest = replace(claims, issuer="did:web:a", number="1", holder=Text("李"), identifier=None, standard="1")
    for one in (claims, smallest):
        compose(one, "k", lambda data: signed.append(data) or bytes(64))  # type: ignore[func-returns-value]
    assert all(len(data) > 64 and data.startswith(b"\x84\x6aSignature1") for data in signed)


def test_an_english_name_that_would_make_the_code_too_fine_is_left_out() -> None:
    crowded = replace(ORGANIZATION, holder=Text(ORGANIZATION.holder.zh, "Precision Machinery " * 9))
    found = read(fragment(compose(crowded, "key-1", PRIVATE.sign))).claims
    assert found == replace(crowded, holder=Text(crowded.holder.zh))
    assert read(fragment(compose(ORGANIZATION, "key-1", PRIVATE.sign))).claims.holder.en is not None


def test_the_largest_certificate_there_can_be_still_fits_into_a_code() -> None:
    statement = compose(LARGEST, "key-10000", PRIVATE.sign)
    host = LARGEST.issuer.removeprefix("did:web:").partition(":")[0]
    text = address_of(f"https://{host}", ID, statement)
    assert len(statement) <= MAX_STATEMENT_BYTES
    assert len(text) <= MAX_TEXT_LENGTH
    assert read(text).claims == replace(LARGEST, holder=Text(LARGEST.holder.zh))
    picture = Image.open(BytesIO(qr_code.png(text, 4)))
    assert scanned(picture).text == text


# Millimetres of a printed code with its quiet zone, at 300 dots an inch.
@pytest.mark.parametrize("millimetres", [35, 30])
def test_a_code_is_read_at_the_size_at_which_it_is_printed(millimetres: int) -> None:
    text = address_of("https://registry.example", ID, compose(ORGANIZATION, "key-1", PRIVATE.sign))
    pixels = round(millimetres / 25.4 * 300)
    picture = Image.open(BytesIO(qr_code.png(text))).convert("L").resize((pixels, pixels), Image.Resampling.BILINEAR)
    found = scanned(picture.rotate(4, expand=True, fillcolor=255))
    assert found.text == text
    assert found.ec_level == "M"


def test_modules_of_an_ordinary_code_are_wide_enough_for_telephones() -> None:
    text = address_of("https://registry.example", ID, compose(ORGANIZATION, "key-1", PRIVATE.sign))
    modules = Image.open(BytesIO(qr_code.png(text, 1))).width
    assert 35 / modules > 0.37


WRONG: dict[str, Any] = {
    "a claim too many": {-13: 1},
    "a claim of another kind": {3: "audience"},
    "another issuer's form": {1: "https://registry.example/issuers/cqc"},
    "an issuer that breaks lines": {1: "did:web:registry.example\n"},
    "no certificate id": {2: "VT7X762W9JTW25W"},
    "an id in another spelling": {2: ID.lower()},
    "an id that is a number": {2: 5},
    "an empty number": {-1: ""},
    "a long number": {-1: "0" * (MAX_NUMBER_LENGTH + 1)},
    "a name that moves the cursor": {-2: "华丰\x1b[2J"},
    "a name that turns the writing around": {-2: "华丰\u202e"},
    "a name in bytes": {-3: b"Huafeng"},
    "an English name that is null": {-3: None},
    "two identifiers": {-5: "5493001KJTIIGC8Y1R12"},
    "a long identifier": {-4: "9" * 65},
    "a short digest": {-8: bytes(DIGEST_SIZE - 1)},
    "a long digest": {-8: bytes(DIGEST_SIZE + 1)},
    "a day in words": {-9: "2025-01-06"},
    "a day in fractions": {-9: 20094.0},
    "a day that is yes": {-9: True},
    "a day before all days": {-10: -30000},
    "a day after all days": {-12: 2**40},
    "an end that is null": {-12: None},
}


@pytest.mark.parametrize("name", WRONG)
def test_claims_that_are_not_ours_are_refused_even_when_signed(name: str) -> None:
    with pytest.raises(MalformedStatement):
        read(with_payload(raw_claims() | WRONG[name]))


@pytest.mark.parametrize("key", sorted({1, 2, -1, -2, -7, -8, -9, -10, -11}))
def test_each_obligatory_claim_is_missed(key: int) -> None:
    claims = raw_claims()
    del claims[key]
    with pytest.raises(MalformedStatement):
        read(with_payload(claims))


def test_a_key_that_only_python_takes_for_one_is_refused() -> None:
    claims = raw_claims()
    with pytest.raises(MalformedStatement):
        read(with_payload({True if key == 1 else key: value for key, value in claims.items()}))


@pytest.mark.parametrize(
    "headers",
    [
        {1: -8},
        {4: b"key-1"},
        {1: -7, 4: b"key-1"},
        {1: -8.0, 4: b"key-1"},
        {1: -8, 4: "key-1"},
        {1: -8, 4: b""},
        {1: -8, 4: b"key 1"},
        {1: -8, 4: b"\xff"},
        {1: -8, 2: [99], 4: b"key-1"},
    ],
)
def test_headers_that_are_not_ours_are_refused(headers: dict[int, Any]) -> None:
    with pytest.raises(MalformedStatement):
        read(with_payload(raw_claims(), headers))


def test_unprotected_headers_which_anybody_can_add_are_refused() -> None:
    parts = read_sign1(bytes.fromhex(VECTORS["organization"]))
    whole = b"\xd2" + encode([parts.protected, {5: b"x"}, parts.payload, parts.signature])
    with pytest.raises(MalformedStatement):
        read(fragment(whole))


@pytest.mark.parametrize("payload", [[], "text", 5, {}, None])
def test_a_payload_that_is_no_map_of_claims_is_refused(payload: Any) -> None:
    with pytest.raises(MalformedStatement):
        read(with_payload(payload))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        f"https://registry.example/v/{ID}",
        "#" + "2K" * 40,
        "#" + "A" * 97,
        "#2KEEVIQBE5CFWZLZFUYQ====",
        "华丰",
        "0189",
        "A" * (MAX_TEXT_LENGTH + 1),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedStatement):
        read(text)


def test_a_second_spelling_of_the_same_bytes_is_refused() -> None:
    """The last symbol of base32 may have bits to spare, which must be 0."""
    written = fragment(bytes.fromhex(VECTORS["organization"]))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    assert len(written) % 8 != 0
    with pytest.raises(MalformedStatement):
        read(written[:-1] + alphabet[alphabet.index(written[-1]) + 1])


printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
days = st.dates(FIRST_DAY, LAST_DAY)


@given(
    entropy=st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES),
    number=printable,
    zh=printable,
    en=st.none() | printable,
    identifier=st.none() | st.builds(HolderId, st.sampled_from(["uscc", "lei", "other"]), printable),
    digest=st.binary(min_size=DIGEST_SIZE, max_size=DIGEST_SIZE),
    first=days,
    last=st.none() | days,
)
def test_every_certificate_comes_back_as_it_was(
    entropy: bytes,
    number: str,
    zh: str,
    en: str | None,
    identifier: HolderId | None,
    digest: bytes,
    first: date,
    last: date | None,
) -> None:
    claims = Claims(
        "did:web:r.example:issuers:a", new_public_id(entropy), number, Text(zh, en), identifier, "ISO 9001:2015",
        digest, first, first, first, last,
    )  # fmt: skip
    found = read(fragment(compose(claims, "key-1", PRIVATE.sign)))
    assert verify(found, PUBLIC)
    if found.claims.holder.en is None:
        claims = replace(claims, holder=Text(zh))
    assert found.claims == claims


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(key=st.sampled_from([1, 2, *range(-12, 0)]), value=anything)
def test_any_value_at_any_claim_is_read_or_refused(key: int, value: Any) -> None:
    with suppress(MalformedStatement):
        read(with_payload(raw_claims() | {key: value}))


@given(st.text() | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567#", max_size=300) | st.binary(max_size=300).map(fragment))
def test_any_text_is_read_or_refused(text: str) -> None:
    carries_statement(text)
    with suppress(MalformedStatement):
        read(text)


@given(st.data())
def test_any_damage_to_a_statement_is_noticed(data: st.DataObject) -> None:
    whole = bytes.fromhex(VECTORS["organization"])
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start, len(whole)))
    damaged = whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:]
    try:
        found = read(fragment(damaged))
    except MalformedStatement:
        return
    assert damaged == whole or not verify(found, PUBLIC)


def test_days_are_counted_as_in_rfc_8943() -> None:
    """Its example: 1940-10-09 is -10676, and 1980-12-08 is 3994."""
    claims = raw_claims() | {-9: -10676, -10: 3994}
    found = read(with_payload(claims)).claims
    assert found.granted_on == date(1940, 10, 9)
    assert found.decided_on == date(1980, 12, 8)
    assert found.decided_on - timedelta(days=3994) == date(1970, 1, 1)

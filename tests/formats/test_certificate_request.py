"""What issuers send: every mistake is told with the path of its field, and nothing else ever happens."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from registry.domain.certificate import (
    MAX_NAME_LENGTH,
    MAX_SITES,
    Certificate,
    EnterpriseSize,
    Holder,
    HolderId,
    HolderType,
    Site,
    check_certificate,
)
from registry.domain.errors import InvalidInput
from registry.domain.reasons import MAX_NOTE_LENGTH, Reason
from registry.domain.schemes import Text
from registry.formats.canonical_json import canonicalize
from registry.formats.certificate_request import MAX_VIOLATIONS, read_issue_request, violations
from registry.formats.credential import build_credential
from registry.formats.data_integrity import add_proof, take_apart_canonical
from registry.formats.identifiers import why_wrong
from tests.formats.certificates import BASE_URL, ISSUER, PUBLIC_ID, authorization

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CERTIFICATE: dict[str, Any] = {
    "number": "00125Q30001R0S",
    "scheme": "gbt19001-2016",
    "holder": {
        "kind": "organization",
        "name": {"zh": "宁波华丰精密机械有限公司", "en": "Ningbo Huafeng Precision Machinery"},
        "address": {"zh": "浙江省宁波市慈溪市工业路18号"},
        "identifier": {"scheme": "uscc", "value": "91330282MA00000184"},
        "region": "330282",
        "industry": "C34",
        "size": "small",
    },
    "scope": {"zh": "注塑件的设计和生产", "en": "Design and production of moulded parts"},
    "sites": [{"name": {"zh": "慈溪工厂"}, "address": {"zh": "工业路18号"}, "scope": {"zh": "注塑件"}}],
    "granted_on": "2025-01-06",
    "decided_on": "2025-01-06",
    "valid_from": "2025-01-08",
    "valid_until": "2028-01-07",
}
REQUEST: dict[str, Any] = {"certificate": CERTIFICATE, "reason": "recertification", "note": "三年一次"}


def read(request: Any) -> dict[str, Any]:
    return read_issue_request(json.dumps(request).encode())


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The request with another value in one place."""
    request = copy.deepcopy(REQUEST)
    inner: Any = request
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return request


def without(path: tuple[str | int, ...]) -> dict[str, Any]:
    request = copy.deepcopy(REQUEST)
    inner: Any = request
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
    return request


def pointers(request: Any) -> list[str]:
    """Where the request is wrong; empty when it is not."""
    try:
        read(request)
    except InvalidInput as refusal:
        found = [violation.pointer for violation in refusal.violations]
        return found if all(violation.reason for violation in refusal.violations) else []
    return []


def test_a_request_is_read_into_what_the_domain_understands() -> None:
    assert read(REQUEST) == {
        "certificate": Certificate(
            number="00125Q30001R0S",
            scheme="gbt19001-2016",
            holder=Holder(
                HolderType.ORGANIZATION,
                Text("宁波华丰精密机械有限公司", "Ningbo Huafeng Precision Machinery"),
                Text("浙江省宁波市慈溪市工业路18号"),
                HolderId("uscc", "91330282MA00000184"),
                "330282",
                "C34",
                EnterpriseSize.SMALL,
            ),
            scope=Text("注塑件的设计和生产", "Design and production of moulded parts"),
            granted_on=date(2025, 1, 6),
            decided_on=date(2025, 1, 6),
            valid_from=date(2025, 1, 8),
            valid_until=date(2028, 1, 7),
            sites=(Site(Text("慈溪工厂"), Text("工业路18号"), Text("注塑件")),),
        ),
        "reason": Reason.RECERTIFICATION,
        "note": "三年一次",
    }


OPTIONAL: list[tuple[str | int, ...]] = [
    ("reason",),
    ("note",),
    ("certificate", "sites"),
    ("certificate", "valid_until"),
    ("certificate", "scope", "en"),
    ("certificate", "holder", "kind"),
    ("certificate", "holder", "name", "en"),
    ("certificate", "holder", "address"),
    ("certificate", "holder", "identifier"),
    ("certificate", "holder", "region"),
    ("certificate", "holder", "industry"),
    ("certificate", "holder", "size"),
]
REQUIRED: list[tuple[str | int, ...]] = [
    ("certificate",),
    ("certificate", "number"),
    ("certificate", "scheme"),
    ("certificate", "holder"),
    ("certificate", "scope"),
    ("certificate", "granted_on"),
    ("certificate", "decided_on"),
    ("certificate", "valid_from"),
    ("certificate", "holder", "name"),
    ("certificate", "holder", "name", "zh"),
    ("certificate", "holder", "address", "zh"),
    ("certificate", "holder", "identifier", "scheme"),
    ("certificate", "holder", "identifier", "value"),
    ("certificate", "scope", "zh"),
    ("certificate", "sites", 0, "name"),
    ("certificate", "sites", 0, "address"),
    ("certificate", "sites", 0, "scope"),
]


def pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in path)


@pytest.mark.parametrize("path", OPTIONAL, ids=pointer)
def test_what_may_be_missing_may_be_missing(path: tuple[str | int, ...]) -> None:
    assert pointers(without(path)) == []


def test_what_is_not_said_is_the_usual() -> None:
    request = read(without(("certificate", "holder", "kind")))
    assert request["certificate"].holder.type is HolderType.ORGANIZATION
    assert read(without(("reason",)))["reason"] is Reason.INITIAL
    assert "note" not in read(without(("note",)))
    assert read(without(("certificate", "sites")))["certificate"].sites == ()


@pytest.mark.parametrize("path", REQUIRED, ids=pointer)
def test_what_must_not_be_missing_is_named(path: tuple[str | int, ...]) -> None:
    assert pointers(without(path)) == [pointer(path)]
    assert pointers(changed(path, None)) == [pointer(path)]


@pytest.mark.parametrize(
    "path",
    [
        ("vaild_until",),
        ("certificate", "vaild_until"),
        ("certificate", "revision"),
        ("certificate", "holder", "adress"),
        ("certificate", "holder", "name", "de"),
        ("certificate", "holder", "identifier", "type"),
        ("certificate", "sites", 0, "zip"),
        ("certificate", "a/b~c"),
    ],
    ids=pointer,
)
def test_a_misspelt_name_is_not_silently_dropped(path: tuple[str | int, ...]) -> None:
    expected = pointer(path).replace("a/b~c", "a~1b~0c")
    assert pointers(changed(path, "x")) == [expected]


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        (("certificate",), [], None),
        (("certificate",), "x", None),
        (("certificate", "number"), 5, None),
        (("certificate", "number"), "", None),
        (("certificate", "number"), "x" * 65, None),
        (("certificate", "scheme"), ["gbt19001-2016"], None),
        (("certificate", "granted_on"), "2025-02-30", None),
        (("certificate", "granted_on"), "06.01.2025", None),
        (("certificate", "granted_on"), "2025-01-06T00:00:00Z", None),
        (("certificate", "granted_on"), 20250106, None),
        (("certificate", "valid_until"), "", None),
        (("certificate", "valid_until"), "10000-01-01", None),
        (("certificate", "holder"), "宁波华丰", None),
        (("certificate", "holder", "kind"), "company", None),
        (("certificate", "holder", "kind"), ["person"], None),
        (("certificate", "holder", "kind"), {}, None),
        (("certificate", "holder", "kind"), None, None),
        (("certificate", "holder", "size"), "huge", None),
        (("certificate", "holder", "name"), "宁波华丰", None),
        (("certificate", "holder", "name", "zh"), "", None),
        (("certificate", "holder", "name", "zh"), "字" * (MAX_NAME_LENGTH + 1), None),
        (("certificate", "holder", "name", "en"), {}, None),
        (("certificate", "holder", "identifier", "scheme"), "duns", None),
        (("certificate", "holder", "identifier", "value"), 91330282, None),
        (("certificate", "holder", "region"), "33028", None),
        (("certificate", "holder", "region"), "3302820", None),
        (("certificate", "holder", "region"), "330282\n", None),
        (("certificate", "holder", "region"), "33028٢", None),
        (("certificate", "holder", "region"), 330282, None),
        (("certificate", "holder", "industry"), "c34", None),
        (("certificate", "holder", "industry"), "U34", None),
        (("certificate", "holder", "industry"), "C34\n", None),
        (("certificate", "holder", "industry"), "C３４", None),
        (("certificate", "sites"), {}, None),
        (("certificate", "sites"), None, None),
        (("certificate", "sites"), [CERTIFICATE["sites"][0]] * (MAX_SITES + 1), None),
        (("certificate", "sites"), [CERTIFICATE["sites"][0], "x"], "/certificate/sites/1"),
        (("certificate", "sites", 0, "scope"), {"zh": 1}, "/certificate/sites/0/scope/zh"),
        (("reason",), "because", None),
        (("reason",), ["initial"], None),
        (("reason",), None, None),
        (("note",), "字" * (MAX_NOTE_LENGTH + 1), None),
        (("note",), 5, None),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_the_path_of_its_field(
    path: tuple[str | int, ...], value: Any, wrong: str | None
) -> None:
    assert pointers(changed(path, value)) == [wrong or pointer(path)]


def test_all_mistakes_are_told_at_once() -> None:
    request = changed(("certificate", "holder", "region"), "x")
    request["certificate"]["sites"][0]["name"] = {}
    request["reason"] = "because"
    assert sorted(pointers(request)) == [
        "/certificate/holder/region",
        "/certificate/sites/0/name/zh",
        "/reason",
    ]


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff", b'{"certificate":{},"certificate":{}}']
)
def test_what_is_no_request_at_all_is_refused_as_a_whole(text: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_issue_request(text)
    assert [violation.pointer for violation in refusal.value.violations] == [""]


def test_a_request_with_a_million_mistakes_is_answered_with_the_first_few() -> None:
    request = changed(("certificate", "sites"), [{"name": {}}] * MAX_SITES)
    assert len(pointers(request)) == MAX_VIOLATIONS
    assert pointers(changed(("certificate", "sites"), [{}] * (MAX_SITES + 1))) == ["/certificate/sites"]


def test_messages_about_a_whole_object_point_to_the_object() -> None:
    found = violations(
        {"holder": {"_schema": ["Wrong."], "name": {"zh": ["Missing.", "Short."]}}, "sites": {1: ["Odd."]}}
    )
    assert [(one.pointer, one.reason) for one in found] == [
        ("/holder", "Wrong."),
        ("/holder/name/zh", "Missing."),
        ("/holder/name/zh", "Short."),
        ("/sites/1", "Odd."),
    ]


# Whatever comes.


def is_read_or_refused(text: bytes) -> bool:
    try:
        read_issue_request(text)
    except InvalidInput as refusal:
        return bool(refusal.violations) and all(violation.reason for violation in refusal.violations)
    return True


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_bytes_of_any_kind_are_read_or_refused_and_nothing_else(text: bytes) -> None:
    assert is_read_or_refused(text)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every member."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in inner:
        yield (*path, name)
        yield from places(below, (*path, name))


TEXTS = st.text(max_size=10) | st.sampled_from(
    ["9999-12-31", "0001-01-01", "2025-01-07", "\ud800", "uscc", "lei", "other", "person", "gbt19011-2021-training"]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*CERTIFICATE, "zh", "en", "_schema", "", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(ANY_JSON | st.dictionaries(st.sampled_from([*REQUEST, "x"]), ANY_JSON, max_size=4))
def test_json_of_any_kind_is_read_or_refused_and_nothing_else(request_body: Any) -> None:
    assert is_read_or_refused(json.dumps(request_body).encode())


DAYS = (
    st.dates(date(2024, 12, 1), date(2029, 1, 1)).map(date.isoformat)
    | st.dates().map(date.isoformat)
    | st.sampled_from(["9999-12-31", "0001-01-01"])
)


def plausible(path: tuple[str | int, ...]) -> st.SearchStrategy[tuple[tuple[str | int, ...], Any]]:
    """A place with a value that may well stand there."""
    by_name = {"zh": TEXTS, "en": TEXTS, "number": TEXTS, "value": TEXTS, "note": TEXTS}
    name = str(path[-1])
    value = DAYS if name.endswith(("_on", "_from", "_until")) else by_name.get(name, TEXTS | ANY_JSON)
    return st.tuples(st.just(path), value)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(list(places(REQUEST))).flatmap(plausible), min_size=1, max_size=3))
def test_what_passes_every_check_can_be_signed_and_stored(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    """Or an issuer would get an internal error in place of the field to correct."""
    request = copy.deepcopy(REQUEST)
    for path, value in changes:
        put = putter(request, path)
        if put is not None:
            put(value)
    try:
        certificate = read(request)["certificate"]
    except InvalidInput:
        return
    identifier = certificate.holder.identifier
    if check_certificate(certificate, NOW) or (identifier is not None and why_wrong(identifier)):
        return
    document = build_credential(certificate, ISSUER, authorization(certificate.scheme), PUBLIC_ID, BASE_URL)
    signed = add_proof(document, "did:web:registry.example:issuers:cqc#1", NOW, lambda data: data)
    assert canonicalize(take_apart_canonical(signed).document) == signed
    event("signed")


def putter(request: Any, path: tuple[str | int, ...]) -> Callable[[Any], None] | None:
    """A way to set the member at `path`, if an earlier change has left one there."""
    inner: Any = request
    for part in path[:-1]:
        try:
            inner = inner[part]
        except (KeyError, IndexError, TypeError):
            return None
    if not isinstance(inner, dict):
        return None

    def put(value: Any) -> None:
        inner[path[-1]] = value

    return put

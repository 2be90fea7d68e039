"""The quick reading of certificates against their schema."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from registry.domain.certificate import HolderId
from registry.formats.certificate_request import CertificateSchema
from registry.formats.credential import stated_terms
from registry.formats.identifiers import why_wrong
from registry.formats.quick_certificate import quick_certificate
from tests.conftest import sample_certificate

TERMS = stated_terms(sample_certificate())
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(""),
    st.text(max_size=4),
    st.sampled_from(["2025-02-30", "2025-W01-1", "20250106", "2025-1-6", "33028２", "C34\n", "person"]),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["x" * 201, "x" * 4001]),
    st.just({}),
    st.just({"zh": "a", "en": None}),
    st.just({"zh": "a", "fr": "b"}),
    st.just([{"name": {"zh": "a"}, "address": {"zh": "a"}, "scope": {"zh": "a"}}]),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for name, child in inner for one in paths(child, (*path, name)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    if new is ... and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def test_an_ordinary_certificate_is_read_quickly() -> None:
    assert quick_certificate(TERMS) == sample_certificate()


@given(st.data())
def test_what_is_read_quickly_is_what_the_schema_reads(data: st.DataObject) -> None:
    terms: Any = TERMS
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(paths(terms)[1:]))
        terms = changed(terms, path, data.draw(st.one_of(ODD, st.just(...))))
        if data.draw(st.booleans()):
            name = data.draw(st.sampled_from(["revision", "kind", "en", "sites", "valid_until"]))
            terms = {**terms, name: data.draw(ODD)}
    quick = quick_certificate(terms)
    try:
        slow = CertificateSchema().load(terms)
    except ValidationError:
        assert quick is None
    else:
        assert quick is None or quick == slow


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZabc -", max_size=19) | st.integers(0, 10**17 - 1).map(str))
def test_the_quick_look_at_a_uscc_agrees_with_stdnum(text: str) -> None:
    import stdnum.cn.uscc

    candidates = [text]
    if text.isdigit():
        candidates.append(text.zfill(17) + stdnum.cn.uscc.calc_check_digit(text.zfill(17)))
    for one in candidates:
        assert (why_wrong(HolderId("uscc", one)) is None) == (stdnum.cn.uscc.is_valid(one) and _plain(one))


def _plain(text: str) -> bool:
    import stdnum.cn.uscc

    return bool(stdnum.cn.uscc.compact(text) == text)

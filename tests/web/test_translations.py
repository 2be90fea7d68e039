"""No reader is left with a text in the wrong language."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

import registry.web
from registry.domain.certificate import EnterpriseSize, HolderType
from registry.domain.errors import RegistryError
from registry.domain.lifecycle import Status
from registry.domain.public_id import LENGTH, new_public_id, parse_public_id
from registry.domain.reasons import Reason
from registry.domain.schemes import Kind
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.packaged import packaged_folder
from registry.services import find
from registry.services.context import Registry, operator
from registry.services.verify import Verifier
from registry.web import errors, present, texts

TRANSLATIONS = Path(registry.web.__file__).parent / "translations"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
Message = str | tuple[str, ...]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (TRANSLATIONS / "zh/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, "zh")


@pytest.fixture(scope="module")
def written() -> set[Message]:
    """The texts that stand in code and templates."""
    with (TRANSLATIONS / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found: set[Message] = set()
    for folder, place in ((TRANSLATIONS.parent, "registry/web"), (packaged_folder("templates"), "templates")):
        here = [(pattern.removeprefix(f"{place}/"), method) for pattern, method in methods if pattern.startswith(place)]
        found |= {message for _, _, message, *_ in extract_from_dir(folder, here, options, DEFAULT_KEYWORDS)}
    return found


def as_written(message: Message | list[str]) -> Message:
    return message if isinstance(message, str) else tuple(message)


def test_every_text_has_a_place_in_the_catalogue_and_none_is_left_over(catalog: Catalog, written: set[Message]) -> None:
    assert len(written) > 200
    assert {as_written(message.id) for message in catalog if message.id} == written


def test_every_text_is_translated_with_the_same_variables(catalog: Catalog) -> None:
    for message in catalog:
        if not message.id:
            continue
        original = message.id if isinstance(message.id, str) else message.id[0]
        translated = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
        assert translated, original
        assert not message.fuzzy
        assert set(re.findall(r"%\(\w+\)s", translated)) == set(re.findall(r"%\(\w+\)s", original))
        assert CHINESE.search(translated) or original == "API"


def test_what_is_compiled_is_what_is_written(catalog: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    assert (TRANSLATIONS / "zh/LC_MESSAGES/messages.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (texts.VERDICTS, Verdict),
        (texts.MEANINGS, Verdict),
        (texts.STATUSES, Status),
        (texts.STATUS_MEANINGS, Status),
        (texts.CHECKS, CheckName),
        (texts.OUTCOMES, Outcome),
        (texts.FINDINGS, Finding),
        (texts.REASONS, Reason),
        (texts.KINDS, Kind),
        (texts.HOLDERS, HolderType),
        (texts.SIZES, EnterpriseSize),
    ],
)
def test_every_word_of_a_closed_list_can_be_told(table: dict[str, object], words: type[Verdict], app: Flask) -> None:
    assert set(table) == set(words)
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert all(CHINESE.search(str(text)) for text in table.values())
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert not any(CHINESE.search(str(text)) for text in table.values())


def test_every_verdict_has_a_tone_and_every_status_a_beginning(app: Flask) -> None:
    tones: Any = app.jinja_env.globals["tones"]
    assert set(tones) == set(Verdict)
    assert {verdict.value for verdict in texts.SINCE} == {status.value for status in Status}


def test_every_kind_of_problem_has_a_title_and_advice() -> None:
    assert {slug for _, slug, _ in errors.PROBLEMS.values()} <= set(texts.PROBLEMS)


def refusals(registry: Registry) -> list[Callable[[], object]]:
    """Everything that readers of the pages can be refused for."""
    good = new_public_id(bytes(16))
    wrong = good[:-1] + ("3" if good[-1] != "3" else "4")
    return [
        lambda: parse_public_id(good * 3),
        lambda: parse_public_id("A" * LENGTH),
        lambda: parse_public_id(good[1:]),
        lambda: parse_public_id(wrong),
        lambda: Verifier(registry, 0).by_public_id(good),
        lambda: find.stored_document(registry, good),
        lambda: operator(registry, "nobody"),
        lambda: find.search_anything(registry, "x"),
        lambda: find.search_anything(registry, ""),
        lambda: find.search_anything(registry, "长" * 201),
        lambda: find.search(registry, name=" ", match=find.NameMatch.PREFIX),
        lambda: find.search(registry, name="精密", after="nonsense"),
    ]


@pytest.mark.parametrize("number", range(12))
def test_every_refusal_that_readers_meet_is_told_in_their_language(
    number: int, app: Flask, sqlite_registry: Registry
) -> None:
    refused = refusals(sqlite_registry)
    assert len(refused) == 12
    with pytest.raises(RegistryError) as caught:
        refused[number]()
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        told = texts.in_words(str(caught.value))
        assert CHINESE.search(told)
        assert "%(" not in told
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert re.match("[A-Z]", texts.in_words(str(caught.value)))


def test_unknown_refusals_are_left_to_the_advice() -> None:
    assert texts.in_words("Something that nobody foresaw.") == ""


def test_days_are_written_as_on_the_paper(app: Flask) -> None:
    for language, expected in (("zh", "2025年1月2日"), ("en", "2 January 2025")):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert present.day("2025-01-02") == expected


def test_a_text_without_english_is_shown_in_chinese(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert present.both({"zh": "华丰"}) == [("zh-CN", "华丰")]
        assert present.both({"zh": "华丰", "en": "Huafeng"}) == [("en", "Huafeng"), ("zh-CN", "华丰")]

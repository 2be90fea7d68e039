"""Comparing the name that a bank has in its files with the holder's name on the certificate.

A name is the holder's only where it is the same; whatever else looks alike is told with a score and where it departs,
for a person to decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from registry.store.holder_names import fold_name

_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_NOT_WORDS = re.compile(r"[\W_]+")
_PIECES = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
# The longer ones first: each is cut off once, from the end.
_CHINESE_FORMS = (
    "集团股份有限公司",
    "集团有限责任公司",
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "股份合作公司",
    "有限公司",
    "集团公司",
    "总公司",
    "分公司",
    "公司",
    "普通合伙",
    "有限合伙",
    "个体工商户",
    "个人独资",
    "专业合作社",
    "合作社",
)
_ENGLISH_FORMS = frozenset(
    re.findall(
        r"\w+",
        "co company ltd limited inc incorporated corp corporation llc llp lp plc gmbh ag sa srl bv nv pte pty kg "
        "group holding holdings partnership",
    )
)


class NameFinding(StrEnum):
    """How a given name departs from the registered one."""

    # Width, case, blanks, punctuation.
    SPELLING = "spelling"
    # The legal form alone: 有限公司 for 有限责任公司, Limited for Co., Ltd.
    LEGAL_FORM = "legal_form"
    DIFFERENT = "different"


class NameEdit(NamedTuple):
    """One place where names differ: what was given there, and what is registered. Either may be empty."""

    given: str
    registered: str


class NameDifference(NamedTuple):
    """A name that is not the holder's, letter by letter. `score`: 0 to 100, of the name without its legal form."""

    given: str
    registered: str
    score: float
    finding: NameFinding
    edits: tuple[NameEdit, ...]


def compare_names(given: str, registered: Sequence[str]) -> NameDifference | None:
    """How `given` differs from the most similar of the holder's names; None where it is one of them."""
    if not registered or given in registered:
        return None
    return max((_difference(given, one) for one in registered), key=lambda one: one.score)


def _difference(given: str, registered: str) -> NameDifference:
    left, right = _plain(given), _plain(registered)
    edits = tuple(_edits(left, right))
    if left == right:
        return NameDifference(given, registered, 100.0, NameFinding.SPELLING, edits)
    core_left, core_right = _without_form(left), _without_form(right)
    if core_left == core_right:
        return NameDifference(given, registered, 100.0, NameFinding.LEGAL_FORM, edits)
    ratio = fuzz.ratio if _CHINESE.search(right) else fuzz.token_sort_ratio
    # What is not the same never has the full score.
    score = min(round(ratio(core_left, core_right), 1), 99.9)
    return NameDifference(given, registered, score, NameFinding.DIFFERENT, edits)


def _plain(name: str) -> str:
    """Words with single blanks between them; between Chinese characters there are none."""
    folded = unicodedata.normalize("NFC", _NOT_WORDS.sub(" ", fold_name(name))).strip()
    return folded.replace(" ", "") if _CHINESE.search(folded) else folded


def _without_form(plain: str) -> str:
    """A name without its legal form; a name that is nothing else stays."""
    if _CHINESE.search(plain):
        for form in _CHINESE_FORMS:
            if plain.endswith(form) and len(plain) > len(form):
                return plain.removesuffix(form)
        return plain
    words = plain.split()
    while len(words) > 1 and words[-1] in _ENGLISH_FORMS:
        words.pop()
    return " ".join(words)


def _edits(left: str, right: str) -> Sequence[NameEdit]:
    """The places that differ: runs of Chinese characters, and whole words of other scripts."""
    before, after = _PIECES.findall(left), _PIECES.findall(right)
    return [
        NameEdit(_joined(before[op.src_start : op.src_end]), _joined(after[op.dest_start : op.dest_end]))
        for op in Levenshtein.opcodes(before, after)
        if op.tag != "equal"
    ]


def _joined(pieces: Sequence[str]) -> str:
    return "".join(pieces) if all(map(_CHINESE.match, pieces)) else " ".join(pieces)

"""JSON-LD to canonical RDF: the published forms, another implementation's, and nothing lost in silence."""

from __future__ import annotations

import copy
import functools
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from registry.formats.json_ld import MAX_CONTEXTS, MAX_DEPTH, MAX_VALUES, canonical_n_quads
from registry.formats.rdf_canonical import CannotCanonicalize, Effort

VECTORS = Path(__file__).parents[1] / "vectors"
V2 = "https://www.w3.org/ns/credentials/v2"
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
UNSIGNED = json.loads((VECTORS / "unsigned.json").read_text("utf-8"))
OTHERS: dict[str, Any] = json.loads((VECTORS / "digitalbazaar" / "json-ld.json").read_text("utf-8"))
ACCEPTED = [one for one in OTHERS["documents"] if "canonical" in one]
REFUSED = [one for one in OTHERS["documents"] if "refused" in one]


def published(name: str) -> str:
    return (VECTORS / "eddsa-rdfc-2022" / name).read_text("utf-8")


def document(**members: Any) -> dict[str, Any]:
    return {"@context": OTHERS["@context"], "id": "urn:example:1", **members}


def test_the_published_document_and_proof_configuration_have_their_published_canonical_form() -> None:
    assert canonical_n_quads(UNSIGNED).decode() == published("canonDocDataInt.txt")
    configuration = json.loads(published("proofConfigDataInt.json"))
    assert canonical_n_quads(configuration).decode() == published("proofCanonDataInt.txt")


@pytest.mark.parametrize("one", ACCEPTED, ids=lambda one: one["note"])
def test_another_implementation_finds_the_same_canonical_form(one: dict[str, Any]) -> None:
    assert canonical_n_quads(document(**one["document"])).decode() == "".join(one["canonical"])


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one["note"])
def test_what_another_implementation_refuses_because_it_would_be_lost_is_refused(one: dict[str, Any]) -> None:
    with pytest.raises(CannotCanonicalize):
        canonical_n_quads(document(**one["document"]))


# Beyond what others refuse: members that a reader of the JSON sees and that no statement comes of.


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"unknown": 1}, "no context defines the term unknown"),
        ({"scoped": {"unknown": 1}}, "no context defines the term unknown"),
        ({"text": None}, "null"),
        ({"named": {"en": None}}, "null"),
        ({"set": []}, "an empty list"),
        ({"text": {"@value": "x", "@index": "seen"}}, "an index"),
        ({"by_index": {"seen": "x"}}, "an index"),
        ({"type": "Kind", "@set": [{"text": "x"}]}, "@set beside"),
        ({"scoped": {"@list": ["x"], "inner": "y"}}, "invalid set or list"),
        ({"@language": "en"}, "@language beside"),
        ({"graph": {}}, "nothing is said"),
        ({"graph": {"id": "urn:x"}}, "nothing is said"),
        ({"@graph": ["lost", {"id": "urn:y", "text": "z"}]}, "says nothing"),
        ({"text": {"@value": "x", "@type": "urn:a>b"}}, "not an absolute URL"),
        ({"urn:a>b": "x"}, "not an absolute URL"),
        ({"@included": [{"id": "urn:x"}], "text": "y"}, "nothing"),
        ({"double": "many"}, "not a number"),
        ({"link": "urn:a> <urn:b> <urn:c> .\n<urn:d"}, "URL"),
        ({"link": "https://example.org/a b"}, "URL"),
        ({"id": "relative", "text": "y"}, "relative"),
        ({"type": "Unknown"}, "the type Unknown"),
        ({"text": {"@value": "x", "@language": "neither-language-nor_tag"}}, "language|Warning"),
    ],
)
def test_what_would_not_be_under_the_signature_is_refused_in_words(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(CannotCanonicalize, match=reason):
        canonical_n_quads(document(**{"text": "x", **members}))


def test_a_document_of_which_no_statement_comes_is_refused() -> None:
    with pytest.raises(CannotCanonicalize, match="nothing"):
        canonical_n_quads({"@context": V2, "id": "urn:example:1"})
    with pytest.raises(CannotCanonicalize, match="nothing"):
        canonical_n_quads({})


def test_no_base_address_makes_relative_ones_absolute() -> None:
    """Data Integrity 2.4.3. PyLD makes up a base where it is told of an empty one."""
    relative = {**UNSIGNED, "type": [*UNSIGNED["type"], "UndefinedType"], "@context": [V2, {"alumniOf": "urn:x"}]}
    relative["type"] = ["VerifiableCredential", "UndefinedType"]
    for context in ([V2, {"alumniOf": "urn:x"}], [V2, {"alumniOf": "urn:x", "@base": "https://invalid.example/"}]):
        with pytest.raises(CannotCanonicalize, match="UndefinedType"):
            canonical_n_quads({**relative, "@context": context})
    defined = {**relative, "@context": [V2, {"alumniOf": "urn:x", "UndefinedType": "urn:y"}]}
    assert b"<urn:y>" in canonical_n_quads(defined)


def test_a_context_that_is_not_packaged_is_refused_by_name_and_nothing_is_fetched() -> None:
    for url in ("https://attacker.example/v1", "file:///etc/passwd", "https://www.w3.org/ns/credentials/v2?"):
        with pytest.raises(CannotCanonicalize, match="is not one that this program knows"):
            canonical_n_quads({**UNSIGNED, "@context": [V2, url]})
    with pytest.raises(CannotCanonicalize, match=r"attacker\.example"):
        canonical_n_quads({**UNSIGNED, "@context": [V2, {"@import": "https://attacker.example/v1"}]})


@pytest.mark.parametrize(
    "context",
    [
        None,
        5,
        "",
        "v2",
        [],
        [V2, 5],
        [V2, {"@version": 2}],
        [V2, {"id": "urn:x"}],
        {"@vocab": 5},
        [V2, {"x": {"@id": 5}}],
    ],
)
def test_contexts_that_are_none_or_redefine_protected_terms_are_refused(context: Any) -> None:
    with pytest.raises(CannotCanonicalize):
        canonical_n_quads({**UNSIGNED, "@context": context})


def test_the_order_of_members_and_of_unordered_values_is_of_no_matter() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(inner) for name, inner in reversed(value.items())}
        return [turned(inner) for inner in reversed(value)] if isinstance(value, list) else value

    members = {"set": [{"text": "x"}, {"text": "y", "link": "urn:a"}, {"text": "x"}]}
    assert canonical_n_quads(document(**members)) == canonical_n_quads(document(**turned(members)))


def test_one_and_one_point_nought_are_one_number() -> None:
    assert canonical_n_quads(document(text=1)) == canonical_n_quads(document(text=1.0))
    assert canonical_n_quads(document(text=1)) != canonical_n_quads(document(text="1"))


def test_the_document_is_left_alone() -> None:
    before = copy.deepcopy(UNSIGNED)
    canonical_n_quads(UNSIGNED)
    assert before == UNSIGNED


# Limits.


def test_documents_beyond_the_limits_are_refused_and_those_within_are_not() -> None:
    within: dict[str, Any] = {"text": "x"}
    for _ in range(12):
        within = {"scoped": {"inner": within}}
    assert canonical_n_quads(document(**within))
    deep: dict[str, Any] = {"text": "x"}
    for _ in range(MAX_DEPTH):
        deep = {"text": deep}
    for members in (deep, {"text": [f"text {number}" for number in range(MAX_VALUES)]}):
        with pytest.raises(CannotCanonicalize, match="more than"):
            canonical_n_quads(document(**members))
    contexts = {"set": [{"@context": {"y": "urn:y"}, "y": str(number)} for number in range(MAX_CONTEXTS)]}
    with pytest.raises(CannotCanonicalize, match="contexts"):
        canonical_n_quads(document(**contexts))


def test_a_document_made_to_keep_the_machine_busy_is_given_up() -> None:
    clique = [{"id": f"_:n{one}", "link": [f"_:n{other}" for other in range(10) if other != one]} for one in range(10)]
    with pytest.raises(CannotCanonicalize, match="look alike"):
        canonical_n_quads(document(set=clique))


SCOPED = {"@id": "urn:q", "@type": "@id", "@context": {f"term{number}": f"urn:{number}" for number in range(900)}}
INNERMOST: dict[str, Any] = {"n": "x"}
NESTED = functools.reduce(lambda inner, _: {"q": inner}, range(12), INNERMOST)
COSTLY: dict[str, dict[str, Any]] = {
    "terms defined anew in each object": {"@context": [V2, {"q": SCOPED, "n": "urn:n"}], "q": [NESTED] * 40},
    "a list in which each is compared with all": {
        "@context": [V2, {"n": "urn:n"}],
        "n": [f"text {number}" for number in range(MAX_VALUES - 50)],
    },
    "a list in pieces": {
        "@context": [V2, {"n": "urn:n"}],
        "@graph": [{"id": "urn:1", "n": [f"{number}-{part}" for part in range(20)]} for number in range(120)],
    },
    "one long address in many": {
        "@context": [V2, {"p": {"@id": "urn:" + "a" * 200_000 + "/", "@prefix": True}}],
        **{f"p:{number}": "x" for number in range(200)},
    },
    "one long identifier in many": {
        "@context": [V2, {"p": {"@id": "urn:p/", "@prefix": True}}],
        "id": "urn:" + "a" * 200_000,
        **{f"p:{number}": "x" for number in range(200)},
    },
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_small_document_that_costs_much_is_given_up(name: str) -> None:
    with pytest.raises(CannotCanonicalize, match="effort"):
        canonical_n_quads(COSTLY[name])


def test_documents_may_share_what_may_be_spent_on_them() -> None:
    canonical_n_quads(UNSIGNED)
    effort = Effort(200)
    assert canonical_n_quads(UNSIGNED, effort)
    with pytest.raises(CannotCanonicalize, match="effort"):
        canonical_n_quads(UNSIGNED, effort)
    with pytest.raises(CannotCanonicalize, match="effort"):
        canonical_n_quads(document(text="x"), effort)
    assert canonical_n_quads(UNSIGNED)


def test_threads_do_not_disturb_each_other() -> None:
    expected = canonical_n_quads(UNSIGNED)
    found: list[bytes] = []

    def work() -> None:
        found.extend(canonical_n_quads(UNSIGNED) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20

"""JSON-LD documents as RDF, with nothing lost on the way (W3C JSON-LD 1.1; VC Data Integrity 1.0, 2.4.3).

JSON-LD processors leave out what they have no meaning for: terms that no context defines, relative addresses, null.
What is left out is not under the signature, so here each of these is an error that names it.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyld import jsonld
from pyld.context_resolver import ContextResolver

from registry.formats.canonical_json import JsonObject
from registry.formats.contexts import UnknownContext, load_context
from registry.formats.rdf_canonical import CannotCanonicalize, Effort, Quad, canonicalize_dataset

# Limits of what is worked on: JSON values in all, levels, and contexts to be processed.
MAX_VALUES = 3_000
MAX_DEPTH = 48
MAX_CONTEXTS = 64
# N-Quads 1.1, IRIREF; and a language tag. What fits neither would break the lines of the canonical text.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|^`\\]*")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in [*map(chr, range(0x20)), "\x7f"]} | {
    8: "\\b",
    9: "\\t",
    10: "\\n",
    12: "\\f",
    13: "\\r",
    34: '\\"',
    92: "\\\\",
}
_XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"
_XSD_DOUBLE = "http://www.w3.org/2001/XMLSchema#double"
_DOUBLE = re.compile(r"-?[0-9]\.[0-9]+E-?[0-9]+")
# Vocabularies whose properties have the same names in all the packaged contexts, save for these.
_CORE_VOCABULARIES = ("https://www.w3.org/2018/credentials#", "https://w3id.org/security#")
_CORE_NAMES = {
    "expiration": "expires",
    "authenticationMethod": "authentication",
    "keyAgreementMethod": "keyAgreement",
    "capabilityDelegationMethod": "capabilityDelegation",
    "capabilityInvocationMethod": "capabilityInvocation",
}
_SHOWN = 120
_MAX_RESOLVED = 256
# What work is charged with, in steps of some microseconds.
_STEPS_A_DOCUMENT = 50
_STEPS_A_VALUE = 2
_CHARACTERS_A_STEP = 200
_TERMS_A_STEP = 200
_COMPARED_A_STEP = 16
_local = threading.local()


def canonical_n_quads(document: JsonObject, effort: Effort | None = None) -> bytes:
    """The canonical N-Quads (RDFC-1.0) of a JSON-LD document, in UTF-8; nothing may be lost, nothing is fetched.

    Raises CannotCanonicalize for terms, types and contexts without a meaning, for whatever else RDF can't say, and for
    documents that are too large or too tangled. `effort`: what several documents may cost together; None: each alone.
    """
    effort = effort or Effort()
    try:
        text = canonicalize_dataset(to_quads(document, effort), effort=effort)
    except RecursionError as error:
        raise CannotCanonicalize("the document is nested or linked too deeply") from error
    if not text:
        raise CannotCanonicalize("the document says nothing in RDF")
    return text.encode()


def to_quads(document: JsonObject, effort: Effort | None = None) -> set[Quad]:
    """The statements of a JSON-LD document; `effort` as above. Raises CannotCanonicalize."""
    effort = effort or Effort()
    effort.spend(_STEPS_A_DOCUMENT)
    prepared = _prepared(document)
    options = {
        # Not "", for which PyLD makes up a base of its own.
        "base": None,
        "processingMode": "json-ld-1.1",
        "rdfDirection": "i18n-datatype",
        "documentLoader": _load,
        "contextResolver": ContextResolver(_resolved_contexts(), _load),
    }
    processor = _Lossless(effort)
    try:
        dataset = processor.to_rdf(prepared, options)
    except CannotCanonicalize:
        raise
    except Exception as error:
        # JsonLdError mostly; but odd input makes PyLD stumble in ways that it does not document.
        raise CannotCanonicalize(_reason(error)) from error
    _refuse_hidden(processor.said, document)
    return {_quad(graph, triple, effort) for graph, triples in dataset.items() for triple in triples}


def _quad(graph: str, triple: Any, effort: Effort) -> Quad:
    parts = [triple[name] for name in ("subject", "predicate", "object")]
    # One long address may stand in all the statements.
    effort.spend(1 + (len(graph) + sum(len(part["value"]) for part in parts)) // _CHARACTERS_A_STEP)
    subject, predicate, object_ = map(_term, parts)
    return Quad(subject, predicate, object_, "" if graph == "@default" else _resource(graph))


class _Lossless(jsonld.JsonLdProcessor):  # type: ignore[misc]
    """The processor, stopped at each place where it would go on with less than it was given.

    And where it would go on for long: terms that are defined anew inside of each object, and addresses put together of
    long ones, cost far more than the size of a document tells.
    """

    said: frozenset[str] = frozenset()
    """The addresses of the properties that the outermost object has, once it was expanded."""

    def __init__(self, effort: Effort) -> None:
        super().__init__(on_property_dropped=_refuse_property)
        self._effort = effort

    def expand(self, input_: Any, options: Any) -> Any:
        expanded = super().expand(input_, options)
        _charge_lists(expanded, self._effort)
        for node in expanded:
            _check_node(node, of_graph=True)
            self.said |= node.keys()
        return expanded

    def _expand_iri(self, *given: Any, **more: Any) -> Any:
        address = super()._expand_iri(*given, **more)
        self._effort.spend(1 + len(address or "") // _CHARACTERS_A_STEP)
        return address

    def _create_term_definition(self, *given: Any, **more: Any) -> None:
        self._effort.spend(1)
        super()._create_term_definition(*given, **more)

    def _clone_active_context(self, active_ctx: Any) -> Any:
        self._effort.spend(1 + len(active_ctx["mappings"]) // _TERMS_A_STEP)
        return super()._clone_active_context(active_ctx)

    def _expand(self, active_ctx: Any, active_property: Any, element: Any, options: Any, **more: Any) -> Any:
        self._effort.spend(_STEPS_A_VALUE)
        expanded = super()._expand(active_ctx, active_property, element, options, **more)
        if expanded is None:
            raise CannotCanonicalize(
                f"{active_property or 'the document'!s:.{_SHOWN}}: a value that says nothing in RDF"
            )
        return expanded


def _charge_lists(nodes: Any, effort: Effort) -> None:
    """PyLD compares each value of a property with all before it, wherever under one `@id` they stand."""
    counts: Counter[tuple[Any, str]] = Counter()
    pending = [nodes]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, list):
                    counts[value.get("@id", id(value)), name] += len(inner)
                pending.append(inner)
    effort.spend(sum(count * count for count in counts.values()) // _COMPARED_A_STEP)


def _refuse_property(name: str | None) -> None:
    raise CannotCanonicalize(f"no context defines the term {str(name)[:_SHOWN]}" if name else "a term is set to null")


def _refuse_hidden(said: frozenset[str], document: JsonObject) -> None:
    """Refuse what a reader of the JSON would overlook: statements of a credential or proof under another name.

    RDF does not tell `"expires": …` from `"https://w3id.org/security#expiration": …` or from a name that an inline
    context gave it, so the signature holds over both (Data Integrity 4.6, Context Validation).
    """
    for address in said:
        vocabulary, sign, name = address.rpartition("#")
        if vocabulary + sign in _CORE_VOCABULARIES and _CORE_NAMES.get(name, name) not in document:
            raise CannotCanonicalize(f"{_CORE_NAMES.get(name, name)} is said under another name")


def _check_node(node: Any, *, of_graph: bool = False) -> None:
    """Refuse what would be dropped between the expanded form and RDF."""
    if not isinstance(node, dict):
        raise CannotCanonicalize(f"a value that stands by itself: {str(node)[:_SHOWN]}")
    if "@index" in node:
        raise CannotCanonicalize(f"an index, which has no place in RDF: {str(node['@index'])[:_SHOWN]}")
    if of_graph and (not node.keys() - {"@id"} or "@value" in node or "@list" in node):
        shown = next(iter(node.values()), "an object")
        raise CannotCanonicalize(f"nothing is said of {shown!s:.{_SHOWN}}")
    if "@value" in node:
        return
    for name, value in node.items():
        if name in ("@id", "@type"):
            _check_addresses(name, value)
        elif name == "@reverse":
            for items in value.values():
                _check_nodes(items)
        elif name.startswith("_:"):
            raise CannotCanonicalize(f"a blank node as a property: {name[:_SHOWN]}")
        elif name.startswith("@") and name not in ("@graph", "@included") and len(node) > 1:
            raise CannotCanonicalize(f"{name} beside other terms says nothing in RDF")
        else:
            if not value and name != "@list":
                raise CannotCanonicalize(f"an empty list says nothing in RDF: {name[:_SHOWN]}")
            _check_nodes(value, of_graph=name in ("@graph", "@included"))


def _check_nodes(items: Any, *, of_graph: bool = False) -> None:
    for item in items if isinstance(items, list) else [items]:
        _check_node(item, of_graph=of_graph)


def _check_addresses(name: str, value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str) or not (_IRI.fullmatch(one) or one.startswith("_:")):
            what = "the type" if name == "@type" else "the identifier"
            raise CannotCanonicalize(f"{what} {str(one)[:_SHOWN]} is no absolute URL, and no context defines it")


def _term(component: Any) -> str:
    """A term of PyLD as it stands in canonical N-Quads (RDFC-1.0, appendix A)."""
    if component["type"] != "literal":
        return _resource(component["value"])
    text = f'"{component["value"].translate(_ESCAPES)}"'
    if "language" in component:
        if not _LANGUAGE.fullmatch(component["language"]):
            raise CannotCanonicalize(f"not a language tag: {component['language'][:_SHOWN]}")
        return f"{text}@{component['language']}"
    datatype = component["datatype"]
    if datatype == _XSD_DOUBLE and not _DOUBLE.fullmatch(component["value"]):
        # Some processors make NaN of it, whatever it is.
        raise CannotCanonicalize(f"not a number: {component['value'][:_SHOWN]}")
    return text if datatype == _XSD_STRING else f"{text}^^{_resource(datatype)}"


def _resource(name: str) -> str:
    if name.startswith("_:"):
        return name
    if not _IRI.fullmatch(name):
        raise CannotCanonicalize(f"not an absolute URL: {name[:_SHOWN]}")
    return f"<{name}>"


def _prepared(document: JsonObject) -> Any:
    """A copy within the limits, without null, its whole numbers as such. Raises CannotCanonicalize."""
    budget = _Budget()
    return budget.copy(document, MAX_DEPTH, inside_context=False)


class _Budget:
    def __init__(self) -> None:
        self._values = MAX_VALUES
        self._contexts = MAX_CONTEXTS

    def copy(self, value: Any, levels: int, *, inside_context: bool) -> Any:
        self._values -= 1
        if self._values < 0 or levels < 0:
            raise CannotCanonicalize(f"more than {MAX_VALUES} values or {MAX_DEPTH} levels")
        if isinstance(value, dict):
            return dict(self._members(value, levels, inside_context=inside_context))
        if isinstance(value, list):
            return [self.copy(one, levels - 1, inside_context=inside_context) for one in value]
        if value is None and not inside_context:
            raise CannotCanonicalize("null says nothing in RDF")
        # JSON has one kind of number (JSON-LD 1.1 API, 8.6): 1.0 is the integer 1.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def _members(self, value: JsonObject, levels: int, *, inside_context: bool) -> Iterator[tuple[str, Any]]:
        for name, inner in value.items():
            is_context = name == "@context"
            if is_context:
                self._contexts -= len(inner) if isinstance(inner, list) else 1
                if self._contexts < 0:
                    raise CannotCanonicalize(f"more than {MAX_CONTEXTS} contexts")
            copied = self.copy(inner, levels - 1, inside_context=inside_context or is_context)
            yield name, _with_vocabulary_to_unset(copied) if is_context else copied


def _with_vocabulary_to_unset(context: Any) -> Any:
    """The same context, but PyLD can process it: it stumbles over `"@vocab": null` where no vocabulary was set."""
    contexts = context if isinstance(context, list) else [context]
    prepared = []
    for one in contexts:
        if isinstance(one, dict) and one.get("@vocab", "") is None and "@propagate" not in one:
            prepared.append({"@vocab": "urn:none:"})
        prepared.append(one)
    return prepared if len(prepared) > len(contexts) else context


def _load(url: str, _options: Any) -> JsonObject:
    """The loader that PyLD asks; what it can't have is refused by load_context."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": load_context(url),
        # PyLD keeps what it made of a context under a tag: all contexts here stay as they are.
        "tag": "static",
    }


def _resolved_contexts() -> dict[str, Any]:
    """What PyLD made of contexts so far: half of the time of a document.

    One for each thread, because PyLD changes it as it goes; thrown away when it has grown, because inline contexts of
    documents are kept in it as well.
    """
    found: dict[str, Any] = getattr(_local, "contexts", {})
    if len(found) > _MAX_RESOLVED:
        found = {}
    _local.contexts = found
    return found


def _reason(error: BaseException) -> str:
    """The innermost of the errors that PyLD wraps into each other, in one line."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        if isinstance(cause.__cause__, UnknownContext | CannotCanonicalize):
            return str(cause.__cause__)
        cause = cause.__cause__
    details = getattr(cause, "code", None) or getattr(cause, "type", None)
    return f"not JSON-LD: {details or type(cause).__name__}"

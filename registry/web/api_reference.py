"""The OpenAPI document in rows that a page can show without any script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import orjson

_DEEPEST = 6
_METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "pattern", "default")
_EXAMPLES = {"date": "2026-01-31", "date-time": "2026-01-31T09:00:00+08:00", "uri": "https://www.example.com"}
_FILLERS: Mapping[str, Any] = {"integer": 1, "boolean": True, "object": {}}
Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a body, `depth` levels down; or a parameter, with the `place` where it goes."""

    name: str
    type: str
    required: bool
    description: str
    choices: tuple[str, ...]
    limits: tuple[str, ...]
    depth: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of answer to a request that succeeds."""

    status: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path, with everything that it takes and gives. `key` anchors it in the page."""

    key: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: tuple[Field, ...]
    body: tuple[Field, ...] | None
    body_types: tuple[str, ...]
    answers: tuple[Answer, ...]
    failures: tuple[str, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations under one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


class ApiReference:
    """Reads an OpenAPI 3.1 document for people."""

    def __init__(self, spec: Node, base_url: str) -> None:
        self._spec = spec
        self._base_url = base_url

    def chapters(self) -> list[Chapter]:
        """All operations by tag, in the order of the document; those for everybody first."""
        tagged = sorted(self._operations(), key=lambda one: one[0])
        described = {tag["name"]: tag.get("description", "") for tag in self._spec.get("tags", ())}
        grouped_by_tag = (
            Chapter(tag, described.get(tag, ""), tuple(one for _, one in group))
            for tag, group in groupby(tagged, key=lambda one: one[0])
        )
        return sorted(grouped_by_tag, key=lambda chapter: any(one.needs_key for one in chapter.operations))

    def _operations(self) -> Iterator[tuple[str, Operation]]:
        for path, item in self._spec["paths"].items():
            for method in _METHODS:
                if method in item:
                    tag = next(iter(item[method].get("tags", ())), "")
                    yield tag, self._operation(path, method, item[method], item.get("parameters", ()))

    def _operation(self, path: str, method: str, node: Node, shared: Any) -> Operation:
        parameters = [self._resolved(one) for one in (*shared, *node.get("parameters", ()))]
        content = self._resolved(node.get("requestBody", {})).get("content", {})
        media = next(iter(content.values()), None)
        answers = sorted(node.get("responses", {}).items())
        needs_key = bool(node.get("security", self._spec.get("security")))
        return Operation(
            key=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
            method=method.upper(),
            path=path,
            summary=node.get("summary", ""),
            description=node.get("description", ""),
            needs_key=needs_key,
            parameters=tuple(self._parameter(one) for one in parameters),
            body=None if media is None else tuple(self._fields(media.get("schema", {}))),
            body_types=tuple(content),
            answers=tuple(self._answer(status, one) for status, one in answers if status.startswith("2")),
            failures=tuple(status for status, _ in answers if not status.startswith("2")),
            curl=self._curl(path, method, parameters, media, needs_key),
        )

    def _resolved(self, node: Node) -> Node:
        """What a reference points at, or the node itself; of alternatives the first that is not null."""
        while "$ref" in node:
            target: Any = self._spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        for word in ("anyOf", "oneOf", "allOf"):
            if word in node:
                inner: Node = next((one for one in node[word] if one.get("type") != "null"), {})
                return {**self._resolved(inner), **{name: value for name, value in node.items() if name != word}}
        return node

    def _parameter(self, node: Node) -> Field:
        schema = {"description": node.get("description", ""), **self._resolved(node.get("schema", {}))}
        return self._field(node["name"], schema, node.get("required", False), 0, node["in"])

    def _fields(self, schema: Node, depth: int = 0) -> Iterator[Field]:
        schema = self._resolved(schema)
        if schema.get("type") == "array":
            schema = self._resolved(schema["items"])
        if depth >= _DEEPEST:
            return
        required = schema.get("required", ())
        for name, node in schema.get("properties", {}).items():
            inner = self._resolved(node)
            yield self._field(name, inner, name in required, depth)
            yield from self._fields(inner, depth + 1)

    def _field(self, name: str, schema: Node, required: bool, depth: int, place: str = "") -> Field:
        choices = tuple(str(one) for one in schema.get("enum", ()) if one is not None)
        limits = tuple(f"{word} {schema[word]}" for word in _LIMITS if word in schema)
        description = schema.get("description", "")
        return Field(name, self._type(schema), required, description, choices, limits, depth, place)

    def _type(self, schema: Node) -> str:
        kinds = schema.get("type", "string" if "enum" in schema else "any")
        kind = " / ".join(one for one in kinds if one != "null") if isinstance(kinds, list) else str(kinds)
        if kind == "array":
            return f"array of {self._type(self._resolved(schema.get('items', {})))}"
        return f"{kind} ({schema['format']})" if "format" in schema else kind

    def _answer(self, status: str, node: Node) -> Answer:
        node = self._resolved(node)
        media: Node = next(iter(node.get("content", {}).values()), {})
        return Answer(status, node.get("description", ""), tuple(self._fields(media.get("schema", {}))))

    def _example(self, schema: Node, depth: int = 0) -> Any:
        """A value that fits: only what is required of an object."""
        schema = self._resolved(schema)
        for word in ("example", "default"):
            if word in schema:
                return schema[word]
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "array":
            return [self._example(schema.get("items", {}), depth + 1)]
        if "properties" in schema and depth < _DEEPEST:
            wanted = [name for name in schema["properties"] if name in schema.get("required", ())]
            return {name: self._example(schema["properties"][name], depth + 1) for name in wanted}
        kind, form = schema.get("type", ""), schema.get("format", "")
        return _FILLERS[kind] if kind in _FILLERS else _EXAMPLES.get(form, "…")

    def _curl(self, path: str, method: str, parameters: list[Node], media: Node | None, needs_key: bool) -> str:
        """A line for a terminal; ids and keys are variables of the shell."""
        for one in parameters:
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", f"${one['name'].upper()}")
        queries = {one["name"]: one.get("schema", {}).get("example") for one in parameters if one["in"] == "query"}
        query = urlencode({name: value for name, value in queries.items() if value is not None})
        path += f"?{query}" if query else ""
        lines = [f'curl {"" if method == "get" else f"-X {method.upper()} "}"{self._base_url}{path}"']
        if needs_key:
            lines.append('-H "Authorization: Bearer $API_KEY"')
        if any(one["name"] == "Idempotency-Key" for one in parameters):
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        if media is not None:
            body = media.get("example", self._example(media.get("schema", {})))
            lines.append('-H "Content-Type: application/json"')
            lines.append(
                f"-d '{orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()}'" if body else "-d @credential.json"
            )
        return " \\\n  ".join(lines)

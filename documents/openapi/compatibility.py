"""Whether clients of one document can live with another: what the newer one breaks.

    breaks(old, new)       of OpenAPI
    ├── operations         a path, a method or an operation's id is gone; other credentials needed
    ├── requests           something is needed that was not, or refused that was taken
    └── responses          something that a client may rely on is gone, or may now be otherwise
    event_breaks(old, new) of AsyncAPI
    ├── channels           a channel or a message is gone, or stands elsewhere
    └── messages           headers and payload, as of responses

A response or message may gain fields, headers and statuses. Its enums may only grow where they were
marked `x-extensible`: clients branch on the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from documents.openapi.schemas import EXTENSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_LOWEST = ("minimum", "minLength", "minItems", "minProperties")
_HIGHEST = ("maximum", "maxLength", "maxItems", "maxProperties")
_FORMS = ("pattern", "format", "anyOf", "oneOf", "not", "uniqueItems", "multipleOf")


def breaks(old: Node, new: Node) -> list[str]:
    """List what in a new document breaks clients of the old one; empty when nothing does."""
    return list(_Comparison(old, new).breaks())


def event_breaks(old: Node, new: Node) -> list[str]:
    """List what in a new AsyncAPI document breaks whoever listens by the old one."""
    return list(_Comparison(old, new).event_breaks())


class _Comparison:
    """Two documents, whose references are followed each in its own."""

    def __init__(self, old: Node, new: Node) -> None:
        self._old, self._new = old, new

    def breaks(self) -> Iterator[str]:
        for path, operations in self._old["paths"].items():
            if path not in self._new["paths"]:
                yield f"{path}: removed"
                continue
            for method in sorted(set(operations) & set(_METHODS)):
                where = f"{method.upper()} {path}"
                after = self._new["paths"][path].get(method)
                if after is None:
                    yield f"{where}: removed"
                else:
                    yield from self._operation(where, operations[method], after)

    def event_breaks(self) -> Iterator[str]:
        for name, channel in self._old["channels"].items():
            after = self._new["channels"].get(name)
            if after is None:
                yield f"{name}: removed"
                continue
            if after["address"] != channel["address"]:
                yield f"{name}: address became {after['address']}"
            for message in channel["messages"]:
                if message in after["messages"]:
                    yield from self._message(
                        f"{name} {message}",
                        channel["messages"][message],
                        after["messages"][message],
                    )
                else:
                    yield f"{name} {message}: removed"

    def _message(self, where: str, old: Node, new: Node) -> Iterator[str]:
        before, after = _resolved(old, self._old), _resolved(new, self._new)
        if before.get("contentType") != after.get("contentType"):
            yield f"{where}: content type became {after.get('contentType')}"
        for part in ("headers", "payload"):
            if part in before:
                yield from self._response(f"{where} {part} #", before[part], after.get(part, {}))

    def _operation(self, where: str, old: Node, new: Node) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: operationId changed"
        if not _admits(old.get("security", []), new.get("security", [])):
            yield f"{where}: other credentials are asked for"
        yield from self._parameters(where, old, new)
        yield from self._request_body(where, old, new)
        yield from self._responses(where, old, new)

    def _parameters(self, where: str, old: Node, new: Node) -> Iterator[str]:
        before, after = self._named(old, self._old), self._named(new, self._new)
        for key, parameter in after.items():
            needed = before.get(key, {}).get("required", False)
            if parameter.get("required", False) and not needed:
                yield f"{where}: {' parameter '.join(key)} is required now"
        for key, parameter in before.items():
            name = " parameter ".join(key)
            if key not in after:
                yield f"{where}: {name} removed"
            else:
                several = _resolved(parameter["schema"], self._old).get("type") == "array"
                now = after[key]["schema"] if several else self._given_once(after[key])
                yield from self._request(f"{where}: {name}", parameter["schema"], now)

    def _given_once(self, parameter: Node) -> Node:
        """Give what a parameter takes from whoever knows no way to give it twice.

        A query parameter that may be repeated (form, exploded) looks the same with one value as
        one that may not: `status=PLACED`.
        """
        schema: Node = _resolved(parameter["schema"], self._new)
        way = tuple(parameter.get(name) for name in ("in", "style", "explode"))
        if schema.get("type") == "array" and way == ("query", "form", True):
            element: Node = schema["items"]
            return element
        whole: Node = parameter["schema"]
        return whole

    def _named(self, operation: Node, document: Node) -> dict[tuple[str, str], Node]:
        found = [_resolved(entry, document) for entry in operation.get("parameters", [])]
        return {(entry["in"], entry["name"]): entry for entry in found}

    def _request_body(self, where: str, old: Node, new: Node) -> Iterator[str]:
        before = _resolved(old.get("requestBody", {}), self._old)
        after = _resolved(new.get("requestBody", {}), self._new)
        if after.get("required", False) and not before.get("required", False):
            yield f"{where}: a request body is required now"
        for media, content in before.get("content", {}).items():
            if media not in after.get("content", {}):
                yield f"{where}: request body {media} removed"
            else:
                schema = after["content"][media]["schema"]
                yield from self._request(f"{where}: request body #", content["schema"], schema)

    def _responses(self, where: str, old: Node, new: Node) -> Iterator[str]:
        for status, response in old["responses"].items():
            at = f"{where}: response {status}"
            if status not in new["responses"]:
                yield f"{at} removed"
                continue
            before = _resolved(response, self._old)
            after = _resolved(new["responses"][status], self._new)
            yield from self._headers(at, before, after)
            for media, content in before.get("content", {}).items():
                if media not in after.get("content", {}):
                    yield f"{at} {media} removed"
                else:
                    schema = after["content"][media]["schema"]
                    yield from self._response(f"{at} #", content["schema"], schema)

    def _headers(self, at: str, old: Node, new: Node) -> Iterator[str]:
        for name, header in old.get("headers", {}).items():
            after = new.get("headers", {}).get(name)
            if after is None:
                yield f"{at} header {name} removed"
                continue
            if header.get("required", False) and not after.get("required", False):
                yield f"{at} header {name} may be missing now"
            yield from self._response(f"{at} header {name}", header["schema"], after["schema"])

    def _request(self, at: str, old: Node, new: Node) -> Iterator[str]:
        """List what was taken by the old schema and is not by the new one."""
        old, new = _whole(old, self._old), _whole(new, self._new)
        yield from _narrowed(at, old, new)
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{at}/{name} is required now"
        taken = new.get("properties", {})
        open_, closed = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if open_ is not False and closed is False:
            yield f"{at} takes no other fields now"
        for name, member in old.get("properties", {}).items():
            if name in taken:
                yield from self._request(f"{at}/{name}", member, taken[name])
            elif closed is False:
                yield f"{at}/{name} removed"
        if "items" in old and "items" in new:
            yield from self._request(f"{at}/*", old["items"], new["items"])

    def _response(self, at: str, old: Node, new: Node) -> Iterator[str]:
        """List what a client could rely on by the old schema and cannot by the new one."""
        yield from _released(at, _resolved(old, self._old), _resolved(new, self._new))
        old, new = _whole(old, self._old), _whole(new, self._new)
        yield from _widened(at, old, new)
        given = new.get("properties", {})
        required = set(new.get("required", ()))
        for name, member in old.get("properties", {}).items():
            if name not in given:
                yield f"{at}/{name} removed"
                continue
            if name in old.get("required", ()) and name not in required:
                yield f"{at}/{name} may be missing now"
            yield from self._response(f"{at}/{name}", member, given[name])
        if "items" in old and "items" in new:
            yield from self._response(f"{at}/*", old["items"], new["items"])


def _narrowed(at: str, old: Node, new: Node) -> Iterator[str]:
    """Compare what a request's value may be."""
    if "type" in new and not _takes(new["type"], old.get("type")):
        yield f"{at}: type {old.get('type', 'any')} became {new['type']}"
    if old.get("nullable", False) and not new.get("nullable", False):
        yield f"{at}: null is not taken any more"
    if "enum" in new and (gone := _missing(old.get("enum"), new["enum"])):
        yield f"{at}: not taken any more: {gone}"
    for limit in _LOWEST:
        if limit in new and new[limit] > old.get(limit, float("-inf")):
            yield f"{at}: {limit} rose from {old.get(limit, 'none')} to {new[limit]}"
    for limit in _HIGHEST:
        if limit in new and new[limit] < old.get(limit, float("inf")):
            yield f"{at}: {limit} fell from {old.get(limit, 'none')} to {new[limit]}"
    for form in _FORMS:
        if form in new and new[form] != old.get(form):
            yield f"{at}: {form} changed"


def _widened(at: str, old: Node, new: Node) -> Iterator[str]:
    """Compare what a response's value may be; limits are no promise to readers."""
    if "type" in old and not _takes(old["type"], new.get("type")):
        yield f"{at}: type {old['type']} became {new.get('type', 'any')}"
    if new.get("nullable", False) and not old.get("nullable", False):
        yield f"{at}: may be null now"
    extensible = old.get(EXTENSIBLE, False)
    if "enum" in old and not extensible and (more := _missing(new.get("enum"), old["enum"])):
        yield f"{at}: may now be {more}, and was not marked {EXTENSIBLE}"
    if "format" in old and old["format"] != new.get("format"):
        yield f"{at}: format changed"


def _released(at: str, old: Node, new: Node) -> Iterator[str]:
    """List the rules of the form "if this, then that" which values need not keep any more."""
    for rule in old.get("allOf", ()):
        if "if" in rule and rule not in new.get("allOf", ()):
            yield f"{at}: a rule is gone or changed: if {rule['if']}, then {rule['then']}"


def _takes(wide: str | list[str], narrow: str | list[str] | None) -> bool:
    """Tell whether every value of some types is of the others: each integer is a number."""
    taken = _types(wide)
    given = _types(narrow) if narrow is not None else {"any"}
    return all(one in taken or (one == "integer" and "number" in taken) for one in given)


def _types(named: str | list[str]) -> set[str]:
    return {named} if isinstance(named, str) else set(named)


def _missing(values: list[Any] | None, among: list[Any]) -> str:
    """Name the values that are not among others; None stands for any value."""
    if values is None:
        return "any other value"
    return ", ".join(str(value) for value in values if value not in among)


def _admits(old: list[Node], new: list[Node]) -> bool:
    """Tell whether whoever could call by the old alternatives can by one of the new ones."""
    anyone = not new or {} in new
    return anyone or (bool(old) and all(any(set(b) <= set(a) for b in new) for a in old))


def _resolved(node: Node, document: Node) -> Node:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _whole(schema: Node, document: Node) -> Node:
    """Follow a schema's reference, and put the parts of an `allOf` into one."""
    schema = dict(_resolved(schema, document))
    for part in schema.pop("allOf", ()):
        added = _whole(part, document)
        properties = {**schema.get("properties", {})}
        for name, member in added.get("properties", {}).items():
            known = properties.get(name)
            properties[name] = member if known is None else {"allOf": [known, member]}
        required = [*schema.get("required", ()), *added.get("required", ())]
        schema = {**schema, **added, "properties": properties, "required": required}
    return schema

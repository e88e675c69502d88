"""docs/configuration.md, made from the settings: what each decides, takes, and is in each stage.

`python -m documents.configuration` writes it; `make docs` does so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from infrastructure import settings as module
from infrastructure.settings import STAGES, Settings
from infrastructure.settings_validation import WORDS
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = ROOT / "docs/configuration.md"
"""The document that is made."""

_HEAD = """# Configuration

Made from [`infrastructure/settings.py`](../infrastructure/settings.py) by `make docs`; the
settings are changed there.

A stage is an entry of `STAGES` in that file, which names what differs from the defaults. All is
checked before anything else: while a stage cannot be, each command that reads the settings stops
with a sentence that names stage and setting. What only the account can tell, such as its real
quotas, `orders doctor` asks beforehand ([operations](operations.md)). A setting takes effect with
the next `make deploy`.
"""


Schema = dict[str, Any]
"""A JSON Schema: pydantic makes one from annotations and docstrings."""

_SCHEMA: Schema = TypeAdapter(Settings).json_schema()

_TEXT: Schema = {"type": "string"}
_KINDS = {
    "boolean": "True or False",
    "string": "web origins",
    "object": "public keys by their ids",
}
"""What a setting takes that has no bounds, no form and no list of values."""


def document() -> str:
    """Render the document."""
    settings: dict[str, Schema] = _SCHEMA["properties"]
    parts = {
        name: one
        for name, one in settings.items()
        if _kind(one)["type"] == "object" and _each(one) != _TEXT
    }
    rows = [_row([name], one) for name, one in settings.items() if name not in parts]
    sections = [_section("The stage", rows, _doc(_SCHEMA))]
    for name, one in parts.items():
        rows = [_row(path, leaf) for path, leaf in _leaves([name], one)]
        part = _kind(_each(one) or one)
        sections.append(_section(f"`{name}`", rows, _doc(one), _doc(part)))
    return "\n".join([_HEAD, *sections])


def _section(title: str, rows: list[str], *meanings: str) -> str:
    stages = " | ".join(STAGES)
    columns = [
        f"| setting | takes | {stages} | what it decides |",
        "|---" * (3 + len(STAGES)) + "|",
    ]
    about = " ".join(dict.fromkeys(filter(None, meanings)))
    return "\n".join([f"## {title}", about, "", *columns, *rows, ""])


def _leaves(path: list[str], schema: Schema) -> Iterator[tuple[list[str], Schema]]:
    """Walk down to the single values: by the schema, and by the names that a mapping has."""
    kind, each = _kind(schema), _each(schema)
    if each:
        about = {"description": schema.get("description", "")}
        for key in dict.fromkeys(key for value in _values(path) for key in value or ()):
            yield from _leaves([*path, key], about | each)
    elif "properties" in kind:
        for name, below in kind["properties"].items():
            yield from _leaves([*path, name], below)
    else:
        yield path, schema


def _row(path: list[str], schema: Schema) -> str:
    values = " | ".join(_shown(value) for value in _values(path))
    return f"| `{'.'.join(path)}` | {_takes(schema)} | {values} | {_doc(schema)} |"


def _values(path: list[str]) -> list[Any]:
    """Give what stands at a place in the settings of each stage; None where nothing does."""
    found: list[Any] = []
    for value in STAGES.values():
        at: Any = value
        for name in path:
            at = at.get(name) if isinstance(at, Mapping) else getattr(at, name, None)
        found.append(at)
    return found


def _takes(schema: Schema) -> str:
    """Say what a setting takes, in a word or two."""
    kind = _kind(schema)
    if "anyOf" in schema:
        return f"{_takes(kind)}, or `None`"
    if "enum" in kind:
        return ", ".join(f"`{_member(kind['title'], value)}`" for value in kind["enum"])
    if "minimum" in kind:
        return f"{kind['minimum']} to {kind['maximum']}"
    if "pattern" in kind:
        return WORDS[kind["pattern"]]
    if "items" in kind:
        each = _takes(kind["items"])
        return each if "pattern" not in kind["items"] else f"any number, each {each}"
    most = kind.get("maxProperties")
    return f"{most} texts at most, by their names" if most else _KINDS[kind["type"]]


def _member(enumeration: str, value: str) -> str:
    """Write a value as in the settings: a member of an enumeration, or the word itself."""
    found = getattr(module, enumeration, None)
    return f"{enumeration}.{found(value).name}" if found else value


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"`{name}`" for name in value) or "–"
    return f"`{value}`"


def _kind(schema: Schema) -> Schema:
    """Give the schema of the thing itself: the one referred to, or the one that may be None."""
    schema = schema.get("anyOf", [schema])[0]
    found: Schema = _SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    return found


def _each(schema: Schema) -> Schema | None:
    """Give the schema of what a mapping holds under each name; None for all other things."""
    patterns = schema.get("patternProperties", {"": schema.get("additionalProperties")})
    return next(iter(patterns.values())) or None


def _doc(schema: Schema) -> str:
    return " ".join(schema.get("description", "").split())


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(document())


if __name__ == "__main__":
    main()

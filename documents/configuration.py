"""docs/configuration.md, made from the settings: what each decides, takes, and is in each stage.

`python -m documents.configuration` writes it; `make docs` does so too.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin
from typing import get_type_hints as hints_of

from infrastructure import settings as module
from infrastructure.settings import STAGES, Settings
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = ROOT / "docs/configuration.md"
"""The document that is made."""

_HEAD = """# Configuration

Made from [`infrastructure/settings.py`](../infrastructure/settings.py) by `make docs`; the
settings are changed there.

A stage is an entry of `STAGES` in that file, which names what differs from the defaults. All is
checked before anything is synthesized: `make synth` and `make deploy` stop with a sentence that
names the setting. What only the account can tell, such as its real quotas, `orders doctor` asks
beforehand ([operations](operations.md)). A setting takes effect with the next `make deploy`.
"""


def document() -> str:
    """Render the document."""
    composite = [item.name for item in fields(Settings) if _has_parts(_hints(Settings)[item.name])]
    sections = [_section("The stage", Settings, _own_rows(set(composite)))]
    for name in composite:
        kind = _kind(_hints(Settings)[name])
        sections.append(_section(f"`{name}`", kind, _rows_of(name), docs_of(Settings)[name]))
    return "\n".join([_HEAD, *sections])


def docs_of(kind: type) -> dict[str, str]:
    """Give the docstrings of a class's fields by name, each on one line."""
    body = _classes()[kind.__name__].body
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _classes() -> dict[str, ast.ClassDef]:
    tree = ast.parse(inspect.getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _section(title: str, kind: Any, rows: list[str], meaning: str = "") -> str:
    about = " ".join(inspect.cleandoc(kind.__doc__ or "").split()) if is_dataclass(kind) else ""
    stages = " | ".join(STAGES)
    head = [f"## {title}", " ".join(filter(None, [meaning, about])), ""]
    columns = [
        f"| setting | takes | {stages} | what it decides |",
        "|---" * (3 + len(STAGES)) + "|",
    ]
    return "\n".join([*head, *columns, *rows, ""])


def _own_rows(composite: set[str]) -> list[str]:
    hints, docs = _hints(Settings), docs_of(Settings)
    names = [item.name for item in fields(Settings) if item.name not in composite]
    return [_row(name, hints[name], docs[name], [name]) for name in names]


def _rows_of(name: str) -> list[str]:
    """Give a row for each value within a setting that has parts."""
    rows = _leaves([name], _hints(Settings)[name], docs_of(Settings)[name])
    return [_row(".".join(path), hint, doc, path) for path, hint, doc in rows]


def _leaves(path: list[str], hint: Any, doc: str) -> Iterator[tuple[list[str], Any, str]]:
    """Walk down to the single values: by the annotation, and by the names that a mapping has."""
    kind = _kind(hint)
    if get_origin(hint) is Mapping:
        for key in dict.fromkeys(key for value in _values(path) for key in value or ()):
            yield from _leaves([*path, key], get_args(hint)[1], doc)
    elif isinstance(kind, type) and is_dataclass(kind):
        for item in fields(kind):
            below = _hints(kind)[item.name]
            yield from _leaves([*path, item.name], below, docs_of(kind)[item.name])
    else:
        yield path, hint, doc


def _row(name: str, hint: Any, doc: str, path: list[str]) -> str:
    values = " | ".join(_shown(value) for value in _values(path))
    return f"| `{name}` | {takes(hint)} | {values} | {doc} |"


def _values(path: list[str]) -> list[Any]:
    """Give what stands at a place in the settings of each stage; None where nothing does."""
    found: list[Any] = []
    for value in STAGES.values():
        at: Any = value
        for name in path:
            at = at.get(name) if isinstance(at, Mapping) else getattr(at, name, None)
        found.append(at)
    return found


def takes(hint: Any) -> str:
    """Say what a setting takes, in a word or two."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return str(inner[1])
    if origin in (Union, types.UnionType):
        return f"{takes(next(kind for kind in inner if kind is not type(None)))}, or `None`"
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        plain = inner[0] is str
        return "web origins" if plain else f"any number, each {takes(inner[0])}"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return ", ".join(f"`{hint.__name__}.{member.name}`" for member in hint)
    return module.kind_of(hint)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value}`"


def _has_parts(hint: Any) -> bool:
    return is_dataclass(_kind(hint)) or get_origin(hint) is Mapping


def _kind(hint: Any) -> Any:
    """Give the class that an annotation is about: itself, what is in a mapping, or beside None."""
    inner = get_args(hint)
    if get_origin(hint) is Mapping:
        return _kind(inner[1])
    if get_origin(hint) in (Union, types.UnionType):
        return next(kind for kind in inner if kind is not type(None))
    return hint


def _hints(kind: type) -> dict[str, Any]:
    return hints_of(kind, include_extras=True)


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(document())


if __name__ == "__main__":
    main()

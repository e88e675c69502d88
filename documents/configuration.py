"""docs/configuration.md, made from the settings: what each decides, takes, and is in each stage.

`python -m documents.configuration` writes it; `make docs` does so too.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from infrastructure import settings as module
from infrastructure.settings import STAGES, Settings
from infrastructure.settings_validation import WORDS
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCUMENT = ROOT / "docs/configuration.md"
"""The document that is made."""

_HEAD = """# Configuration

Made from [`infrastructure/settings.py`](../infrastructure/settings.py) by `make docs`. Change
settings there: a stage is an entry of `STAGES`, which names what differs from the defaults.

* Commands check all settings first, and stop with a sentence that names stage and setting.
* `orders doctor` asks what only the account can tell, such as its quotas
  ([operations](operations.md)).
* A setting takes effect with the next `make deploy`.
"""


EXAMPLE = """\
"mara": lambda: Settings(
    stage="mara",
    region="eu-central-1",
    account="111122223333",
    keep_data=True,  # it needs `mail`, or `mail_waiver`
    mail_waiver="Ten people try it, and sign up once.",
    web_firewall=True,
    origins=("https://mara.example.com",),
    sampling=Sampling(),  # without it X-Ray is dearer than prod's
    price_quotes="checked",  # customers name their own prices, until there is a menu
    capacity=Capacity(max_write_units=5_000),
    webhooks=Webhooks(waits=(60,)),  # a tuple of one has a comma
    budget=Budget(orders_per_day=500, alarm_emails=("mara@example.com",)),
),
"""
"""An entry of STAGES, as somebody adds it."""

_OWN = f"""## A stage of your own
Add an entry to `STAGES`, behind prod's:
```python
{EXAMPLE}```
The name in front and `stage` are the same. What an entry does not name has its default below.
The doctor asks the account and the Region. `make docs`, after each change, records its cost, and a
column here. `make synth` writes its template to `cdk.out`.
```sh
.venv/bin/orders doctor --stage mara
make docs
make synth STAGE=mara
make deploy STAGE=mara
```
[The pipeline](how-to/pipeline.md) deploys dev and prod alone.
"""

Schema = dict[str, Any]
"""A JSON Schema: pydantic makes one from annotations and docstrings."""


def explanations() -> dict[str, dict[str, str]]:
    """Read what stands below each setting, by class and name.

    pydantic can do so where the classes are made, and every command would wait for it.
    """
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    kinds = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {kind.name: dict(_explained(kind)) for kind in kinds}


def _explained(kind: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for setting, below in pairwise(kind.body):
        match setting, below:
            case ast.AnnAssign(ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                yield name, inspect.cleandoc(text)


def _with_explanations(schema: Schema) -> Schema:
    kinds = {Settings.__name__: schema, **schema["$defs"]}
    for kind, told in explanations().items():
        for name, text in told.items():
            kinds[kind]["properties"][name]["description"] = text
    return schema


_SCHEMA: Schema = _with_explanations(TypeAdapter(Settings).json_schema())

_TEXT: Schema = {"type": "string"}
_KINDS = {
    "boolean": "True or False",
    "string": "web origins",
    "object": "public keys by their ids",
}
"""What a setting takes that has no bounds, no form and no list of values."""

_PLAIN = Settings(stage="plain")
"""A stage that names nothing but itself."""

_AS_ABOVE = "as above"


def document() -> str:
    """Render the document."""
    settings: dict[str, Schema] = _SCHEMA["properties"]
    parts = {
        name: one
        for name, one in settings.items()
        if _kind(one)["type"] == "object" and _each(one) != _TEXT
    }
    alike: dict[str, dict[str, Schema]] = {}
    for name, one in parts.items():
        alike.setdefault(_kind(_each(one) or one).get("title", name), {})[name] = one
    single = [([name], one) for name, one in settings.items() if name not in parts]
    sections = [_section("The stage", list(_rows(single, "")), "")]
    sections += [_parts(group) for group in alike.values()]
    return "\n".join([_HEAD, _OWN, *sections])


def _parts(group: Mapping[str, Schema]) -> str:
    """Render the section of settings that have the same parts, of one as a rule."""
    (name, one), *others = group.items()
    leaves = [leaf for name, one in group.items() for leaf in _leaves([name], one)]
    kind = _kind(_each(one) or one)
    made = f"Written as `{kind['title']}(…)`." if "title" in kind else ""
    summary, _, more = str(kind.get("description", "")).partition("\n\n")
    if not others:
        about = " ".join(filter(None, [_doc(one), _spaced(more), made]))
        return _section(f"`{name}`", list(_rows(leaves, _doc(one))), _wrapped(about))
    each = [_wrapped(f"* `{name}`: {_doc(one)}") for name, one in group.items()]
    title = ", ".join(f"`{name}`" for name in group)
    about = _wrapped(f"{summary} {made}".strip())
    return _section(title, list(_rows(leaves, "")), "\n".join([about, "", *each]))


def _wrapped(text: str) -> str:
    indent = "  " if text.startswith("* ") else ""
    return textwrap.fill(
        text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _section(title: str, rows: list[str], about: str) -> str:
    stages = " | ".join(STAGES)
    columns = [
        f"| setting | takes | default | {stages} | what it decides |",
        "|---" * (4 + len(STAGES)) + "|",
    ]
    return "\n".join([f"## {title}", *([about, ""] if about else []), *columns, *rows, ""])


def _rows(leaves: Iterable[tuple[list[str], Schema]], about: str) -> Iterator[str]:
    """Give the row of each setting; what it decides is told once."""
    said = {about}
    for path, schema in leaves:
        doc = _doc(schema)
        yield _row(path, schema, _AS_ABOVE if doc in said else doc)
        said.add(doc)


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


def _row(path: list[str], schema: Schema, decides: str) -> str:
    values = " | ".join(_shown(value) for value in [_default(path, schema), *_values(path)])
    return f"| `{'.'.join(path)}` | {_takes(schema)} | {values} | {decides} |"


def _values(path: list[str]) -> list[Any]:
    """Give what stands at a place in the settings of each stage; None where nothing does."""
    return [_at(path, value) for value in STAGES.values()]


def _default(path: list[str], schema: Schema) -> Any:
    """Give what a setting is where nobody gives it; None where that is nothing, or it must be."""
    found = None if path == ["stage"] else _at(path, _PLAIN)
    return schema.get("default") if found is None else found


def _at(path: list[str], settings: Settings) -> Any:
    at: Any = settings
    for name in path:
        at = at.get(name) if isinstance(at, Mapping) else getattr(at, name, None)
    return at


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
    return _spaced(schema.get("description", ""))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(document())


if __name__ == "__main__":
    main()

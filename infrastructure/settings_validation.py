"""Settings that are checked where they are made: pydantic checks, a sentence names each fault."""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, field, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_snake
from pydantic.dataclasses import dataclass

from project.mistyped import meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

# Looking for plugins, of which we have none, would read what each installed package says of itself.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

_Kind = TypeVar("_Kind")

_STRICT = ConfigDict(
    strict=True,  # True is no number, and "5" neither
    extra="forbid",
    allow_inf_nan=False,
    validate_default=True,
)

_SHOWN = 10**9
"""Numbers from here on are not repeated to who gave them: Python writes none of 4,300 digits."""

_NEITHER = (MISSING, MISSING)

WORDS: dict[str, str] = {}
"""What each pattern of a text means to people."""

_SENTENCES = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is no setting{meant}",
    "unexpected_positional_argument": "must be given by name",
    "int_type": "must be a whole number, not {given}",
    "float_type": "must be a number, not {given}",
    "finite_number": "must be a number, not {input}",
    "bool_type": "must be True or False, not {given}",
    "string_type": "must be a text, not {given}",
    "tuple_type": "must be a tuple, not {given}{comma}",
    "dict_type": "must be a mapping of names, not {given}",
    "dataclass_exact_type": "must be {article} {class_name}, not {given}: {call}",
    "is_instance_of": "must be {article} {class}, not {given}",
    "literal_error": "must be {expected}, not {given}",
    "string_pattern_mismatch": "must be {words}, not {given}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must not have fewer entries than {min_length}",
    "value_error": "{error}",  # a check of ours
}
"""By pydantic's name of a fault, what follows the name of the setting."""


_REQUIRED: dict[str, tuple[str, ...]] = {}
"""By the name of a checked class, the settings that it cannot do without."""


class SettingError(ValueError):
    """Settings that cannot be; a sentence for each names it."""

    def __str__(self) -> str:
        """Say all of them in a line."""
        return "; ".join(map(str, self.args))


def between(low: int, high: int = 2_000_000_000) -> Any:
    """Take the numbers between two, both included; CloudFormation's whole ones have 32 bits."""
    return Field(ge=low, le=high)


def form(pattern: str, words: str) -> Any:
    """Take the texts of a pattern, which the words explain to people."""
    whole = f"^({pattern})$"
    WORDS[whole] = words
    return Field(pattern=whole)


@cache
def regions() -> list[str]:
    """List the Regions of the partition `aws`, as the botocore beside this knows them.

    ARNs and addresses of the template are of that partition: elsewhere, as in China or GovCloud, it
    has never been tried. botocore is slow to import, so its file is read.
    """
    (folder,) = find_spec("botocore").submodule_search_locations  # type: ignore[union-attr, misc]
    partitions = json.loads((Path(folder) / "data" / "partitions.json").read_text())["partitions"]
    (ours,) = (one for one in partitions if one["id"] == "aws")
    return [name for name in ours["regions"] if not name.endswith("-global")]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def checked(kind: type[_Kind]) -> type[_Kind]:
    """Make a class a frozen dataclass whose values are what their annotations say.

    What no value says alone is checked by its `__post_init__`. `dataclasses.replace` checks again.
    The constructor raises SettingError, with a sentence for each fault.
    """
    made: Any = dataclass(frozen=True, kw_only=True, config=_STRICT)(kind)
    check = made.__init__
    required = [one.name for one in fields(made) if (one.default, one.default_factory) == _NEITHER]
    _REQUIRED[kind.__name__] = tuple(required)

    def checked_init(self: Any, *args: Any, **values: Any) -> None:
        try:
            check(self, *args, **values)
        except ValidationError as error:
            raise SettingError(*_sentences(made, error)) from None

    made.__init__ = checked_init
    return made  # type: ignore[no-any-return] # the class that was given


def _sentences(kind: type[Any], error: ValidationError) -> Iterator[str]:
    within = "" if kind.__name__ == "Settings" else f"{to_snake(kind.__name__)}."
    for fault in error.errors(include_url=False):
        # A check of what fits together has no path: it names the settings itself.
        name = f"{within}{_name(fault['loc'])} " if fault["loc"] else ""
        yield f"{name}{_told(kind, fault)}"


def _told(kind: type[Any], fault: ErrorDetails) -> str:
    context, value = fault.get("ctx", {}), fault["input"]
    told = _SENTENCES.get(fault["type"], f"cannot be: {fault['msg']}")
    wanted = str(context.get("class_name") or context.get("class") or "")
    near = meant(str([*fault["loc"], ""][0]), [one.name for one in fields(kind)])
    one = isinstance(value, str) or (isinstance(value, int | float) and abs(value) < _SHOWN)
    return told.format(
        **context,
        input=value,
        given=repr(value) if isinstance(value, str) else type(value).__name__,
        words=WORDS.get(context.get("pattern", "")),
        meant=near and f".{near}",
        comma=f"; of one value with a comma: ({value!r},)" if one else "",
        article="an" if wanted[:1] in "AEIOU" else "a",
        call=f"{wanted}({', '.join(f'{name}=…' for name in _REQUIRED.get(wanted, ())) or '…'})",
    )


def _name(path: tuple[int | str, ...]) -> str:
    """Name a value within a setting: `plans.gold`, `alarm_emails[0]`, `plans: a name`."""
    if path[-1] == "[key]":
        return f"{_name(path[:-2])}: a name"
    parts = (f".{part}" if str(part).isidentifier() else f"[{part!r}]" for part in path)
    return "".join(parts).removeprefix(".")

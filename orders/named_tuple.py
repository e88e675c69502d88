"""Named tuples that cost a start little: `typing.NamedTuple`, for whoever reads or checks the code.

Where annotations are texts, Python's own compiles each of them, which nobody looks at. The first
compiling of a process makes all types of Python's syntax trees besides, 11 million instructions:
docs/decisions/0033-cheaper-starts.md. So only tools need the annotations, and have them.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple
else:

    class _Making(type):
        """Makes a named tuple of a class statement, as `typing.NamedTupleMeta` does."""

        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members.get("__annotations__", {})
            defaults = [members[field] for field in fields if field in members]
            module = members["__module__"]
            made = namedtuple(name, fields, defaults=defaults, module=module)  # noqa: PYI024 - see above
            for member, value in members.items():
                if member not in fields:
                    setattr(made, member, value)
            return made

    class NamedTuple(metaclass=_Making):
        """The base of a class statement, and of nothing that lives."""


__all__ = ["NamedTuple"]

"""Named tuples that cost a start little: `typing.NamedTuple`, for whoever reads or checks the code.

Where annotations are texts, Python's own compiles each of them, which nobody looks at. The first
compiling of a process makes all types of Python's syntax trees besides, 11 million instructions:
docs/decisions/0033-cheaper-starts.md. So only tools need the annotations, and have them. Python's
own compiles each class's `__new__` as well, half a million instructions; ours share one that is
compiled with this file.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]  # typeshed has it not
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple, Self
else:

    class _Tuple(tuple):
        """What all named tuples can, as the standard library has it."""

        __slots__ = ()
        _fields: tuple[str, ...] = ()
        _field_defaults: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
        _last: tuple[Any, ...] = ()

        def __new__(cls, *values: Any, **named: Any) -> Self:
            missing = len(cls._fields) - len(values)
            if named or missing < 0 or missing > len(cls._last):
                values = _completed(cls, values, named)
            elif missing:
                values += cls._last[-missing:]
            return tuple.__new__(cls, values)

        @classmethod
        def _make(cls, values: Any) -> Self:
            return cls(*values)

        def _replace(self, /, **named: Any) -> Self:
            made = type(self)(*map(named.pop, self._fields, self))
            if named:
                raise ValueError(f"Got unexpected field names: {[*named]!r}")
            return made

        __replace__ = _replace

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            told = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({told})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    def _completed(cls: Any, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Give all values in their order: those by position, those by name, and the defaults."""
        fields = cls._fields
        rest = fields[len(values) :]
        given = cls._field_defaults | named
        unknown = named.keys() - {*rest}
        missing = [name for name in rest if name not in given]
        if unknown or missing or len(values) > len(fields):
            wrong = f"{len(values)} by position, not taken {sorted(unknown)}, missing {missing}"
            raise TypeError(f"{cls.__name__} takes {', '.join(fields)}: {wrong}")
        return (*values, *(given[name] for name in rest))

    class _Making(type):
        """Makes a named tuple of a class statement, as `typing.NamedTupleMeta` does."""

        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = tuple(members.get("__annotations__", {}))
            defaults = {field: members[field] for field in fields if field in members}
            made = {member: value for member, value in members.items() if member not in fields}
            made |= {
                "__slots__": (),
                "__match_args__": fields,
                "_fields": fields,
                "_field_defaults": defaults,
                "_last": (*defaults.values(),),  # only the last fields can have some
            }
            for place, field in enumerate(fields):
                made[field] = _tuplegetter(place, f"Alias for field number {place}")
            return type(name, (_Tuple,), made)

    class NamedTuple(metaclass=_Making):
        """The base of a class statement, and of nothing that lives."""


__all__ = ["NamedTuple"]

"""What the patches do to ministack: find its modules, and put something in the place of its own.

Whatever it no longer has fails here, when the emulator starts: a patch never does nothing in
silence.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def module(name: str) -> Any:
    """Give one of its modules, such as `services.sqs`."""
    return import_module(f"ministack.{name}")


def loaded(name: str) -> Any | None:
    """Give one of its modules if it is loaded: it loads a service when that is first asked for."""
    path = f"ministack.{name}"
    assert find_spec(path), f"ministack has no {name} any more"
    found = sys.modules.get(path)
    # Half of one that another thread imports just now would lack what it is asked for. The mark is
    # CPython's own, by which the imports of other threads wait (importlib/_bootstrap.py).
    return None if getattr(getattr(found, "__spec__", None), "_initializing", False) else found


def replace(where: Any, **ours: Any) -> None:
    """Put ours in the place of what a module or a class has under the same names."""
    for name, value in ours.items():
        assert hasattr(where, name), f"ministack has no {where.__name__}.{name} any more"
        setattr(where, name, value)


def replaced_text(text: str, theirs: str, ours: str) -> str:
    """Replace what stands once in a text of ministack's."""
    assert text.count(theirs) == 1, f"ministack has no single {theirs!r} any more"
    return text.replace(theirs, ours)

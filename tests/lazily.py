"""Libraries that take long to import, for the tests that need them.

Each process of a run imports every test module, and has a part of the tests: without this, each
would wait for all that any of them needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Lazily:
    """A module that is imported when something of it is first asked for.

    pytest asks all that a test module names whether it is a test, a mock or a fixture: `__test__`,
    `_mock_name` and the like import nothing.
    """

    def __init__(self, name: str) -> None:
        """Keep its name, such as `jsonschema`."""
        self._name = name

    def __getattr__(self, wanted: str) -> Any:
        """Give something of the module."""
        if wanted.startswith("_"):
            raise AttributeError(wanted)
        return getattr(import_module(self._name), wanted)

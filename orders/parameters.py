"""Parameters of Parameter Store, read when they are needed and kept for a minute.

By the workers, and of all requests only for a customer's edit of an order; never while a module is
imported: Parameter Store serves 40 calls a second by default, and a hundred functions can start at
once.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Any, Generic, TypeVar

from orders.aws_api import SSM, ApiError, call

T = TypeVar("T")

KEPT_SECONDS = 60.0
_SPREAD = 0.2  # so that functions that started together do not ask together
_AFTER_FAILURE_SECONDS = 5.0


class Unreadable(Exception):
    """A parameter could not be read, and never was before; the text says why."""


class Parameter(Generic[T]):
    """One parameter: the last good value stays in use while it cannot be read."""

    def __init__(self, name: str, *, decrypt: bool = False) -> None:
        """Name the parameter; nothing is read yet."""
        self.name = name
        self._decrypt = decrypt
        self._lock = threading.Lock()
        self._expires = 0.0
        self._failure = "not read yet"
        self._value: T | None = None

    def get(self) -> T | None:
        """Give the value, at most about a minute old; None when there is no such parameter.

        Raises:
            Unreadable: when it could never be read.
        """
        with self._lock:
            if time.monotonic() >= self._expires:
                self._refresh()
            if self._failure:
                raise Unreadable(self._failure)
            return self._value

    def parse(self, text: str) -> T:
        """Make a value of the parameter's text.

        Raises:
            ValueError: when it is none; the last good value then stays.
        """
        raise NotImplementedError

    def _refresh(self) -> None:
        try:
            text = self._read()
            self._value = None if text is None else self.parse(text)
        except (ApiError, ValueError) as error:
            # Remembered as well: a store that hangs would hold up each message of a batch anew.
            if self._failure:
                # AWS's own name for why; what a text is that is none is not quoted.
                why = str(error) if isinstance(error, ApiError) else type(error).__name__
                self._failure = f"{why}: {self.name}"
            self._expires = time.monotonic() + _AFTER_FAILURE_SECONDS
            return
        self._failure = ""
        self._expires = time.monotonic() + KEPT_SECONDS * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - no secret

    def _read(self) -> str | None:
        arguments: dict[str, Any] = {"Name": self.name, "WithDecryption": self._decrypt}
        try:
            answer = call(SSM, "GetParameter", arguments)
        except ApiError as error:
            if error.code == "ParameterNotFound":
                return None
            raise
        match answer:
            case {"Parameter": {"Value": str(text)}}:
                return text
        raise ValueError("an answer without a value")

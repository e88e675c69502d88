"""What a pattern's examples are made by is made once.

Schemathesis asks for it anew for each request that it draws, and a third of its time went there.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from hypothesis.strategies._internal import regex


def remember() -> None:
    """Let Hypothesis keep the strategy of each pattern, as long as the process lives."""
    make, made = regex.regex_strategy, dict[Any, Any]()

    @functools.wraps(make)
    def kept(pattern: Any, fullmatch: bool, *, alphabet: Any, **more: Any) -> Any:  # noqa: FBT001 - as Hypothesis has it
        within = getattr(alphabet, "wrapped_strategy", alphabet)
        characters = None if within is None else tuple(within.intervals.intervals)
        key = (re.compile(pattern), fullmatch, characters, *more.items())
        if key not in made:
            made[key] = make(pattern, fullmatch, alphabet=alphabet, **more)
        return made[key]

    regex.regex_strategy = kept  # type: ignore[assignment] # it takes what the other takes

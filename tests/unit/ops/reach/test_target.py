"""Which deployment a command is about."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ops.reach.errors import OperatorError
from ops.reach.target import Target


def test_missing_output() -> None:
    """A stack that is older than the command is to be deployed again."""
    with pytest.raises(OperatorError, match="make deploy STAGE=dev"):
        Target("stage dev", "s", cast("Any", None), {}, "make deploy STAGE=dev").output("X")

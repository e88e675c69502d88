"""The floor of the floor: nothing is done."""

from __future__ import annotations

from typing import Any


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer a proxy event."""
    return {"statusCode": 201, "headers": {}, "body": "{}"}

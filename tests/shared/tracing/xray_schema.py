"""X-Ray's rules for a subsegment that is sent by itself, as a JSON Schema.

AWS publishes `xray-segmentdocument-schema-v1.0.0` as an archive, for segments; this is written from
the page that explains it, and is stricter: no fields but those that the page names, and those of
`aws` that X-Ray keeps without explaining them.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from typing import Any

_ID = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_TEXT = {"type": "string", "maxLength": 250}
_TIME = {"type": "number", "minimum": 1_500_000_000, "maximum": 10_000_000_000}
_TRUE = {"const": True}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_EXCEPTION = _object(("id",), id=_ID, type=_TEXT)

SUBSEGMENT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ("name", "id", "trace_id", "parent_id", "type", "start_time", "end_time"),
        # Unicode's letters and digits are allowed, too; nothing of ours is named by them.
        name={"type": "string", "pattern": r"^[A-Za-z0-9_ .:/%&#=+\\@-]{1,200}$"},
        id=_ID,
        trace_id={"type": "string", "pattern": "^1-[0-9a-f]{8}-[0-9a-f]{24}$"},
        parent_id=_ID,
        type={"const": "subsegment"},
        start_time=_TIME,
        end_time=_TIME,
        namespace={"enum": ["aws", "remote"]},
        error=_TRUE,
        throttle=_TRUE,
        fault=_TRUE,
        cause=_object(exceptions={"type": "array", "items": _EXCEPTION, "maxItems": 1}),
        annotations={
            "type": "object",
            "propertyNames": {"pattern": "^[a-zA-Z0-9_]{1,500}$"},
            "additionalProperties": {"type": ["string", "number", "boolean"], "maxLength": 1_000},
            "maxProperties": 50,
        },
        http=_object(
            request=_object(method=_TEXT, url=_TEXT),
            response=_object(status={"type": "integer", "minimum": 100, "maximum": 599}),
        ),
        aws=_object(
            operation=_TEXT,
            request_id=_TEXT,
            queue_url=_TEXT,
            table_name=_TEXT,
            resource_names={"type": "array", "items": _TEXT},
            parameter_name=_TEXT,
            retries={"type": "integer", "minimum": 0},
            consumed_rcu={"type": "number", "minimum": 0},
            consumed_wcu={"type": "number", "minimum": 0},
        ),
    ),
}
"""What every document of ours has to be."""

"""EventBridge Scheduler: which schedule a request is about, where roles decide."""

from __future__ import annotations

import functools
import json
from typing import Any

from local.inside import ministack


def schedule_groups() -> None:
    """Ask a role for the schedule in its group.

    AWS: `arn:…:schedule/GroupName/Name` (service authorization reference, "Amazon EventBridge
    Scheduler"). ministack takes each schedule for one of the group `default`.
    """
    actions = ministack.module("core.iam_actions")
    name_resource = actions.extract_resource_arn

    @functools.wraps(name_resource)
    def in_group(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> Any:
        resource = name_resource(service, method, path, headers, body, *rest)
        if service != "scheduler" or method not in {"POST", "PUT"}:
            return resource
        group = _group_of(body)
        return str(resource).replace(":schedule/default/", f":schedule/{group}/", 1)

    ministack.replace(actions, extract_resource_arn=in_group)


def _group_of(body: bytes) -> str:
    try:
        fields = json.loads(body or b"{}")
    except ValueError:
        return "default"
    return str(fields.get("GroupName", "default")) if isinstance(fields, dict) else "default"

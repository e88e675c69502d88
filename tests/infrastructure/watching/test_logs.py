"""Logs: each has an owner and an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def test_every_log_group_keeps_a_week(template: Template) -> None:
    """No log is kept, and paid for, for ever: those of custom resources and the pipe included.

    Two say who did what, and are kept for ninety days.
    """
    groups = dict(template.all("Logs::LogGroup"))
    assert groups
    kept = {name: group.get("RetentionInDays") for name, group in groups.items()}
    audited = {name for name in groups if name.startswith(("AuditLog", "UpdateOrderLogs"))}
    assert len(audited) == 2
    assert kept == {name: 90 if name in audited else 7 for name in groups}


def test_no_function_writes_to_a_group_that_lambda_makes(template: Template) -> None:
    """Lambda would make a group that is never emptied for a function that names none."""
    groups = {name for name, _ in template.all("Logs::LogGroup")}
    for name, function in template.all("Lambda::Function"):
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups, name


def test_api_gateway_logs_requests_and_not_their_bodies(template: Template) -> None:
    """Execution logs, which hold bodies and would go to a group of AWS's own, are off."""
    stage = template.one("ApiGateway::Stage")
    levels = {method.get("LoggingLevel", "OFF") for method in stage.get("MethodSettings", ())}
    traced = {method.get("DataTraceEnabled", False) for method in stage.get("MethodSettings", ())}
    assert (levels, traced) == ({"OFF"}, {False})
    assert "AccessLogSetting" in stage

"""The one filter of the template: leaves out what the emulator refuses, and what refers to it.

ministack 1.5.33 refuses a whole stack for one resource of these types. Nothing of what the service
can do on this machine depends on them.
"""

from __future__ import annotations

import json
import re
from typing import Any

REFUSED_TYPES = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::InsightRule",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::Logs::QueryDefinition",
    "AWS::XRay::Group",
    "AWS::XRay::ResourcePolicy",
    "AWS::XRay::SamplingRule",
)

ALARM = "AWS::CloudWatch::Alarm"
"""Of these, those whose metric is computed."""
_TLS_RULE = {"Bool": {"aws:SecureTransport": "false"}}

_ABSENT = object()


def without_refused(template: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Leave out the resources that the emulator refuses.

    Whatever refers to a resource that is left out goes too: a property, an element of a list, a
    dependency, an output.

    Returns:
        The template for the emulator, and what was left out, as `name (type)`.
    """
    resources = template["Resources"]
    refused = {name for name, item in resources.items() if _is_refused(item)}
    kept = {name: item for name, item in resources.items() if name not in refused}
    filtered = {
        **template,
        "Resources": {name: _prune(item, refused) for name, item in kept.items()},
        "Outputs": {
            name: output
            for name, output in template.get("Outputs", {}).items()
            if _prune(output["Value"], refused) is not _ABSENT
        },
    }
    return filtered, [f"{name} ({resources[name]['Type']})" for name in sorted(refused)]


def _is_refused(resource: dict[str, Any]) -> bool:
    """Tell what the emulator refuses; of alarms, those whose metric is computed."""
    metric_math = resource["Type"] == ALARM and "Metrics" in resource.get("Properties", {})
    return metric_math or resource["Type"] in REFUSED_TYPES


def without_tls_rule(template: str) -> str:
    """Leave out the statements that deny whatever does not come by TLS, and nothing else.

    The one exception for a run in which the emulator enforces the template's policies: it speaks
    HTTP, so these statements would deny everything.
    """
    return json.dumps(_without_statements(json.loads(template)))


def _without_statements(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_statements(element) for element in value if not _is_tls_rule(element)]
    if isinstance(value, dict):
        return {name: _without_statements(member) for name, member in value.items()}
    return value


def _is_tls_rule(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("Effect") == "Deny"
        and value.get("Condition") == _TLS_RULE
    )


def _prune(value: Any, refused: set[str]) -> Any:
    if isinstance(value, list):
        pruned = [_prune(element, refused) for element in value]
        return [element for element in pruned if element is not _ABSENT]
    if not isinstance(value, dict):
        return value
    if _is_function(value):
        return _ABSENT if _refers(value, refused) else value
    members = {name: _prune(member, refused) for name, member in value.items()}
    kept = {name: member for name, member in members.items() if member is not _ABSENT}
    if "DependsOn" in kept:
        wanted = kept["DependsOn"] if isinstance(kept["DependsOn"], list) else [kept["DependsOn"]]
        kept["DependsOn"] = [name for name in wanted if name not in refused]
    return kept


def _is_function(value: dict[str, Any]) -> bool:
    """Tell CloudFormation's intrinsic functions; they mean nothing without their arguments."""
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _refers(value: Any, refused: set[str]) -> bool:
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name in refused
        case {"Fn::GetAtt": str(path)}:
            return path.partition(".")[0] in refused
        case {"Fn::Sub": [str(text), *_]} | {"Fn::Sub": str(text)} if _names(text) & refused:
            return True
        case dict():
            return any(_refers(member, refused) for member in value.values())
        case list():
            return any(_refers(element, refused) for element in value)
    return False


def _names(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Za-z0-9]+)[.}]", text))

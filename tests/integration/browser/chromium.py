"""A headless Chromium, and the scripts that drive it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from project.checkout import ROOT
from tests.shared.node import PROGRAM, packages, variables

BROWSER = Path(__file__).parent
MODULES = BROWSER / "node_modules"
UNPACKED = ROOT / ".cache/chromium"
UNPACK = 'await (await import("@sparticuz/chromium")).default.executablePath()'


def surroundings() -> dict[str, str]:
    """The environment of Node and Chromium: what they unpack, look for or leave is in the checkout.

    As in Lambda, Chromium comes with its shared libraries and fonts, and takes none from here.
    """
    own = {"TMPDIR": UNPACKED}
    # What fonts.conf means by xdg. Without the second, it would mean the system's fonts as well.
    own |= {"XDG_DATA_HOME": UNPACKED, "XDG_DATA_DIRS": UNPACKED}
    own |= {"XDG_CACHE_HOME": UNPACKED / "cache", "XDG_CONFIG_HOME": UNPACKED / "config"}
    own |= {"FONTCONFIG_FILE": BROWSER / "fonts.conf", "FONTCONFIG_PATH": BROWSER}
    given = {name: text for name, text in variables().items() if name != "FONTCONFIG_SYSROOT"}
    given |= {name: str(path) for name, path in own.items()}
    return given | {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}


def node(*arguments: str, cwd: Path) -> str:
    """Run the Node that came as a Python package; give what it prints."""
    command = [str(PROGRAM), *arguments]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{Path(arguments[0]).name} failed:\n{done.stderr[-2000:]}"
    return done.stdout


def install() -> None:
    """Install and unpack the browser of the lock file, unless it is there."""
    packages(BROWSER)
    lock, stamp = (BROWSER / "package-lock.json").read_bytes(), UNPACKED / ".made-from"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    node("--input-type=module", "--eval", UNPACK, cwd=BROWSER)
    stamp.write_bytes(lock)


def visit(script: str, **wanted: Any) -> dict[str, Any]:
    """Run one of the browser's scripts; gives what it saw."""
    seen = node(str(BROWSER / script), json.dumps(wanted), cwd=BROWSER)
    result: dict[str, Any] = json.loads(seen.splitlines()[-1])
    return result

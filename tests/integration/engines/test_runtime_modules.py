"""What `make bench` loads before a function is what AWS's runtime client has loaded by then."""

from __future__ import annotations

import json
import subprocess

import pytest

from bench.runner import RUNTIME
from tests.integration.engines import environment

pytestmark = pytest.mark.integration

LOADED = """
import sys
before = set(sys.modules)
sys.path.append(sys.argv[1])
import awslambdaric.bootstrap
loaded = set(sys.modules) - before
import json
print(json.dumps(sorted(loaded)))
"""
OWN = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""The client's own modules and those that it brings along: no function imports them."""


def test_every_start_begins_with_what_aws_has_loaded() -> None:
    """A module that AWS loads in any case costs no style of building this anything."""
    interpreter = environment.ready()
    (packages,) = interpreter.parent.parent.glob("lib/python*/site-packages")
    command = [str(interpreter), "-I", "-S", "-c", LOADED, str(packages)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name for name in json.loads(done.stdout) if name.partition(".")[0] not in OWN}
    in_every_python = {"importlib._bootstrap", "importlib._bootstrap_external"}
    assert set(RUNTIME) == loaded - in_every_python

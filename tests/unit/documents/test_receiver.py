"""The receiver that integrators copy from docs/how-to/integrate.md holds up at a public port."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import trustme

from ops.reach.layout import free_port
from orders.webhooks import signature_headers
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (ROOT / "docs/how-to/integrate.md").read_text()
SECRET = "whsec_YW4gZXhhbXBsZSwgYW5kIGluIHVzZSBub3doZXJl"
BODY = b'{"eventId":"order-1.1","type":"order.placed"}'


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run what the page has one save, with the standard library alone."""
    folder, port = tmp_path_factory.mktemp("checkout"), free_port()
    prepare(folder, port)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", RUN], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "Listening\n"
        yield port
        running.kill()


RUN = "import sys; sys.path.insert(0, '.'); exec(open('receiver.py').read())"


def prepare(folder: Path, port: int) -> None:
    """Write what is there once one has come so far on the page."""
    (take,) = re.findall(r"^sed .*> verification.py$", PAGE, re.MULTILINE)
    (folder / "docs").symlink_to(ROOT / "docs")
    subprocess.run(["sh", "-c", take], cwd=folder, check=True)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (folder / "receiver.py").write_text(code.replace("8443", str(port)))
    (folder / "kiosk.json").write_text(json.dumps({"webhookSecret": SECRET}))
    (folder / ".local").mkdir()
    (folder / ".local/endpoints.json").write_text('{"server_pem": "server.pem"}')
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")


def answer(port: int, changed: dict[str, str]) -> int:
    """Send a signed event with some headers changed; gives the answer's status."""
    headers = signature_headers("order-1.1", int(time.time()), BODY, (SECRET,)) | changed
    context = ssl._create_unverified_context()  # noqa: S323 - who answers is our own process
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    connection.request("POST", "/hooks", BODY, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_event_is_taken(port: int) -> None:
    """What we sign is answered 2xx."""
    assert answer(port, {}) == 204


@pytest.mark.parametrize("signature", ["garbage", "v1,zz", "v1,", "", "v1,\xfc", "v1,a,b v2"])
def test_a_malformed_signature_is_refused(port: int, signature: str) -> None:
    """Whoever sends nonsense is told 400, and the receiver goes on."""
    assert answer(port, {"webhook-signature": signature}) == 400
    assert answer(port, {}) == 204


def test_a_connection_that_says_nothing_blocks_nobody(port: int) -> None:
    """Somebody connects and keeps silent: events come in all the same."""
    with (
        socket.create_connection(("127.0.0.1", port)),
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert answer(port, {}) == 204

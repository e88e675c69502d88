"""The endpoints document: of the right copy, whole or not there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ops.reach import endpoints as endpoints_document
from ops.reach.endpoints import Endpoints
from ops.reach.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = Endpoints(
    api_url="http://127.0.0.1:4566/x/v1",
    aws_endpoint_url="http://127.0.0.1:4566",
    region="us-east-1",
    stack_name="s",
    partner_id="a",
    partner_api_key="k",
    other_partner_id="b",
    other_partner_api_key="l",
    customer_token="token-1",
    other_customer_token="token-2",
    customer_id="sub-1",
    other_customer_id="sub-2",
    operator_token="token-3",
    restaurant_token="token-4",
    other_restaurant_token="token-5",
    user_pool_id="pool",
    user_pool_client_id="client",
    web_origin="http://localhost:5173",
    docs_url="http://127.0.0.1:5566/",
    traces_url="http://127.0.0.1:8566",
    dashboard_url="http://127.0.0.1:7566/",
    menu_url="http://127.0.0.1:9566/",
    tables={},
    queues={},
    topics={},
    pipe="p",
    parameters={},
    webhooks={},
    webhooks_url="https://127.0.0.1:6566",
    server_pem="server.pem",
    functions={},
    log_groups={},
    pid=1,
)


def test_endpoints_of_two_copies(tmp_path: Path) -> None:
    """Each copy has its document, and the latest the common one; each takes only its own away."""
    first, second = Layout(tmp_path, 4566), Layout(tmp_path, 4567)
    other = replace(EXAMPLE, aws_endpoint_url=second.url)
    for layout, endpoints in ((first, EXAMPLE), (second, other)):
        layout.home.mkdir()
        endpoints_document.publish(endpoints, layout)
    assert endpoints_document.read(first.endpoints) == EXAMPLE
    assert endpoints_document.read(first.latest_endpoints) == other
    endpoints_document.withdraw(first)
    assert endpoints_document.read(first.endpoints) is None
    assert endpoints_document.read(first.latest_endpoints) == other
    endpoints_document.withdraw(second)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def published(directory: Path, port: int, pid: int) -> Layout:
    layout = Layout(directory, port)
    layout.home.mkdir()
    own = replace(EXAMPLE, aws_endpoint_url=layout.url, api_url=f"{layout.url}/v1", pid=pid)
    endpoints_document.publish(own, layout)
    return layout


def ended() -> int:
    """Give the id of a process that is over."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_the_end_of_a_second_copy_leaves_the_first_ones_session(tmp_path: Path) -> None:
    """When a second `make run` ends, README's session works with the first one, which runs on."""
    running = published(tmp_path, 4566, os.getpid())
    published(tmp_path, 4567, ended())  # was killed
    second = published(tmp_path, 4568, os.getpid())
    assert second.url in second.session.read_text()
    endpoints_document.withdraw(second)
    latest = endpoints_document.read(second.latest_endpoints)
    assert latest is not None
    assert latest.aws_endpoint_url == running.url
    assert running.url in running.session.read_text()
    assert second.url not in running.session.read_text()


def test_what_a_session_is_told_is_private(tmp_path: Path) -> None:
    """The key and the token that a shell reads are readable by their owner alone."""
    layout = published(tmp_path, 4566, os.getpid())
    assert stat.S_IMODE(layout.session.stat().st_mode) == 0o600
    assert "export KEY=k\n" in layout.session.read_text()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"unknown": 1}', "[]"])
def test_endpoints_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    """A document that was cut off, or is of another version, counts as none."""
    path = tmp_path / "endpoints.json"
    path.write_text(text)
    assert endpoints_document.read(path) is None

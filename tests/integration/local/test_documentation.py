"""What the documentation's own server promises besides the page (test_browser.py)."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from local.demo.documentation import documentation
from ops.reach.layout import free_port

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


def test_credentials_are_fresh_at_each_visit(stack: Endpoints) -> None:
    """The page still signs you in when the run is older than its first tokens."""
    with documentation(replace(stack, customer_token="expired"), 0) as url:
        given = httpx.get(f"{url}credentials.json").json()
        headers = {"Authorization": f"Bearer {given['customerToken']}"}
        assert httpx.get(f"{url}v1/orders", headers=headers).status_code == 200
    assert given["partnerKey"] == stack.partner_api_key


def test_no_other_page_gets_the_credentials(stack: Endpoints) -> None:
    """They are in no script that a page elsewhere could load, and permitted to no other origin."""
    address = f"{stack.docs_url}credentials.json"
    assert httpx.get(address, headers={"Origin": stack.web_origin}).status_code == 403
    given = httpx.get(address)
    assert given.headers["Content-Type"] == "application/json"
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in given.headers
    script = httpx.get(f"{stack.docs_url}start.js").text
    assert not [secret for secret in given.json().values() if secret in script]


@pytest.mark.parametrize("path", ["", "credentials.json", "v1/health"])
def test_other_names_for_this_machine_are_refused(stack: Endpoints, path: str) -> None:
    """A page elsewhere whose name is made to lead here gets nothing."""
    answer = httpx.get(f"{stack.docs_url}{path}", headers={"Host": "evil.example"})
    assert answer.status_code == 403


def test_nothing_may_be_loaded_from_outside(stack: Endpoints) -> None:
    """The browser itself is told to refuse other hosts, and to let no page frame this one."""
    policy = httpx.get(stack.docs_url).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy


def test_api_that_is_gone_is_said(stack: Endpoints) -> None:
    """An API that does not answer is a 502 with the reason, and no broken connection."""
    gone = replace(stack, api_url=f"http://127.0.0.1:{free_port()}/v1")
    with documentation(gone, 0) as url:
        answer = httpx.get(f"{url}v1/health")
    assert (answer.status_code, answer.text[:3]) == (502, "The")


def test_browser_that_leaves_is_no_error(
    stack: Endpoints, capfd: pytest.CaptureFixture[str]
) -> None:
    """A closed tab writes nothing among the functions' logs."""
    with documentation(stack, 0) as url:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as tab:
                tab.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
                tab.recv(1)
                at_once = struct.pack("ii", 1, 0)
                tab.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        assert httpx.get(url).status_code == 200
    assert capfd.readouterr().err == ""

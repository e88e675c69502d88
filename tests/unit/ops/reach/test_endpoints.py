"""The endpoints document: of the right copy, whole or not there."""

from __future__ import annotations

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
    assert not list(tmp_path.glob("**/*.json*"))


@pytest.mark.parametrize("text", ["", "{", "{}", '{"unknown": 1}', "[]"])
def test_endpoints_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    """A document that was cut off, or is of another version, counts as none."""
    path = tmp_path / "endpoints.json"
    path.write_text(text)
    assert endpoints_document.read(path) is None

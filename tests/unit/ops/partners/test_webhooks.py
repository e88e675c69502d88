"""Endpoints: their secrets, and what is shown of their URLs."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.partners.webhooks import Webhook, new_secret
from orders.partner_endpoints import endpoint_in, text_of
from orders.webhooks import Endpoint

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def test_secret() -> None:
    """Each secret is new, and of 256 random bits as Standard Webhooks writes them."""
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b64decode(each.removeprefix("whsec_"))) for each in made} == {32}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://u:secret@x.example.com:8443/a", "x.example.com:8443"),
        ("https://[", "unreadable"),
        ("", "unreadable"),
    ],
)
def test_host(url: str, host: str) -> None:
    """The list shows where events go, without what may be secret in a URL."""
    assert Webhook(NOW, Endpoint(url, ("whsec_a",))).host == host


@given(st.text(), st.lists(st.text(), min_size=1, max_size=2))
def test_endpoints_are_read_as_they_were_written(url: str, secrets: list[str]) -> None:
    """What an operator stores is what the functions read."""
    endpoint = Endpoint(url, tuple(secrets))
    assert endpoint_in(text_of(endpoint)) == endpoint

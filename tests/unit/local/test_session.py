"""What `make run` says once it is ready."""

from __future__ import annotations

import re
from dataclasses import replace

from local import session
from ops.reach.layout import SHARED, Layout
from project.checkout import ROOT
from tests.unit.ops.reach.test_endpoints import EXAMPLE

LAYOUT = Layout(SHARED, 4566)
STEPS = len(
    ("Starting", "install", "build", "synthesize", "start", "left out", "deploy", "mend", "seed")
) + len(("people", "web client"))
"""Lines above it at the first start."""


def greeting() -> str:
    api = "http://127.0.0.1:4566/_aws/execute-api/aa08c3d3/v1"
    return session._greeting(replace(EXAMPLE, api_url=api, partner_api_key="k" * 40), LAYOUT)


def test_all_of_the_start_fits_a_screen() -> None:
    """On a terminal of 80 by 24 the first start's steps and the addresses are there at once."""
    lines = greeting().splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert STEPS + len(lines) < 24


def test_the_order_it_offers_is_the_example_file() -> None:
    """What I paste takes the body from a file of the checkout, which I can change."""
    named = re.findall(r"-d @(\S+)", greeting())
    assert [(ROOT / name).is_file() for name in named] == [True]
    assert ". .local/session" in greeting()


def test_where_the_web_client_is() -> None:
    """I am told its address; or that another program has its port, or that it is not built."""
    here = replace(EXAMPLE, web_url="http://127.0.0.1:5173/")
    nowhere = replace(EXAMPLE, web_url="")
    assert session._web_client(here, built=True) == "http://localhost:5173"
    assert session._web_client(nowhere, built=True) == "none until 5173 is free"
    assert session._web_client(nowhere, built=False) == "not built (said above)"
    assert len("none until 5173 is free") <= 25, "the column beside it moves"

"""Who may come in at a port of the local run, by what browsers and programs send."""

from __future__ import annotations

from typing import Any

import pytest

from local.inside.visitors import (
    AWS_HERE,
    OTHER_NAME,
    OTHER_PAGE,
    SENT_FROM_ELSEWHERE,
    headers_of,
    refusal,
)

HERE = {"Host": "127.0.0.1:4566"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def said(
    *pairs: tuple[str, str], method: str = "GET", links: bool = False, **more: Any
) -> str | None:
    return refusal(method, headers_of(pairs), links=links, **more)


def said_here(headers: dict[str, str], **more: Any) -> str | None:
    return said(*{**HERE, **headers}.items(), **more)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4566", "localhost:1", "LocalHost", "[::1]:80"]
)
def test_this_machine_has_its_names(host: str) -> None:
    """A program that calls one of them, at whatever port, comes in."""
    assert said(("Host", host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4566",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1:4566.evil.example",
        "localhost.",
        "evil.localhost",
        "0.0.0.0:4566",
        "127.0.0.2",
        "[::ffff:127.0.0.1]",
        "192.168.1.7:4566",
        "127.0.0.1\n",
        "",
        "None",
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    """A page elsewhere whose name is made to lead here gets nothing, however it spells it."""
    assert said(("Host", host)) == OTHER_NAME


def test_a_name_is_needed() -> None:
    """HTTP/1.0 may leave it out, and HTTP/2 too; no browser and no SDK does."""
    assert said() == OTHER_NAME


def test_what_a_proxy_says_of_the_name_counts_for_nothing() -> None:
    """A page elsewhere gains nothing by it, nor by naming two hosts."""
    forwarded = ("X-Forwarded-Host", "127.0.0.1"), ("Forwarded", "host=127.0.0.1")
    assert said(("Host", "evil.example"), *forwarded) == OTHER_NAME
    assert said(("Host", "127.0.0.1"), ("Host", "evil.example")) == OTHER_NAME


def test_sdks_have_names_of_their_own_for_the_emulator() -> None:
    """Given `localhost`, they put the bucket before it; that is nobody else's name."""
    assert said(("Host", "my-bucket.localhost:4566"), names=AWS_HERE) is None
    assert said(("Host", "127.0.0.1:4566"), names=AWS_HERE) is None
    for host in ("my-bucket.127.0.0.1", "x.localhost.evil.example", ".localhost", "localhost.x"):
        assert said(("Host", host), names=AWS_HERE) == OTHER_NAME


@pytest.mark.parametrize("links", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example",
        "null",
        "",
        "http://localhost:4566",
        "http://127.0.0.1",
        "http://127.0.0.1:5173",
        "http://127.0.0.1:4566.evil.example",
        "http://evil.example/http://127.0.0.1:4566",
        "127.0.0.1:4566",
        "file://127.0.0.1:4566",
        "http://127.0.0.1:4566/",
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str, method: str, *, links: bool) -> None:
    """Whatever it sends, also from this machine: another port's page is another's."""
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
    assert said_here(headers, method=method, links=links) == OTHER_PAGE
    assert said_here({**LINK, "Origin": origin}, method=method, links=links) == OTHER_PAGE


def test_a_page_of_two_origins_is_refused() -> None:
    """An origin of our own does not open the way for a second."""
    own, other = ("Origin", "http://127.0.0.1:4566"), ("Origin", "http://evil.example")
    assert said(*HERE.items(), own, other) == OTHER_PAGE


@pytest.mark.parametrize("origin", ["http://127.0.0.1:4566", "https://127.0.0.1:4566"])
def test_a_page_of_the_port_itself_may_call_it(origin: str) -> None:
    """The documentation tries the API out, and the dashboard reads its figures."""
    assert said_here({"Origin": origin}, method="POST") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
def test_what_a_page_elsewhere_loads_is_refused(site: str) -> None:
    """Images, scripts and frames of a page are requests without an origin."""
    for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe")):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        assert said_here(headers) == SENT_FROM_ELSEWHERE
        assert said_here(headers, links=True) == SENT_FROM_ELSEWHERE


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_somebody_types_comes_in(site: str) -> None:
    """An address that is typed, a bookmark, and what the page of the port loads."""
    assert said_here({"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}) is None


def test_a_link_opens_a_page_but_does_nothing() -> None:
    """From a page elsewhere one may come to a page here, but to no AWS API, and by no form."""
    assert said_here(LINK, links=True) is None
    assert said_here(LINK) == SENT_FROM_ELSEWHERE
    assert said_here(LINK, method="POST", links=True) == SENT_FROM_ELSEWHERE


@pytest.mark.parametrize("sentence", [OTHER_NAME, OTHER_PAGE, SENT_FROM_ELSEWHERE])
def test_a_refusal_says_what_to_do(sentence: str) -> None:
    """Whoever meets one by mistake can go on."""
    assert any(word in sentence for word in ("Call it", "call it", "for programs"))

"""Who may come in at a port of the local run: programs, and pages that it serves itself.

A page from anywhere that is open in the developer's browser can send requests to this machine, some
of them without asking first. Three headers, which no page can forge, tell what comes from a page:

    Host             the name under which the page calls. One of its own can be made to lead here
                     (DNS rebinding), and then all of the port would be of the page's own origin
    Origin           the page's origin, where it sends something or wants to read the answer;
                     programs send none
    Sec-Fetch-Site   how far the page is from here, also where a browser sends no Origin: images,
                     frames, links (Fetch Metadata, in all browsers since 2023)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PORT = "(:[0-9]{1,5})?"

THIS_MACHINE = re.compile(rf"(127\.0\.0\.1|localhost|\[::1\]){_PORT}", re.IGNORECASE)
"""What this machine calls itself; the port may be another's, for proxies here keep the header."""

AWS_HERE = re.compile(rf"{THIS_MACHINE.pattern}|([a-z0-9-]+\.)+localhost{_PORT}", re.IGNORECASE)
"""Besides, what SDKs make of `localhost`: bucket.localhost. No DNS leads there (RFC 6761, 6.3)."""

OTHER_NAME = (
    "The local run answers to 127.0.0.1 and localhost only: a page elsewhere can have its own name "
    "lead here. Call it by one of these names."
)
OTHER_PAGE = (
    "The local run answers no page of another origin here: it would act as you on this machine. "
    "A page on one of the stage's origins (infrastructure/settings.py) may call the API and sign "
    "people in; everything else is for programs."
)
SENT_FROM_ELSEWHERE = (
    "A page elsewhere has had your browser send this, so it is not answered. Type the address "
    "yourself, or call it from a program."
)

_HERE = {None, "same-origin", "none"}


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give headers by their names in lower case; one that is sent twice has both values."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def calls_this_machine(headers: Mapping[str, str], names: re.Pattern[str]) -> bool:
    """Tell whether a request is to this machine by one of its names."""
    return bool(names.fullmatch(headers.get("host", "")))


def refusal(
    method: str,
    headers: Mapping[str, str],
    *,
    links: bool,
    names: re.Pattern[str] = THIS_MACHINE,
) -> str | None:
    """Say why a request may not come in, and what to do; None when it may.

    Args:
        method: of HTTP.
        headers: as `headers_of` gives them; what proxies add to them counts for nothing.
        links: whether a page elsewhere may link to what is here. It learns nothing of the page that
            then opens, but a GET that does something would be done.
        names: what this machine is called here.
    """
    if not calls_this_machine(headers, names):
        return OTHER_NAME
    if "origin" in headers:
        return None if _is_of_this_origin(headers) else OTHER_PAGE
    if headers.get("sec-fetch-site") in _HERE or (links and _opens_a_page(method, headers)):
        return None
    return SENT_FROM_ELSEWHERE


def _is_of_this_origin(headers: Mapping[str, str]) -> bool:
    scheme, _, host = headers["origin"].lower().partition("://")
    return scheme in {"http", "https"} and host == headers["host"].lower()


def _opens_a_page(method: str, headers: Mapping[str, str]) -> bool:
    asked = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return method == "GET" and asked == ("navigate", "document")

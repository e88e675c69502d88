"""What the web client's files are answered with, on AWS and on this machine alike; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FOR_EVER = "public, max-age=31536000, immutable"
"""How long browsers keep what is below `assets/`: its name changes with its content."""

ASK_FIRST = "no-cache"
"""Everything else: browsers ask each time whether what they have is still right."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""Besides the policy of content."""


def origin_of(url: str) -> str:
    """Give the origin of an address: what stands before its path."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def content_policy(asked: Iterable[str]) -> str:
    """Say what the page may load and whom it may ask: no script and no style but its own files.

    Args:
        asked: the origins that it calls: the API's, Cognito's, the menu's.
    """
    connected = " ".join(["'self'", *asked])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src {connected}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )

"""Who may do what: the one table of access, for the tests and for docs/security/access.md.

`python -m tests.shared.access` writes the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.domain.lifecycle import Role
from orders.routes import ROUTES
from project.checkout import ROOT

if TYPE_CHECKING:
    from orders.routes import Route

DOCUMENT = ROOT / "docs/security/access.md"

CALLERS = {
    "nobody": "without credentials",
    "a forger": "with a made-up key and a made-up token",
    "partner": "with its API key",
    "disabled partner": "with an API key that is switched off",
    "customer": "with an identity token",
    "customer's access token": "with the access token, which says nothing about who somebody is",
    "operator": "with an identity token of the group `operators`",
    "staff": "with an identity token of the group `restaurants` that names the restaurant",
    "other staff": "with one that names another restaurant",
}
"""Every kind of caller."""

TARGETS = ("own", "another's", "of the other kind", "missing", "malformed")
"""Whose order is asked for. The other kind: a customer's for a partner, a partner's for people.

On a restaurant's route an own order is one that the caller serves there; somebody else serves
another's, and nobody one of the other kind.
"""

_NOT_FOUND = dict.fromkeys(TARGETS, 404)
_ONLY_OWN = {**_NOT_FOUND, "own": 200}
_ALL = {**_NOT_FOUND, "own": 200, "another's": 200, "of the other kind": 200}

_READING = {
    ("partner", Role.PARTNER): _ONLY_OWN,
    ("customer", Role.CUSTOMER): _ONLY_OWN,
    ("operator", Role.CUSTOMER): _ALL,
    ("staff", Role.CUSTOMER): _ONLY_OWN,
    ("other staff", Role.CUSTOMER): _ONLY_OWN,
    ("staff", Role.RESTAURANT): _ONLY_OWN,
}
_REFUSED = {Role.PARTNER: 403, Role.CUSTOMER: 401, Role.RESTAURANT: 401}
_SIGNED_IN = ("customer", "operator", "other staff")
"""Those whose token says who they are, and not that the restaurant is theirs."""


def expected(caller: str, route: Route, target: str | None) -> int:
    """Look up the status that a call answers with.

    Args:
        caller: one of CALLERS.
        route: where to.
        target: one of TARGETS, or None for a route without an order id.
    """
    allowed = _READING.get((caller, route.caller))
    if allowed is None:
        not_theirs = route.caller is Role.RESTAURANT and caller in _SIGNED_IN
        return 403 if not_theirs else _REFUSED[route.caller]
    if target is None:
        return 201 if route.method == "POST" else 200
    return allowed[target]


def document() -> str:
    """Write the table as Markdown."""
    lines = [
        "# Who may do what",
        "",
        "Made from `tests/shared/access.py` by `python -m tests.shared.access`. Every cell is",
        "tested over HTTP on the running stack, and refused requests are checked to have changed",
        "nothing. 404 for somebody else's order is exactly what a missing one answers.",
        "",
        *(f"* **{caller}**: {how}" for caller, how in CALLERS.items()),
        "",
        f"| route | caller | {' | '.join(TARGETS)} |",
        f"|---|---|{'---|' * len(TARGETS)}",
    ]
    for route in ROUTES:
        for caller in CALLERS:
            if "{orderId}" in route.path:
                cells = [str(expected(caller, route, target)) for target in TARGETS]
            else:
                status = str(expected(caller, route, None))
                cells = [status, *["–"] * (len(TARGETS) - 1)]
            shown = " | ".join(cells)
            lines.append(f"| `{route.method} {route.path}` | {caller} | {shown} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())

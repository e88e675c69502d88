"""Who may do what: the one table of access, for the tests and for docs/security/access.md.

`python -m tests.shared.access` writes the document.
"""

from __future__ import annotations

from orders.domain.lifecycle import Role
from orders.routes import ROUTES
from project.checkout import ROOT

DOCUMENT = ROOT / "docs/security/access.md"

CALLERS = {
    "nobody": "without credentials",
    "a forger": "with a made-up key and a made-up token",
    "partner": "with its API key",
    "disabled partner": "with an API key that is switched off",
    "customer": "with an identity token",
    "customer's access token": "with the access token, which says nothing about who somebody is",
    "operator": "with an identity token of the group `operators`",
}
"""Every kind of caller."""

TARGETS = ("own", "another's", "of the other kind", "missing", "malformed")
"""Whose order is asked for. The other kind: a customer's for a partner, a partner's for people."""

_NOT_FOUND = dict.fromkeys(TARGETS, 404)
_ONLY_OWN = {**_NOT_FOUND, "own": 200}
_ALL = {**_NOT_FOUND, "own": 200, "another's": 200, "of the other kind": 200}

_READING = {
    ("partner", Role.PARTNER): _ONLY_OWN,
    ("customer", Role.CUSTOMER): _ONLY_OWN,
    ("operator", Role.CUSTOMER): _ALL,
}
_REFUSED = {Role.PARTNER: 403, Role.CUSTOMER: 401}


def expected(caller: str, route_caller: Role, method: str, target: str | None) -> int:
    """Look up the status that a call answers with.

    Args:
        caller: one of CALLERS.
        route_caller: whom the route is for.
        method: of the route.
        target: one of TARGETS, or None for a route without an order id.
    """
    allowed = _READING.get((caller, route_caller))
    if allowed is None:
        return _REFUSED[route_caller]
    if target is None:
        return 201 if method == "POST" else 200
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
                cells = [str(expected(caller, route.caller, route.method, t)) for t in TARGETS]
            else:
                status = str(expected(caller, route.caller, route.method, None))
                cells = [status, *["–"] * (len(TARGETS) - 1)]
            shown = " | ".join(cells)
            lines.append(f"| `{route.method} {route.path}` | {caller} | {shown} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())

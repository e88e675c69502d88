"""The API's OpenAPI document, made from the routes, the structs, the lifecycle and the problems.

`python -m documents.openapi.document` writes it to docs/api/openapi.json, `--check` tells
whether it is stale. It is OpenAPI 3.0, the newest that API Gateway imports (API Gateway developer
guide, "Amazon API Gateway important notes").
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
import unicodedata
from typing import TYPE_CHECKING, Any

from documents.openapi import examples
from documents.openapi.patterns import PUBLISHED
from documents.openapi.responses import health_responses, problem_responses, responses_of
from documents.openapi.schemas import Schema, ref, schemas
from infrastructure.functions import BY_NAME
from infrastructure.settings import STAGES
from orders.domain.changes import KEYS_KEPT, READY_WINDOW, SCHEDULING_WINDOW
from orders.domain.lifecycle import EDITABLE, Role, Status, statuses_after
from orders.domain.order import REFERENCE
from orders.domain.reasons import REASONS_OF, assumed
from orders.routes import HEAD, IDEMPOTENCY_KEY, PATCH, REPEATABLE, ROUTES, STAGE
from orders.settings import MAX_BODY_BYTES, MOST_LOOKED_AT
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.routes import Route

DOCUMENT = ROOT / "docs/api/openapi.json"
"""Where the document of the code as it stands is kept."""

BASELINE = ROOT / f"docs/api/openapi-{STAGE}.json"
"""Where the document that this major version's clients were promised is kept."""

API_KEY = "partnerKey"
TOKEN = "customerToken"  # noqa: S105 - the name of a security scheme
"""The names of the two ways to say who calls."""

_TAGS = {
    Role.CUSTOMER: ("Orders", "For customers and, with the same token, operators."),
    Role.PARTNER: ("Partner orders", "For partner companies, on behalf of their customers."),
    Role.RESTAURANT: (
        "Restaurants",
        "For who serves a restaurant's orders: its staff with a token, or a partner with its key.",
    ),
}
_HEALTH_TAG = "Health"


def document() -> Schema:
    """Make the document."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Food-delivery orders",
            "version": str(_project()["version"]),
            "description": _OVERVIEW,
            "contact": {"name": "The food-delivery company that gave you your key or app"},
            "license": {"name": str(_project()["license"]), "url": _LICENSE},
        },
        "servers": [
            {
                "url": f"https://{{host}}/{STAGE}",
                "variables": {
                    "host": {
                        "default": "api.example.com",
                        "description": "The API's own host, or that of its custom domain.",
                    }
                },
            }
        ],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.values()]
        + [{"name": _HEALTH_TAG, "description": "Open to anyone."}],
        "paths": {**_paths(ROUTES), "/health": {"get": _health("GET"), "head": _health(HEAD)}},
        "components": {
            "schemas": schemas(),
            "responses": problem_responses(ROUTES),
            "securitySchemes": _SECURITY,
        },
    }


def rendered() -> str:
    """Render the document as the text of its file."""
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    return re.sub(r"[^\n -~]", lambda found: _seen(found[0]), text)


def _seen(character: str) -> str:
    """Write a character so that it is seen in the file."""
    mark = unicodedata.category(character).startswith("M")
    return character if character.isprintable() and not mark else json.dumps(character)[1:-1]


_OVERVIEW = f"""\
Customers and partner companies place, read, list and change orders.

* Money is whole minor units (such as cents) of one ISO 4217 currency. Totals are computed by the
  service.
* Every error is `application/problem+json` (RFC 9457) with a stable `type`, but for two that AWS
  answers before the API sees the request: a body above 10 MB (413) and a request that is no HTTP.
* A path that is none of these answers 404, `no-such-route`, whoever asks; another method of one of
  them 405, `method-not-allowed`, with `Allow`. OPTIONS tells `Allow` and `Accept-Patch`.
* Preconditions are RFC 9110's, on every route. An order has `ETag` and `Last-Modified`; a list and
  the path where orders are placed have neither.
* 502 says that a function failed or ran out of its time, 504 that there was no answer within
  29 seconds. Either way a POST or PATCH may have done its work: repeat it with its key.
* Within `{STAGE}` answers may gain fields, and sets of values marked `x-extensible` may grow: pass
  over what you do not know.
"""

_LICENSE = "https://www.apache.org/licenses/LICENSE-2.0"  # as LICENSE itself says

_SECURITY = {
    API_KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "A partner's API key; it opens the partners' routes only.",
    },
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The identity token of a person who signed in with Amazon Cognito. Members "
        "of the group `operators` see and move all orders.",
    },
}


def _paths(routes: Iterable[Route]) -> Schema:
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> Schema:
    made: Schema = {
        "operationId": route.operation,
        "tags": [_TAGS[Role.RESTAURANT if route.serves else route.caller][0]],
        "summary": route.summary,
        "description": _description(route),
        "security": [{API_KEY if route.by_key else TOKEN: []}],
        "parameters": _parameters(route),
    }
    if route.body is not None:
        made["requestBody"] = _request_body(route)
    return {**made, "responses": responses_of(route)}


def _health(method: str) -> Schema:
    return {
        "operationId": "head_health" if method == HEAD else "health",
        "tags": [_HEALTH_TAG],
        "summary": "Tell whether the API answers",
        "description": "API Gateway answers by itself; no function runs.",
        "security": [],
        "responses": health_responses(method),
    }


def _request_body(route: Route) -> Schema:
    assert route.body is not None
    if route.method == "PATCH":
        shown: Schema = {"examples": examples.patches(route)}
    else:
        shown = {"example": examples.order_as_sent(route.caller)}
    media = {"schema": ref(route.body.__name__), **shown}
    return {"required": True, "content": dict.fromkeys(route.content_types, media)}


def _parameters(route: Route) -> list[Schema]:
    path = [_RESTAURANT_ID] if route.serves else []
    path += [_ORDER_ID] if "{orderId}" in route.path else []
    query = [_query(name, route) for name in route.query]
    headers = [_header(_HEADERS[name], route) for name in BY_NAME[route.function].headers]
    return [*path, *query, *headers]


def _header(header: Schema, route: Route) -> Schema:
    required = header["name"] in route.required_headers
    if header["name"] == "If-None-Match" and route.method == PATCH:
        header = {**header, "description": _UNLESS, "schema": _HEADERS["If-Match"]["schema"]}
    return {**header, "required": True} if required else header


def _query(name: str, route: Route) -> Schema:
    description, schema = _QUERY[name]
    if name in _WHOSE[route.caller]:
        description = _WHOSE[route.caller][name]
    told = {"name": name, "in": "query", "description": description, "schema": schema}
    return {**told, "style": "form", "explode": True} if name in REPEATABLE else told


_ORDER_ID = {
    "name": "orderId",
    "in": "path",
    "required": True,
    "description": "The order's id, a UUIDv7; whatever else is no order's and answers 404.",
    "schema": {"type": "string", "format": "uuid"},
    "example": examples.ORDER_ID,
}

_RESTAURANT_ID = {
    "name": "restaurantId",
    "in": "path",
    "required": True,
    "description": "The restaurant's id, as orders name it. Who serves no such restaurant finds "
    "no order there.",
    "schema": {"type": "string", "minLength": 1},
    "example": "rest-1",
}

_IDENTITY = {"type": "string", "pattern": r"^[^\x00-\x1f\x7f-\x9f]{1,300}$"}

_QUERY: dict[str, tuple[str, Schema]] = {
    "customerId": ("", _IDENTITY),
    "partnerId": ("", _IDENTITY),
    "reference": (
        "Only orders with this number of the partner's own; a page may then hold fewer.",
        {"type": "string", "pattern": PUBLISHED[REFERENCE]},
    ),
    "restaurantId": (
        "Only orders at this restaurant; a page may then hold fewer.",
        {"type": "string", "pattern": r"^[^\x00-\x1f\x7f-\x9f]{1,128}$"},
    ),
    "status": (
        "Only orders that stand there; repeat it for several. A page may then hold fewer.",
        {"type": "array", "items": ref("Status"), "minItems": 1},
    ),
    "createdFrom": (
        "Only orders placed then or later: RFC 3339, with any offset.",
        {"type": "string", "format": "date-time"},
    ),
    "createdTo": (
        "Only orders placed before: RFC 3339, and not before `createdFrom`.",
        {"type": "string", "format": "date-time"},
    ),
    "limit": (
        "How many orders a page holds at most.",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    ),
    "cursor": (
        "The `cursor` of the page before, with that page's filters. Opaque: make none up.",
        {"type": "string", "minLength": 1},
    ),
}

_WHOSE = {
    Role.CUSTOMER: {
        "customerId": "Whose orders; for operators only, and not together with `partnerId`.",
        "partnerId": "Whose orders; for operators only, and not together with `customerId`.",
        "reference": "Only orders that their partner has given this number; for operators only.",
    },
    Role.PARTNER: {"customerId": "Only orders of this customer, by your own id of them."},
    Role.RESTAURANT: {},
}

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'

_UNLESS = "ETags that the order must not have, or `*` for any: a match answers 412."

_HEADERS: dict[str, Schema] = {
    IDEMPOTENCY_KEY: {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "description": "Yours to choose, new for each order and each change; a UUID will do.",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
        "example": examples.IDEMPOTENCY_KEY,
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "ETags that the caller knows: a match answers 304 without the order.",
        "schema": {"type": "string"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that the order was read with: an order that has changed since "
        "answers 412 and stays as it is. Strong tags alone: `W/` matches none.",
        "schema": {"type": "string", "pattern": rf"^(?:\*|{_TAG}(?: *, *{_TAG}){{0,19}})$"},
        "example": '"3"',
    },
    "If-Modified-Since": {
        "name": "If-Modified-Since",
        "in": "header",
        "description": "The `Last-Modified` that the caller knows; without If-None-Match. Answers "
        "304 when nothing has changed since. What is no HTTP date is passed over.",
        "schema": {"type": "string"},
    },
    "If-Unmodified-Since": {
        "name": "If-Unmodified-Since",
        "in": "header",
        "description": "The `Last-Modified` that the order was read with, without If-Match; as "
        "precise as a second. An order that has changed since answers 412.",
        "schema": {"type": "string"},
    },
}
"""The headers that functions read, besides those that say who calls and what is sent."""


def _description(route: Route) -> str:
    people = route.caller is Role.CUSTOMER
    roles: list[Role] = [Role.CUSTOMER, Role.OPERATOR] if people else [route.caller]
    row = BY_NAME[route.function]
    text = row.serving if route.serves and row.serving else row.description
    return text.format(
        idempotency_hours=STAGES["prod"].idempotency_hours,
        scheduling_days=SCHEDULING_WINDOW.days,
        ready_days=READY_WINDOW.days,
        body_kilobytes=MAX_BODY_BYTES // 1024,
        most_looked_at=MOST_LOOKED_AT,
        keys_kept=KEYS_KEPT,
        contents=", ".join(f"`{name}`" for name in contents_of(route)),
        reasons="\n".join(_reasons(role, assuming=not route.serves) for role in roles),
        others=_OF_OTHERS if route.by_key else "",
        editable=", ".join(sorted(EDITABLE)),
        moves=moves_table(roles),
    )


def contents_of(route: Route) -> tuple[str, ...]:
    """Name the fields of an order that a route's body can change, besides its status."""
    fields: tuple[str, ...] = getattr(route.body, "__struct_encode_fields__", ())
    return tuple(name for name in fields if name not in {"status", "reason"})


_OF_OTHERS = """
Where somebody else serves the order, it moves as its customer may move it: it can be cancelled from
PLACED and CONFIRMED.
"""


def _reasons(role: Role, *, assuming: bool) -> str:
    given = ", ".join(f"`{reason}`" for reason in REASONS_OF[role])
    return f"* {role}: {given}" + (f"; left out, it is `{assumed(role)}`." if assuming else ".")


def moves_table(roles: list[Role]) -> str:
    """Show, as a Markdown table, where each role may move an order from each status."""
    head = f"| from | {' | '.join(f'{role} to' for role in roles)} |"
    rows = [
        f"| {origin} | {' | '.join(_targets(origin, role) for role in roles)} |"
        for origin in Status
    ]
    return "\n".join([head, "|---" * (len(roles) + 1) + "|", *rows])


def _targets(origin: Status, role: Role) -> str:
    return ", ".join(statuses_after(origin, role)) or "–"


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def main() -> None:
    """Write the document, or check that the written one is what the code says."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="documents.openapi.document", description=__doc__
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when stale")
    shown = DOCUMENT.relative_to(ROOT)
    if not parser.parse_args().check:
        DOCUMENT.write_text(rendered())
    elif not is_current():
        sys.exit(f"{shown} is not what the code says; `make docs` writes it anew.")


def is_current() -> bool:
    """Tell whether the written document is what the code says."""
    return DOCUMENT.exists() and DOCUMENT.read_text() == rendered()


if __name__ == "__main__":
    main()

"""The endpoints document: where everything is, for people, tests and tools."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from project import private_files

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a running copy is and how to call it. Its file exists exactly while the copy is ready.

    `functions` and `log_groups` go by the function's name, such as `create_order`; `tables` are
    `orders`, `idempotency_keys` and `partners`. Tokens are fresh at each start and last an hour; a
    customer's id is its token's subject. `restaurant_token` is of the staff of rest-2, the other of
    rest-3; the first partner serves rest-1. `queues` are `order_processing`,
    `partner_notifications` and `restaurant_notifications`, each with `…_dead_letters`,
    `partner_retries` and `pipe_dead_letters`, all by URL; `topics` holds `order_changes`, `pipe`
    the name of the pipe that tells it of changes, `parameters` the names of `flags` and of the
    folder `partners`. `webhooks` tells for each demo partner its `url` and `secret`; `server_pem`
    is a certificate with key for receivers of your own on this machine. `web_origin` is an origin
    whose pages may call the API, `docs_url` the API's documentation with "Try it out",
    `dashboard_url` the template's dashboard, `traces_url` X-Ray's API. `usage_plans` are those that
    only this run has, by name: their ids.
    """

    api_url: str
    aws_endpoint_url: str
    region: str
    stack_name: str
    partner_id: str
    partner_api_key: str
    other_partner_id: str
    other_partner_api_key: str
    customer_id: str
    customer_token: str
    other_customer_id: str
    other_customer_token: str
    operator_token: str
    restaurant_token: str
    other_restaurant_token: str
    user_pool_id: str
    user_pool_client_id: str
    web_origin: str
    docs_url: str
    traces_url: str
    dashboard_url: str
    tables: dict[str, str]
    queues: dict[str, str]
    topics: dict[str, str]
    pipe: str
    parameters: dict[str, str]
    webhooks: dict[str, dict[str, str]]
    webhooks_url: str
    server_pem: str
    functions: dict[str, str]
    log_groups: dict[str, str]
    pid: int
    usage_plans: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> Endpoints | None:
    """Read an endpoints document; None when there is none that can be read."""
    try:
        return Endpoints(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def publish(endpoints: Endpoints, layout: Layout) -> None:
    """Write the documents, for you alone; whoever waits for one finds it complete."""
    text = json.dumps(asdict(endpoints), indent=2) + "\n"
    for path in (layout.endpoints, layout.latest_endpoints):
        private_files.write(path, text.encode())


def withdraw(layout: Layout) -> None:
    """Remove the documents of this copy, and leave those of others."""
    layout.endpoints.unlink(missing_ok=True)
    latest = read(layout.latest_endpoints)
    if latest is None or latest.aws_endpoint_url == layout.url:
        layout.latest_endpoints.unlink(missing_ok=True)

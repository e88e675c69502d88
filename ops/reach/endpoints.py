"""The endpoints document: where everything is, for people, tests and tools."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from project import private_files
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where a running copy is and how to call it. Its file exists exactly while the copy is ready.

    `functions` and `log_groups` go by the function's name, such as `create_order`; `tables` are
    `orders`, `idempotency_keys` and `partners`. Tokens are fresh at each start and last an hour; a
    customer's id is its token's subject. `restaurant_token` is of the staff of rest-2, the other
    of rest-3; the first partner serves rest-1. `queues` are `order_processing`,
    `partner_notifications` and `restaurant_notifications`, each with `…_dead_letters`,
    `partner_retries` and `pipe_dead_letters`, all by URL; `topics` holds `order_changes`, `pipe`
    the name of the pipe that tells it of changes, `parameters` the names of `flags` and of the
    folder `partners`. `webhooks` tells for each demo partner its `url` and `secret`; `server_pem`
    is a certificate with key for receivers of your own on this machine. `web_origin` is an origin
    whose pages may call the API. `web_url` is the web client: at that origin with `make run`, empty
    where its port is taken, and elsewhere in tests. `docs_url` is the API's documentation with "Try
    it out", `dashboard_url` the template's dashboard, `traces_url` X-Ray's API, `menu_url` the menu
    that signs prices. `usage_plans` are those that only this run has, by name: their ids.
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
    web_url: str
    docs_url: str
    traces_url: str
    dashboard_url: str
    menu_url: str
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
    private_files.write(layout.endpoints, _text(endpoints))
    _tell_all(endpoints, layout)


def withdraw(layout: Layout) -> None:
    """Remove the documents of this copy; the common ones tell of another that runs, if one does."""
    layout.endpoints.unlink(missing_ok=True)
    latest = read(layout.latest_endpoints)
    if latest is not None and latest.aws_endpoint_url != layout.url:
        return
    others = [each for each in map(read, _newest_first(layout)) if each and _runs(each.pid)]
    if others:
        _tell_all(others[0], layout)
    else:
        layout.session.unlink(missing_ok=True)
        layout.latest_endpoints.unlink(missing_ok=True)


def _tell_all(endpoints: Endpoints, layout: Layout) -> None:
    """Let the documents that all copies have in common tell of one."""
    private_files.write(layout.session, session(endpoints).encode())
    private_files.write(layout.latest_endpoints, _text(endpoints))


def session(endpoints: Endpoints) -> str:
    """Write what a shell reads with `. .local/session`: bash, zsh, dash and fish understand it."""
    given = {
        "API": endpoints.api_url,
        "KEY": endpoints.partner_api_key,
        "TOKEN": endpoints.customer_token,
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in given.items()]
    return "\n".join([*lines, f'export PATH={shlex.quote(str(ROOT / ".venv/bin"))}:"$PATH"', ""])


def _text(endpoints: Endpoints) -> bytes:
    return (json.dumps(asdict(endpoints), indent=2) + "\n").encode()


def _newest_first(layout: Layout) -> list[Path]:
    """List the documents of all copies here, the one that started last first."""
    found = layout.directory.glob(f"*/{layout.endpoints.name}")
    return sorted(found, key=_written, reverse=True)


def _written(path: Path) -> float:
    """Tell when a document was written; long ago, where it has just been removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _runs(pid: int) -> bool:
    """Tell whether a process runs: one that was killed has left its document behind."""
    with contextlib.suppress(PermissionError):  # somebody else's, who runs
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True

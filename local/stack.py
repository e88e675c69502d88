"""A running copy of the whole service on this machine: from nothing to ready, and back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import outputs
from infrastructure.asset import Asset, AssetError
from infrastructure.functions import QUEUES
from infrastructure.settings import FLAGS, PARTNERS, parameter_prefix, settings_of
from local.console.dashboard import Dashboards, dashboard
from local.console.xray import collector
from local.copy import environment, synthesis, tls
from local.copy.deployment import Deployment
from local.copy.dropped_properties import Mending
from local.copy.emulator import (
    Emulator,
    Watch,
    another_port,
    launch,
    port_taken,
    predecessor_runs,
    taken,
)
from local.demo import menu_key
from local.demo.documentation import documentation
from local.demo.menu import menu
from local.demo.people import seed_people, subject_of
from local.demo.receiver import Receiver, receiver
from local.demo.seed import Partner, seed_partners, seed_plan, seed_restaurants, seed_webhooks
from local.demo.unlimited import lift
from local.demo.web_client import web_client
from local.inside.refused_resources import without_refused, without_tls_rule
from local.serving import DASHBOARD, DOCS
from local.steps import Steps
from ops.reach import endpoints as endpoints_document
from ops.reach.clients import REGION, clients
from ops.reach.endpoints import Endpoints
from ops.reach.errors import LocalError, OperatorError
from ops.reach.layout import SHARED, Layout
from ops.reach.target import Target
from ops.web import bundle
from orders.routes import STAGE
from project import private_files
from project.file_lock import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from local.console.xray import Collector
    from local.copy.synthesis import Assembly
    from local.demo.menu_key import MenuKey

_LEFT_OUT = "This is normal: the emulator has none of these, and no request of a caller needs them."
_PREDECESSOR_SECONDS = 40.0
_POLL_SECONDS = 0.1

_DOCUMENTATION_OFFSET = 1_000
_RECEIVER_OFFSET = 2_000
_TRACES_OFFSET = 4_000
_DASHBOARD_OFFSET = 3_000
_MENU_OFFSET = 5_000
_WEB_CLIENT_OFFSET = 6_000

_TABLES = {
    "orders": outputs.ORDERS_TABLE,
    "idempotency_keys": outputs.IDEMPOTENCY_TABLE,
    "partners": outputs.PARTNERS_TABLE,
}
"""The tables' names in the endpoints document, and the stack's outputs that name them."""

_QUEUES = {
    **{queue.name: outputs.queue(queue.name) for queue in QUEUES},
    **{f"{queue.name}_dead_letters": outputs.dead_letters(queue.name) for queue in QUEUES},
    "partner_retries": outputs.PARTNER_RETRIES,
    "pipe_dead_letters": outputs.PIPE_DEAD_LETTERS,
}
"""The queues' likewise."""

_STAGE = "dev"
_PREFIX = parameter_prefix(_STAGE)
_PARAMETERS = {"flags": f"{_PREFIX}/{FLAGS}", "partners": f"{_PREFIX}/{PARTNERS}"}


@dataclass(frozen=True)
class Stack:
    """A copy that is ready."""

    endpoints: Endpoints
    emulator: Emulator
    outputs: dict[str, str]
    client: Callable[[str], Any]
    dashboards: Dashboards
    receiver: Receiver | None = None
    web_client_built: bool = True
    """Without a `web_url`, its port is taken by another program."""


@contextlib.contextmanager
def start(
    port: int,
    directory: Path,
    *,
    patches: Iterable[str] | None = None,
    watch: Watch = Watch(),  # noqa: B008 - immutable
) -> Iterator[Endpoints]:
    """Run a copy, in silence, for as long as the context lasts; its callers have no limits.

    Args:
        port: where it listens, on 127.0.0.1.
        directory: where it keeps its things.
        patches: the names of the emulator's patches to apply; None for all.
        watch: how closely the emulator looks at permissions.

    Raises:
        LocalError: when it cannot start; the message says why, and what to do.
    """
    with run(Layout(directory.absolute(), port), Steps(), patches=patches, watch=watch) as stack:
        lift(stack.endpoints)
        yield stack.endpoints


@contextlib.contextmanager
def run(
    layout: Layout,
    steps: Steps,
    *,
    patches: Iterable[str] | None = None,
    watch: Watch = Watch(),  # noqa: B008 - immutable
    at_origin: bool = False,
) -> Iterator[Stack]:
    """Run a copy for as long as the context lasts, and tell its steps.

    Args:
        layout: where it keeps its things and listens.
        steps: are told.
        patches: the names of the emulator's patches to apply; None for all.
        watch: how closely the emulator looks at permissions.
        at_origin: whether the web client is served where the API lets pages in, which one copy of
            a machine can do, or not at all. Without it, the page is elsewhere, for tests that lead
            that name there.

    Raises:
        LocalError: when it cannot start; the message says why, and what to do.
    """
    with _only_copy(layout, steps):
        endpoints_document.withdraw(layout)
        _check_state(layout)
        interpreter, assembly = _prepare(steps)
        prices = menu_key.ready(layout.menu_key)
        assembly = replace(assembly, template=prices.told_to(assembly.template))
        if watch.enforce:
            assembly = replace(assembly, template=without_tls_rule(assembly.template))
        tls.ready(layout)
        with (
            collector(_near(layout, _TRACES_OFFSET), layout.traces) as xray,
            _emulator(interpreter, layout, xray, patches, watch) as emulator,
        ):
            with steps.step("Start the emulator"):
                emulator.wait_until_healthy()
            stack = _make_ready(emulator, layout, assembly, steps)
            folder = _built_web_client(steps)
            with (
                _served(stack, layout, xray, prices) as served,
                _web_client(served.endpoints, folder, layout, at_origin=at_origin) as web_url,
            ):
                endpoints = replace(served.endpoints, web_url=web_url)
                endpoints_document.publish(endpoints, layout)
                yield replace(served, endpoints=endpoints, web_client_built=folder is not None)


@contextlib.contextmanager
def _served(stack: Stack, layout: Layout, xray: Collector, prices: MenuKey) -> Iterator[Stack]:
    """Serve what is beside the API: documentation, dashboard, menu, and a receiver of webhooks."""
    links: dict[str, str] = {}
    docs_port, dashboard_port = (
        _near(layout, offset) for offset in (_DOCUMENTATION_OFFSET, _DASHBOARD_OFFSET)
    )
    with (
        documentation(stack.endpoints, docs_port, links) as docs_url,
        receiver(_near(layout, _RECEIVER_OFFSET), tls.server_context(layout)) as received,
        menu(_near(layout, _MENU_OFFSET), prices, _STAGE, settings_of(_STAGE).origins) as menu_url,
        dashboard(stack.dashboards, dashboard_port, links) as dashboard_url,
    ):
        links |= {DOCS: docs_url, DASHBOARD: dashboard_url}
        endpoints = replace(
            stack.endpoints,
            docs_url=docs_url,
            traces_url=xray.url,
            webhooks=_webhooks(stack, received),
            webhooks_url=received.url,
            dashboard_url=dashboard_url,
            menu_url=menu_url,
        )
        yield replace(stack, endpoints=endpoints, receiver=received)


def afresh(layout: Layout) -> str:
    """Say how to start from nothing."""
    return f"To start afresh, without the orders: rm -r {layout.shown(layout.home)}"


@contextlib.contextmanager
def _only_copy(layout: Layout, steps: Steps) -> Iterator[None]:
    """Hold the copy's lock, which ends with this process however it ends."""
    _keep_from_others(layout, steps)
    with layout.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = layout.lock.read_text().strip() or "unknown"
            raise LocalError(
                f"The local run is already running (pid {pid}) at {layout.url}; "
                f"stop it there with ^C, or choose another port: {another_port(layout)}"
            ) from None
        _await_predecessor(layout, steps)
        if port_taken(layout.port):
            raise taken(layout)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _keep_from_others(layout: Layout, steps: Steps) -> None:
    """Let nobody else on this machine read what is here, as earlier versions did."""
    private_files.make_folder(layout.home)
    private_files.make_file(layout.lock)
    try:
        private_files.tighten(layout.latest_endpoints)
        private_files.tighten(layout.session)
        private_files.tighten(layout.home)
    except PermissionError as error:
        raise LocalError(
            f"{error.filename} is somebody else's. Remove it, or keep the copy elsewhere: "
            "LOCAL_DIR=~/.local-orders make run"
        ) from None
    if not private_files.is_private(layout.home):
        where = layout.shown(layout.home)
        steps.note(f"Others on this machine can read {where}: its disk keeps no permissions")


@contextlib.contextmanager
def _emulator(
    interpreter: Path,
    layout: Layout,
    xray: Collector,
    patches: Iterable[str] | None,
    watch: Watch,
) -> Iterator[Emulator]:
    """Run the emulator, whose functions tell X-Ray, and the endpoints only while it runs."""
    emulator = launch(
        interpreter,
        layout,
        origins=settings_of(_STAGE).origins,
        patches=patches,
        variables=xray.function_environment,
        watch=watch,
    )
    try:
        yield emulator
    finally:
        endpoints_document.withdraw(layout)
        emulator.stop()


def _await_predecessor(layout: Layout, steps: Steps) -> None:
    """Let the emulator of a run that was killed save its state."""
    if predecessor_runs(layout):
        deadline = time.monotonic() + _PREDECESSOR_SECONDS
        with steps.step("Wait for the emulator of a run that was killed"):
            while predecessor_runs(layout) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)


def _check_state(layout: Layout) -> None:
    """Refuse damaged state: the emulator would go on without it, and the orders be gone."""
    for path in layout.state.glob("*.json"):
        try:
            json.loads(path.read_text())
        except ValueError:
            raise LocalError(f"{layout.shown(path)} is damaged. {afresh(layout)}") from None


def _prepare(steps: Steps) -> tuple[Path, Assembly]:
    """Make what all copies share, side by side; one process at a time does so."""
    with alone(SHARED / "lock"), ThreadPoolExecutor(1) as beside:
        interpreter = environment.ready()
        building = beside.submit(_asset, interpreter or environment.runtime_interpreter())
        if interpreter is None:
            with steps.step("Install the emulator") as tell:
                interpreter = environment.make(tell)
        with steps.step("Build the functions' asset"):
            asset = building.result()
        assembly = synthesis.up_to_date(asset)
        if assembly is None:
            _complete(steps, "A source of the template has changed: install CDK")
            with steps.step("Synthesize the CDK app"):
                assembly = synthesis.synthesize(asset)
    return interpreter, assembly


def _complete(steps: Steps, why: str) -> None:
    """Install what most runs do not need, where it is not there."""
    if not environment.whole():
        with steps.step(why):
            environment.complete()


def _asset(interpreter: Path) -> Asset:
    try:
        return synthesis.build_asset(interpreter)
    except AssetError as error:
        raise LocalError(str(error)) from None


def _make_ready(emulator: Emulator, layout: Layout, assembly: Assembly, steps: Steps) -> Stack:
    client = clients(layout.url)
    try:
        deployed = _deploy(client, layout, assembly, steps)
        target = _target(assembly.stack_name, client, deployed.outputs)
        seeded = _seed(target, steps)
    except (ClientError, BotoCoreError, LocalError) as error:
        if not emulator.alive():
            raise emulator.epitaph() from None
        raise LocalError(f"{error}\n{afresh(layout)}") from None
    endpoints = _describe(layout, assembly, deployed, *seeded)
    template = json.loads(assembly.template)
    dashboards = Dashboards.of_stack(client, template, deployed.physical_ids, assembly.stack_name)
    return Stack(endpoints, emulator, deployed.outputs, client, dashboards)


def _webhooks(stack: Stack, received: Receiver) -> dict[str, dict[str, str]]:
    """Send the demo partners' webhooks to the receiver; gives their addresses and secrets."""
    target = _target(stack.endpoints.stack_name, stack.client, stack.outputs)
    webhooks = seed_webhooks(target, url=received.url)
    received.secrets = {partner_id: hook["secret"] for partner_id, hook in webhooks.items()}
    return webhooks


def _built_web_client(steps: Steps) -> Path | None:
    """Build the web client where its sources have changed; the run goes on without one."""
    try:
        if bundle.is_ready():
            return bundle.BUILT
        if bundle.is_kept():
            return bundle.ready()
        _complete(steps, "A source of the web client has changed: install Node.js")
        with steps.step("Build the web client"):
            return bundle.ready()
    except OperatorError as error:
        steps.note(f"There is no web client: {error}")
        return None


@contextlib.contextmanager
def _web_client(
    endpoints: Endpoints, folder: Path | None, layout: Layout, *, at_origin: bool
) -> Iterator[str]:
    """Serve the web client; gives its address.

    It gives none where the page could not be built, or not be served at its origin: the API lets in
    no page of another.
    """
    with contextlib.ExitStack() as running:
        yield _begin_web_client(running, endpoints, folder, layout, at_origin=at_origin)


def _begin_web_client(
    running: contextlib.ExitStack,
    endpoints: Endpoints,
    folder: Path | None,
    layout: Layout,
    *,
    at_origin: bool,
) -> str:
    if folder is None:
        return ""
    if not at_origin:
        near = _near(layout, _WEB_CLIENT_OFFSET)
        return running.enter_context(web_client(endpoints, folder, near))
    port = urlsplit(endpoints.web_origin).port
    if port is None or port_taken(port):
        return ""
    try:
        return running.enter_context(web_client(endpoints, folder, port, only=True))
    except OSError:  # taken since
        return ""


def _near(layout: Layout, offset: int) -> int:
    """Choose a port that people can guess, unless it is taken."""
    wanted = layout.port + offset
    return wanted if wanted < 65_536 and not port_taken(wanted) else 0


class _Deployed(NamedTuple):
    template: dict[str, Any]
    outputs: dict[str, str]
    physical_ids: dict[str, str]


def _deploy(
    client: Callable[[str], Any], layout: Layout, assembly: Assembly, steps: Steps
) -> _Deployed:
    template, refused = without_refused(json.loads(assembly.template))
    if refused:
        where = layout.shown(layout.left_out)
        steps.note(f"As usual, {len(refused)} alarms and the like are not run here: {where}")
        listed = "".join(f"{line}\n" for line in (_LEFT_OUT, *refused))
        private_files.write(layout.left_out, listed.encode())
    deployment = Deployment(client, assembly.stack_name)
    text = json.dumps(template) if refused else assembly.template
    if not deployment.is_current(text):
        with steps.step("Deploy the template"):
            deployment.deploy(text, assembly.files)
    physical_ids = deployment.physical_ids()
    with steps.step("Mend what the emulator drops"):
        Mending(client, template, physical_ids).mend()
    return _Deployed(template, deployment.outputs(), physical_ids)


def _target(stack: str, client: Callable[[str], Any], outputs: dict[str, str]) -> Target:
    return Target("the local run", stack, client, outputs, "make run")


def _seed(
    target: Target, steps: Steps
) -> tuple[tuple[Partner, ...], dict[str, str], dict[str, str]]:
    """Make the demo partners and people; gives the partners, people's tokens and our own plans."""
    with steps.step("Seed two demo partners, and three restaurants that are served"):
        partners = seed_partners(target)
        plans = seed_plan(target)
        seed_restaurants(target)
    with steps.step("Seed two customers, an operator and two restaurants' staff"):
        tokens = seed_people(target.client, target.outputs[outputs.USER_POOL_ID])
    return partners, tokens, plans


def _describe(
    layout: Layout,
    assembly: Assembly,
    deployed: _Deployed,
    partners: tuple[Partner, ...],
    tokens: dict[str, str],
    plans: dict[str, str],
) -> Endpoints:
    found = deployed.outputs
    functions, log_groups = _functions(deployed.template, deployed.physical_ids)
    return Endpoints(
        api_url=f"{layout.url}/_aws/execute-api/{found[outputs.REST_API_ID]}/{STAGE}",
        aws_endpoint_url=layout.url,
        region=REGION,
        stack_name=assembly.stack_name,
        partner_id=partners[0].partner_id,
        partner_api_key=partners[0].api_key,
        other_partner_id=partners[1].partner_id,
        other_partner_api_key=partners[1].api_key,
        customer_id=subject_of(tokens["customer"]),
        customer_token=tokens["customer"],
        other_customer_id=subject_of(tokens["other_customer"]),
        other_customer_token=tokens["other_customer"],
        operator_token=tokens["operator"],
        restaurant_token=tokens["restaurant"],
        other_restaurant_token=tokens["other_restaurant"],
        user_pool_id=found[outputs.USER_POOL_ID],
        user_pool_client_id=found[outputs.USER_POOL_CLIENT_ID],
        web_origin=settings_of(_STAGE).origins[0],
        web_url="",
        docs_url="",
        traces_url="",
        dashboard_url="",
        menu_url="",
        webhooks={},
        webhooks_url="",
        server_pem=str(layout.server_certificate),
        tables={name: found[output] for name, output in _TABLES.items()},
        queues={name: found[output] for name, output in _QUEUES.items()},
        topics={"order_changes": found[outputs.ORDER_CHANGES_TOPIC]},
        pipe=found[outputs.ORDER_CHANGES_PIPE],
        parameters=_PARAMETERS,
        functions=functions,
        log_groups=log_groups,
        pid=os.getpid(),
        usage_plans=plans,
    )


def _functions(
    template: dict[str, Any], physical_ids: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Name the functions and their log groups, by the modules of their handlers."""
    functions, log_groups = {}, {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            properties = resource["Properties"]
            name = properties["Handler"].split(".")[-2]
            functions[name] = physical_ids[logical_id]
            log_groups[name] = physical_ids[properties["LoggingConfig"]["LogGroup"]["Ref"]]
    return functions, log_groups

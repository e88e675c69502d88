"""What pages in a real browser can do: on the allowed origin, on a foreign one, and our own two."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import threading
import time
import uuid
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.demo.people import PEOPLE, password_of
from ops.reach.clients import clients
from orders.routes import ROUTES
from project.checkout import ROOT
from tests.shared.examples import ORDER
from tests.shared.functions import function
from tests.shared.node import PROGRAM, packages, variables
from tests.shared.people import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("browser")]

BROWSER = Path(__file__).parent
MODULES = BROWSER / "node_modules"
UNPACKED = ROOT / ".cache/chromium"
UNPACK = 'await (await import("@sparticuz/chromium")).default.executablePath()'
FOREIGN = "http://evil.example"
PERSONS_ORDER = {name: value for name, value in ORDER.items() if name != "customerId"}


def surroundings() -> dict[str, str]:
    """The environment of Node and Chromium: what they unpack, look for or leave is in the checkout.

    As in Lambda, Chromium comes with its shared libraries and fonts, and takes none from here.
    """
    own = {"TMPDIR": UNPACKED}
    # What fonts.conf means by xdg. Without the second, it would mean the system's fonts as well.
    own |= {"XDG_DATA_HOME": UNPACKED, "XDG_DATA_DIRS": UNPACKED}
    own |= {"XDG_CACHE_HOME": UNPACKED / "cache", "XDG_CONFIG_HOME": UNPACKED / "config"}
    own |= {"FONTCONFIG_FILE": BROWSER / "fonts.conf", "FONTCONFIG_PATH": BROWSER}
    given = {name: text for name, text in variables().items() if name != "FONTCONFIG_SYSROOT"}
    given |= {name: str(path) for name, path in own.items()}
    return given | {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}


def node(*arguments: str, cwd: Path) -> str:
    """Run the Node that came as a Python package; give what it prints."""
    command = [str(PROGRAM), *arguments]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{Path(arguments[0]).name} failed:\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def browser() -> None:
    """Install and unpack the browser of the lock file, unless it is there."""
    packages(BROWSER)
    lock, stamp = (BROWSER / "package-lock.json").read_bytes(), UNPACKED / ".made-from"
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    node("--input-type=module", "--eval", UNPACK, cwd=BROWSER)
    stamp.write_bytes(lock)


@pytest.fixture(scope="session")
def pages(browser: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:  # noqa: ARG001
    """Serve a page and the sign-in library, whatever name the browser asks for; gives the port."""
    root = tmp_path_factory.mktemp("pages")
    (root / "index.html").write_text((BROWSER / "page.html").read_text())
    script = "amazon-cognito-identity.min.js"
    library = MODULES / "amazon-cognito-identity-js/dist" / script
    (root / script).write_text(library.read_text())
    handler = functools.partial(_Quiet, directory=str(root))
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Leave the tests' output alone."""


def visit(script: str, **wanted: Any) -> dict[str, Any]:
    """Run one of the browser's scripts; gives what it saw."""
    seen = node(str(BROWSER / script), json.dumps(wanted), cwd=BROWSER)
    result: dict[str, Any] = json.loads(seen.splitlines()[-1])
    return result


def orders_of_customer(stack: Endpoints) -> set[str]:
    """List what the demo customer has ordered."""
    with client_of(stack, {"Authorization": stack.customer_token}) as client:
        listed = client.get("/orders", params={"limit": 100}).json()["orders"]
    return {shown["orderId"] for shown in listed}


def test_text_is_drawn_with_the_browsers_own_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks and works alike on every machine: with its fonts, without, with odd ones."""
    for name in ("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT"):
        monkeypatch.setenv(name, "/no/such/place")
    families = ["serif", "sans-serif", "monospace", "system-ui", "DejaVu Sans"]
    seen = visit("fonts.mjs", families=families, text="Zürich → 東京 ✓")
    assert seen["fonts"] == [["Open Sans"]] * len(families)


def test_a_page_signs_a_customer_in_and_orders(stack: Endpoints, pages: int) -> None:
    """On the allowed origin a page signs in, places an order, and reads problems of both makers."""
    email = PEOPLE["customer"]
    seen = visit(
        "customer.mjs",
        rules=[f"MAP {urlsplit(stack.web_origin).netloc} 127.0.0.1:{pages}"],
        origin=stack.web_origin,
        api=stack.api_url,
        cognito=f"{stack.aws_endpoint_url}/",
        userPoolId=stack.user_pool_id,
        clientId=stack.user_pool_client_id,
        email=email,
        password=password_of(stack.user_pool_id, email),
        order=PERSONS_ORDER,
        key=uuid.uuid4().hex,
    )
    placed, refused, unknown = seen["placed"], seen["refused"], seen["unknown"]
    assert (placed["status"], placed["headers"]["etag"]) == (201, '"1"')
    assert placed["headers"]["location"].endswith(f"/orders/{placed['body']['orderId']}")
    assert placed["body"]["customerId"] == stack.customer_id
    assert placed["body"]["orderId"] in orders_of_customer(stack)
    for problem in (refused, unknown):
        assert problem["headers"]["content-type"] == "application/problem+json"
    assert (refused["status"], refused["body"]["errors"][0]["pointer"]) == (400, "#/tip")
    assert (unknown["status"], unknown["body"]["type"][-15:]) == (401, "unauthenticated")


def test_a_page_on_a_foreign_origin_can_do_nothing(stack: Endpoints, pages: int) -> None:
    """Even with a stolen token a page elsewhere can place no order and read nothing."""
    before = orders_of_customer(stack)
    seen = visit(
        "stranger.mjs",
        rules=[f"MAP {urlsplit(FOREIGN).netloc} 127.0.0.1:{pages}"],
        origin=FOREIGN,
        api=stack.api_url,
        token=stack.customer_token,
        order=PERSONS_ORDER,
        key=uuid.uuid4().hex,
    )
    attempts = {name: seen[name] for name in ("place", "list", "simple", "health")}
    assert set(attempts.values()) == {"nothing"}, attempts
    assert orders_of_customer(stack) == before


def planted_in(stack: Endpoints, name: str) -> list[str]:
    """List what has been made on this machine under a name."""
    client = clients(stack.aws_endpoint_url)
    made = [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]]
    made += client("sqs").list_queues().get("QueueUrls", [])
    return [one for one in made if name in one]


def test_a_page_on_a_foreign_origin_gets_nothing_done_here(
    stack: Endpoints, pages: int, tmp_path: Path
) -> None:
    """It can make no function and no queue: by no request, image, form, link, or name of its own.

    A link from it to the documentation opens that.
    """
    evil, emulator = urlsplit(FOREIGN).netloc, urlsplit(stack.aws_endpoint_url).netloc
    rebound, planted = f"{evil}:{urlsplit(stack.aws_endpoint_url).port}", f"planted-{uuid.uuid4()}"
    seen = visit(
        "attacker.mjs",
        rules=[f"MAP {rebound} {emulator}", f"MAP {evil}:80 127.0.0.1:{pages}"],
        page=FOREIGN,
        rebound=f"http://{rebound}/",
        aws=stack.aws_endpoint_url,
        docs=stack.docs_url,
        planted=planted,
        code=json.dumps(function(planted, tmp_path)),
    )
    assert planted_in(stack, planted) == []
    answers = seen["answers"]
    assert len(answers) == len(["function", "invocation", "image", "form", "link"])
    assert {status for statuses in answers.values() for status in statuses} == {403}
    assert not seen["opened"]
    assert seen["linked"] == {"queue": 403, "docs": 200}
    assert seen["title"] == "Food-delivery orders"
    assert seen["rebound"]["status"] == 403
    assert "its own name" in seen["rebound"]["said"]


def test_the_documentation_can_be_tried_out(stack: Endpoints, tmp_path: Path) -> None:
    """Swagger UI shows every operation, calls the running API, and loads nothing from outside."""
    operations = ["health", "partner_create_order", "partner_list_orders", "list_orders"]
    seen = visit(
        "documentation.mjs",
        docs=stack.docs_url,
        operations=operations,
        parameters={"partner_create_order": {"Idempotency-Key": uuid.uuid4().hex}},
        overview=str(tmp_path / "overview.png"),
        shown="partner_create_order",
        tried=str(tmp_path / "tried.png"),
    )
    assert "Food-delivery orders" in seen["title"]
    assert seen["operations"] == len(ROUTES) + len(("GET /health", "HEAD /health"))
    assert seen["statuses"] == dict.fromkeys(operations, "200") | {"partner_create_order": "201"}
    hosts = {urlsplit(url).netloc for url in seen["requested"] if url.startswith("http")}
    assert hosts == {urlsplit(stack.docs_url).netloc}
    assert (tmp_path / "overview.png").stat().st_size > 10_000


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_documentation_fits_the_screen_and_the_eye(
    stack: Endpoints, tmp_path: Path, scheme: str, width: int
) -> None:
    """On a phone nothing stands beside the screen; it is dark where I am; responses are lines.

    From there I get to the dashboard, and back.
    """
    seen = visit(
        "documentation.mjs",
        docs=stack.docs_url,
        dashboard=stack.dashboard_url,
        scheme=scheme,
        size={"width": width, "height": 800},
        operations=[],
        unfolded="partner_create_order",
        overview=str(tmp_path / "overview.png"),
        tried=str(tmp_path / "unfolded.png"),
    )
    unfolded = seen["unfolded"]
    assert (seen["box"]["width"], unfolded["width"]) == (width, width)
    assert seen["box"]["scheme"] == scheme
    assert (seen["box"]["ground"] == "rgba(0, 0, 0, 0)") == (scheme == "light")
    assert (unfolded["before"], unfolded["after"]) == (0, 1)
    assert any(line.startswith("422") and "key-reused" in line for line in unfolded["lines"])


def test_the_dashboard_draws_every_widget(stack: Endpoints, tmp_path: Path) -> None:
    """Each graph has its lines and says them in words, without a complaint, on any screen."""
    with client_of(stack, {"x-api-key": stack.partner_api_key}) as client:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        assert client.post("/partner/orders", json=ORDER, headers=headers).status_code == 201
    for scheme, size in (("light", (1400, 900)), ("dark", (390, 800))):
        seen = visit(
            "dashboard.mjs",
            url=stack.dashboard_url,
            minutes="15 min",
            scheme=scheme,
            size={"width": size[0], "height": size[1]},
            picture=str(tmp_path / f"{scheme}.png"),
        )
        assert seen["complaints"] == []
        assert seen["status"].startswith("As of ")
        assert [shown["title"] for shown in seen["shown"] if not shown["ready"]] == []
        assert [shown["title"] for shown in seen["shown"] if shown["wide"] or shown["cut"]] == []
        assert all(shown["visible"] for shown in seen["shown"])
        (routes,) = (one for one in seen["shown"] if one["title"] == "By route")
        assert routes["columns"][-1] == "p95, ms"
        (requests,) = (one for one in seen["shown"] if one["title"] == "Requests a minute")
        assert requests["graph"]
        assert requests["said"].startswith("Requests a minute. Count: latest")
        hosts = {urlsplit(url).netloc for url in seen["requested"] if url.startswith("http")}
        assert hosts == {urlsplit(stack.dashboard_url).netloc}
        assert (tmp_path / f"{scheme}.png").stat().st_size > 10_000


def dashboard_of(stack: Endpoints, name: str, *widgets: dict[str, Any]) -> str:
    """Put a dashboard of one's own; gives its address."""
    body = json.dumps({"widgets": widgets})
    cloudwatch = clients(stack.aws_endpoint_url)("cloudwatch")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)
    return f"{stack.dashboard_url}?dashboard={name}"


@pytest.fixture
def cloudwatch(stack: Endpoints) -> Iterator[Any]:
    """CloudWatch, from which the dashboards of a test are taken away after it."""
    client = clients(stack.aws_endpoint_url)("cloudwatch")
    before = {one["DashboardName"] for one in client.list_dashboards()["DashboardEntries"]}
    yield client
    after = {one["DashboardName"] for one in client.list_dashboards()["DashboardEntries"]}
    client.delete_dashboards(DashboardNames=sorted(after - before))


def test_no_line_goes_through_minutes_without_data(
    stack: Endpoints, cloudwatch: Any, tmp_path: Path
) -> None:
    """Two minutes that follow each other are joined; over four empty ones there is no ink."""
    minute, value = int(time.time()) // 60 * 60, 4.7
    at = [minute - 60 * ago for ago in (9, 8, 3)]
    for moment in at:
        datum = {"MetricName": "Count", "Value": value, "Timestamp": moment}
        cloudwatch.put_metric_data(Namespace="Gaps", MetricData=[datum])
    options = {"stat": "Sum", "period": 60}
    properties = {"title": "Gaps", "metrics": [["Gaps", "Count", options]], "view": "timeSeries"}
    seen = visit(
        "dashboard.mjs",
        url=dashboard_of(stack, "gaps", {"type": "metric", "properties": properties}),
        minutes="15 min",
        picture=str(tmp_path / "gaps.png"),
        ink={"value": value, "moments": [at[0] + 30, at[1] + 150, at[2]]},
    )
    assert seen["ink"] == [True, False, True]


def test_a_phone_shows_first_what_counts(stack: Endpoints, tmp_path: Path) -> None:
    """On a phone the page is a few screens long; a touch on a heading opens the row below it."""
    with client_of(stack, {"x-api-key": stack.partner_api_key}) as client:
        client.get("/partner/orders").raise_for_status()
    seen = visit(
        "dashboard.mjs",
        url=stack.dashboard_url,
        size={"width": 390, "height": 800},
        picture=str(tmp_path / "phone.png"),
    )
    assert seen["height"] < 3 * 800
    assert "Functions" in seen["folded"]
    assert "Are customers served right now?" not in seen["folded"]
    (functions,) = (one for one in seen["shown"] if one["title"] == "Calls a minute")
    assert functions["ready"]
    assert functions["visible"]


def test_where_nothing_is_found_it_says_what_to_do(
    stack: Endpoints, cloudwatch: Any, tmp_path: Path
) -> None:
    """A widget without data tells me what would give it some, and a wrong address what is right."""
    assert cloudwatch
    quiet = {"title": "Quiet", "metrics": [["AWS/Lambda", "Invocations", "FunctionName", "none"]]}
    url = dashboard_of(stack, "quiet", {"type": "metric", "properties": quiet})
    seen = visit("dashboard.mjs", url=url, picture=str(tmp_path / "quiet.png"))
    assert "Place an order as README's session does" in seen["shown"][0]["text"]
    missing = visit("missing.mjs", url=f"{stack.dashboard_url}?dashboard=none")
    assert "there is no dashboard none; open the page without a name" in missing["status"]


HOSTILE = "<img src=x onerror='window.hurt=1'><script>window.hurt=1</script>"


def hostile_dashboard(stack: Endpoints) -> str:
    """Put a dashboard whose every name tries to become markup; gives its name."""
    namespace, cloudwatch = "Hostile", clients(stack.aws_endpoint_url)("cloudwatch")
    dimensions = [{"Name": "who", "Value": HOSTILE}]
    datum = {"MetricName": "Count", "Dimensions": dimensions, "Value": 1}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
    rows = [[namespace, "Count", "who", HOSTILE, {"label": HOSTILE, "color": HOSTILE}]]
    markdown = f"# {HOSTILE}\n[{HOSTILE}](javascript:window.hurt=1)\n\n| {HOSTILE} |\n| - |"
    answer = f"fields '{HOSTILE.replace(chr(39), '')}' as hostile, @message | limit 1"
    source = f"SOURCE '{stack.log_groups['create_order']}' | {answer}"
    kinds: list[dict[str, Any]] = [
        *(
            {"type": "metric", "properties": {"title": HOSTILE, "metrics": rows, "view": view}}
            for view in ("timeSeries", "singleValue", "bar", "table")
        ),
        {"type": "text", "properties": {"markdown": markdown}},
        {"type": "log", "properties": {"title": HOSTILE, "query": source}},
        {"type": "log", "properties": {"title": HOSTILE, "query": f"{source} | {HOSTILE}"}},
    ]
    body = json.dumps({"widgets": kinds})
    cloudwatch.put_dashboard(DashboardName="hostile", DashboardBody=body)
    return "hostile"


def test_a_hostile_name_stays_a_name(stack: Endpoints, tmp_path: Path) -> None:
    """Whatever metrics, logs or a dashboard are called, it is shown as text and runs nowhere."""
    name = hostile_dashboard(stack)
    try:
        seen = visit(
            "dashboard.mjs",
            url=f"{stack.dashboard_url}?dashboard={name}",
            picture=str(tmp_path / "hostile.png"),
        )
    finally:
        clients(stack.aws_endpoint_url)("cloudwatch").delete_dashboards(DashboardNames=[name])
    assert not seen["hurt"]
    assert seen["complaints"] == []
    assert all("onerror" in shown["text"] for shown in seen["shown"])
    assert all("src=" in element for element in seen["elements"])
    assert len(seen["elements"]) == len(["uPlot.js", "dashboard.js"])

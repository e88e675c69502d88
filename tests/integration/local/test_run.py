"""The one-command run, started as people start it and treated as people treat it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from infrastructure import outputs
from local.demo.example import ORDER
from ops.reach import endpoints as endpoints_document
from ops.reach.layout import Layout, free_port
from project import private_files
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

START_SECONDS = 120.0
STOP_SECONDS = 30.0


@dataclass
class Run:
    """A `make run` of its own."""

    layout: Layout
    process: subprocess.Popen[str]

    def endpoints(self) -> Endpoints:
        """Wait until it is ready."""
        found = wait_for(
            lambda: endpoints_document.read(self.layout.endpoints), START_SECONDS, self.process
        )
        assert isinstance(found, endpoints_document.Endpoints)
        return found

    def ended(self) -> str:
        """Wait until it has ended; give all that it has said."""
        said, _ = self.process.communicate(timeout=STOP_SECONDS)
        return said

    def emulator(self) -> int:
        """Give the emulator's process id."""
        return int(self.layout.emulator_pid.read_text())


class Left(NamedTuple):
    """What a run has left that was ended, and that several tests start again, each its own copy."""

    layout: Layout
    endpoints: Endpoints
    orders: set[str]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Three orders, and a polite kill."""
    layout = Layout(tmp_path_factory.mktemp("left"), free_port())
    run = Run(layout, launch(layout))
    endpoints = run.endpoints()
    orders = {place(endpoints, f"key-{number}") for number in range(3)}
    run.process.send_signal(signal.SIGTERM)
    assert "Stopped" in run.ended()
    return Left(layout, endpoints, orders)


@pytest.fixture
def layout(tmp_path: Path, request: pytest.FixtureRequest) -> Layout:
    """A place of its own, with what a run has left where the test asks for that."""
    if "left" not in request.fixturenames:
        return Layout(tmp_path, free_port())
    found: Left = request.getfixturevalue("left")
    shutil.copytree(found.layout.directory, tmp_path, dirs_exist_ok=True)
    return Layout(tmp_path, found.layout.port)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run for those tests that end none."""
    layout = Layout(tmp_path_factory.mktemp("running"), free_port())
    run = Run(layout, launch(layout))
    try:
        run.endpoints()
        yield run
    finally:
        run.process.send_signal(signal.SIGINT)
        run.ended()


@pytest.fixture
def begin(layout: Layout) -> Iterator[Callable[[], Run]]:
    """Start runs that end with the test, whatever happens in it."""
    runs: list[Run] = []

    def start() -> Run:
        runs.append(Run(layout, launch(layout)))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.communicate()
    with contextlib.suppress(OSError, ValueError):
        os.killpg(int(layout.emulator_pid.read_text()), signal.SIGKILL)
    # The emulator may still be at it.
    shutil.rmtree(layout.directory, ignore_errors=True)  # pytest would keep some hundred megabytes


def launch(layout: Layout, *, umask: int = -1, **variables: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "MAKELEVEL"}
    environment |= {"LOCAL_PORT": str(layout.port), "LOCAL_DIR": str(layout.directory), **variables}
    return subprocess.Popen(
        [sys.executable, "-m", "local.run"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        umask=umask,
    )


def wait_for(
    found: Callable[[], Any], seconds: float, process: subprocess.Popen[str] | None = None
) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        if process is not None and process.poll() is not None:
            pytest.fail(f"it ended: {process.communicate()[0]}")
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s")


def place(endpoints: Endpoints, key: str = "key-1") -> str:
    """Place an order and give its id."""
    answer = httpx.post(
        f"{endpoints.api_url}/partner/orders",
        json=ORDER,
        headers={"x-api-key": endpoints.partner_api_key, "Idempotency-Key": key},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["orderId"])


def placed(endpoints: Endpoints) -> set[str]:
    """List the ids of all orders."""
    answer = httpx.get(
        f"{endpoints.api_url}/partner/orders",
        headers={"x-api-key": endpoints.partner_api_key},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return {order["orderId"] for order in answer.json()["orders"]}


def ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=True).stdout


def processes_of(layout: Layout) -> list[str]:
    """List the processes that know of this copy: its run, its emulator, its functions."""
    shown = ps("-Aww", "-o", "pid=,command=")
    mine = [f"{layout.directory}/"]
    if layout.emulator_pid.exists():
        mine.append(f"{layout.emulator_pid.read_text().strip()} ")
    return [
        line
        for line in map(str.strip, shown.splitlines())
        if any(line.startswith(mark) or mark in line for mark in mine) and "defunct" not in line
    ]


def nothing_runs(layout: Layout) -> bool:
    with socket.socket() as probe:
        listening = probe.connect_ex(("127.0.0.1", layout.port)) == 0
    return not listening and not processes_of(layout)


def test_start_to_stop(begin: Callable[[], Run], layout: Layout) -> None:
    """I start it, place the order it offers, see it in the logs, and ^C leaves nothing running."""
    run = begin()
    order = place(run.endpoints())
    assert processes_of(layout), "this test looks for processes in the wrong way"
    time.sleep(2.5)  # the logs are asked for once a second
    run.process.send_signal(signal.SIGINT)
    said = run.ended()
    assert run.process.returncode == 0
    assert order in said
    assert "-H 'Idempotency-Key: order-1'" in said
    assert "orders are kept in" in said
    assert nothing_runs(layout)
    assert not layout.endpoints.exists()
    assert not layout.latest_endpoints.exists()
    assert not layout.session.exists()
    starting = said.partition("Logs and webhooks")[0].splitlines()
    here = str(layout.directory)  # stands for .local, which is shorter
    assert [line for line in starting if len(line) > 80 and here not in line] == []
    assert len(starting) < 24
    (left_out,) = re.findall(r"As usual, (\d+) alarms and the like are not run here: (\S+)", said)
    first, *resources = Path(left_out[1]).read_text().splitlines()
    assert first.startswith("This is normal")
    assert len(resources) == int(left_out[0])


def open_to_others(layout: Layout) -> list[str]:
    """List what others on this machine may read, write or enter."""
    below = [path for path in private_files.below(layout.home) if not path.is_symlink()]
    found = []
    for path in (layout.home, *below, *layout.directory.glob("*.json*"), layout.session):
        with contextlib.suppress(FileNotFoundError):  # gone with a run, or with its function
            if path.stat().st_mode & 0o077:
                found.append(str(path))
    return found


def test_what_it_keeps_is_for_me_alone(layout: Layout) -> None:
    """Keys, tokens, secrets and orders cannot be read by others, even where my shell lets them.

    What an earlier version has left for all to read is closed at the start.
    """
    for path in (layout.log, layout.objects / "any/object", layout.latest_endpoints):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of an earlier version")
        path.chmod(0o666)
        path.parent.chmod(0o777)
    run = Run(layout, launch(layout, umask=0))
    try:
        place(run.endpoints())
        wait_for((layout.state / "dynamodb.json").exists, 10)
        wait_for(layout.traces.exists, 10)
        kept = {path.suffix for path in private_files.below(layout.home)}
        assert kept >= {".json", ".pem", ".log", ".jsonl", ".zip", ".py"}
        assert layout.latest_endpoints.exists()
        assert open_to_others(layout) == []
    finally:
        run.process.send_signal(signal.SIGINT)
        run.ended()
    assert open_to_others(layout) == []


def listening(pids: set[int], protocol: str, state: str) -> dict[int, str]:
    """Give the ports at which processes listen, each with its address as Linux shows it."""
    sockets = set()
    for pid in pids:
        for opened in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                sockets.add(str(opened.readlink()))
    found = {}
    for table in (Path(f"/proc/net/{protocol}"), Path(f"/proc/net/{protocol}6")):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == state and f"socket:[{fields[9]}]" in sockets:
                found[int(port, 16)] = address
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="it reads what Linux shows in /proc")
def test_its_ports_are_those_that_it_names(running: Run) -> None:
    """Nobody in the network reaches it, and nothing listens that I am not told of."""
    endpoints = running.endpoints()
    place(endpoints)
    named = [endpoints.aws_endpoint_url, endpoints.docs_url, endpoints.dashboard_url]
    named += [endpoints.webhooks_url, endpoints.traces_url, endpoints.menu_url, endpoints.web_url]
    ports = {urlsplit(url).port for url in named}
    group = [line.split() for line in ps("-Ao", "pid=,pgid=").splitlines()]
    emulator = {int(pid) for pid, leader in group if int(leader) == running.emulator()}
    assert len(emulator) > 1, "no function runs"
    loopback = "0100007F"
    everyone = {running.process.pid, *emulator}
    assert listening(everyone, "tcp", "0A") == dict.fromkeys(ports, loopback)
    traces = urlsplit(endpoints.traces_url).port
    assert listening({running.process.pid}, "udp", "07") == {traces: loopback}


def test_stop_while_starting(begin: Callable[[], Run], layout: Layout) -> None:
    """^C before it is ready leaves nothing running either, and no stack trace."""
    run = begin()
    wait_for(layout.emulator_pid.exists, START_SECONDS, run.process)
    run.process.send_signal(signal.SIGINT)
    said = run.ended()
    assert "Stopped" in said
    assert "Traceback" not in said
    assert nothing_runs(layout)


@pytest.mark.parametrize("seconds", [0.2, 0.6])
def test_stop_at_once(begin: Callable[[], Run], layout: Layout, seconds: float) -> None:
    """^C when it has hardly begun is no reason for a stack trace."""
    run = begin()
    time.sleep(seconds)
    run.process.send_signal(signal.SIGINT)
    assert "Traceback" not in run.ended()
    assert nothing_runs(layout)


def test_reader_that_goes(layout: Layout) -> None:
    """With its output cut off, as by `make run | head`, it stops in silence."""
    run = launch(layout)
    assert run.stdout is not None
    run.stdout.readline()
    run.stdout.close()
    assert run.wait(STOP_SECONDS) == 1
    assert nothing_runs(layout)


def test_orders_survive_a_restart(begin: Callable[[], Run], left: Left) -> None:
    """After a polite kill and a start my orders, keys and addresses are the same."""
    before, after = left.endpoints, begin().endpoints()
    assert placed(after) == left.orders
    assert (after.api_url, after.partner_api_key) == (before.api_url, before.partner_api_key)


def test_started_twice(running: Run) -> None:
    """A second start on the port says who runs there, and what I can do; the first goes on."""
    layout = running.layout
    second = Run(layout, launch(layout))
    said = second.ended()
    assert second.process.returncode == 1
    assert f"already running (pid {running.process.pid}) at {layout.url}" in said
    assert f"LOCAL_PORT={layout.port + 1} make run" in said
    assert "Traceback" not in said
    place(running.endpoints())


def test_two_ports(running: Run) -> None:
    """Two copies on two ports of one checkout know nothing of each other's orders."""
    layout, first = running.layout, running.endpoints()
    other = Layout(layout.directory, free_port())
    second = Run(other, launch(other))
    try:
        order = place(second.endpoints(), "of-the-second")
        assert order not in placed(first)
        assert endpoints_document.read(layout.latest_endpoints) == second.endpoints()
    finally:
        second.process.send_signal(signal.SIGINT)
        second.ended()
    place(first)
    assert endpoints_document.read(layout.endpoints) == first


def test_taken_port(begin: Callable[[], Run], layout: Layout) -> None:
    """A port that another program has is named, with the way to choose another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", layout.port))
        other.listen()
        run = begin()
        said = run.ended()
    assert run.process.returncode == 1
    assert f"Port {layout.port} is taken by another program" in said
    assert f"LOCAL_PORT={layout.port + 1} make run" in said


@pytest.mark.parametrize("value", ["abc", "0", "70000", "-1", "45 66"])
def test_no_port(layout: Layout, value: str) -> None:
    """A LOCAL_PORT that is no port is refused in one sentence."""
    process = launch(layout, LOCAL_PORT=value)
    said, _ = process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 1
    assert "LOCAL_PORT must be a number from 1024 to 65535" in said
    assert "Traceback" not in said


def test_killed_run(begin: Callable[[], Run], layout: Layout) -> None:
    """Kill -9 of the run leaves nothing running, loses no order, and the next start just works."""
    run = begin()
    order = place(run.endpoints())
    run.process.kill()
    wait_for(lambda: nothing_runs(layout), STOP_SECONDS)
    assert order in placed(begin_again(begin, layout))


def begin_again(begin: Callable[[], Run], layout: Layout) -> Endpoints:
    """Start over a stale endpoints document."""
    stale = endpoints_document.read(layout.endpoints)
    run = begin()
    fresh = wait_for(
        lambda: (found := endpoints_document.read(layout.endpoints)) != stale and found,
        START_SECONDS,
        run.process,
    )
    assert isinstance(fresh, endpoints_document.Endpoints)
    return fresh


def test_killed_emulator(begin: Callable[[], Run], layout: Layout) -> None:
    """When the emulator is killed the run says so and ends; orders older than seconds are kept."""
    run = begin()
    order = place(run.endpoints())
    state = layout.state / "dynamodb.json"
    wait_for(lambda: state.exists() and order in state.read_text(), STOP_SECONDS)
    os.kill(run.emulator(), signal.SIGKILL)
    said = run.ended()
    assert run.process.returncode == 1
    assert "The emulator was killed. What it answered in its last seconds may be lost" in said
    assert "Traceback" not in said
    assert nothing_runs(layout)
    assert order in placed(begin().endpoints())


@pytest.mark.usefixtures("begin")  # for its clean-up
def test_killed_with_make(layout: Layout) -> None:
    """Kill -9 of the make that started it stops it too."""
    script = f"import subprocess, sys; subprocess.run([{sys.executable!r}, '-m', 'local.run'])"
    environment = {**os.environ, "MAKELEVEL": "1"}
    environment |= {"LOCAL_PORT": str(layout.port), "LOCAL_DIR": str(layout.directory)}
    make = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: endpoints_document.read(layout.endpoints), START_SECONDS)
    finally:
        make.kill()
        make.wait()
    wait_for(lambda: nothing_runs(layout), STOP_SECONDS)


@pytest.mark.usefixtures("left")
def test_damaged_state(begin: Callable[[], Run], layout: Layout) -> None:
    """State that is cut off or gone is told with the cure, and not silently replaced by nothing."""
    file = layout.state / "dynamodb.json"
    file.write_text(file.read_text()[:-100])
    cut_off = begin().ended()
    file.unlink()
    gone = begin().ended()
    assert f"{file} is damaged" in cut_off
    for said in (cut_off, gone):
        assert f"rm -r {layout.home}" in said
        assert "Traceback" not in said


def test_template_of_yesterday(begin: Callable[[], Run], layout: Layout, left: Left) -> None:
    """A copy that was deployed from an older template is updated, and keeps its orders."""
    forget_one_output(layout.state / "cloudformation.json")
    run = begin()
    assert placed(run.endpoints()) == left.orders
    run.process.send_signal(signal.SIGHUP)  # as when a terminal is closed
    said = run.ended()
    assert "Deploy the template" in said
    assert "Stopped" in said


def forget_one_output(file: Path) -> None:
    """Make the deployed template differ from the one of today."""
    state = json.loads(file.read_text())
    (stack,) = state["payload"]["stacks"]["data"].values()
    template = json.loads(stack["_template_body"])
    del template["Outputs"][outputs.ORDERS_TABLE]
    stack["_template"], stack["_template_body"] = template, json.dumps(template)
    file.write_text(json.dumps(state))


def test_settings_of_this_machine(layout: Layout) -> None:
    """AWS profiles, credentials and proxies of my shell make no difference."""
    process = launch(
        layout,
        AWS_PROFILE="no-such-profile",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_REGION="eu-west-1",
        HTTP_PROXY="http://127.0.0.1:9",
        http_proxy="http://127.0.0.1:9",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONIOENCODING="ascii",
    )
    run = Run(layout, process)
    try:
        endpoints = run.endpoints()
        assert place(endpoints) in placed(endpoints)
    finally:
        process.send_signal(signal.SIGINT)
        run.ended()

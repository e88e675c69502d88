"""The heartbeat's run, against an API that does not do what partners are promised."""

from __future__ import annotations

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trustme

from local.serving import Server
from ops.reach.layout import free_port
from orders import heartbeat
from orders.aws_api import ApiError
from orders.domain.changes import place_for_partner, view
from orders.domain.order import NewPartnerOrder
from orders.handlers import place_heartbeat
from orders.heartbeat import ORDER, REQUESTS, Deviation, FrontDoor, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "the-value-of-the-key"
NOW = 1_795_000_000_123
STEPS = {"POST": ("place", "repeat"), "GET": ("read",), "PATCH": ("cancel",)}


class Api:
    """An API that does what it should, but for what a test has changed of a step's answer."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.instead: dict[str, Callable[[int, dict[str, Any], dict[str, str]], Any]] = {}
        self._server = Server(("127.0.0.1", 0), self._handler())
        scheme = "http"
        if context:
            scheme = "https"
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        """Answer like the real one, and then as the test wants it."""
        step = self._step(method)
        self.requests.append((step, headers))
        status, order, more = self._do(method, path, headers, body)
        more["X-Request-Id"] = f"request-{step}"
        if step in self.instead:
            changed = self.instead[step](status, json.loads(json.dumps(order)), more)
            return (*changed, more) if isinstance(changed, tuple) else (status, changed, more)
        return status, order, more

    def _step(self, method: str) -> str:
        made = sum(1 for step, _ in self.requests if step in STEPS[method])
        return STEPS[method][made % len(STEPS[method])]

    def _do(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        if method == "POST":
            key, more = headers["idempotency-key"], {"ETag": '"1"'}
            if key in self.orders:
                more["Idempotent-Replayed"] = "true"
            else:
                new = msgspec.json.decode(body, type=NewPartnerOrder)
                self.orders[key] = view(place_for_partner(new, "heartbeat", NOW))
            return 201, self.orders[key], more
        (order,) = (o for o in self.orders.values() if path.endswith(o["orderId"]))
        if method == "PATCH":
            assert headers["if-match"] == '"1"'
            assert headers["content-type"] == "application/merge-patch+json"
            order.update(json.loads(body), version=2)
        return 200, order, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(length)
                status, answer, more = api.answer(self.command, self.path, headers, body)
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**more, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PATCH = do_POST  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.close()


def beat(url: str, moment: str = "2026-11-21T09:05:00Z") -> Run:
    run = Run()
    FrontDoor(url, KEY, run).place_and_cancel(f"heartbeat-{moment}")
    return run


def deviation(url: str) -> str:
    """Make a run that must fail, and give the step and the reason."""
    with pytest.raises(Deviation) as caught:
        beat(url)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_the_order_is_one_that_partners_may_place() -> None:
    """What the heartbeat orders passes the API's own checks, and is for nobody."""
    order = msgspec.convert(ORDER, NewPartnerOrder)
    assert order.restaurant_id == order.customer_id == "heartbeat"


def test_a_sound_api_passes(api: Api) -> None:
    """Four requests with the key, in their order; the log has the order and the times."""
    run = beat(api.url)
    assert [step for step, _ in api.requests] == list(REQUESTS)
    assert {headers["x-api-key"] for _, headers in api.requests} == {KEY}
    assert all("heartbeat" in headers["user-agent"] for _, headers in api.requests)
    (order,) = api.orders.values()
    assert order["status"] == "CANCELLED"
    assert run.notes["orderId"] == order["orderId"]
    assert run.notes["replayed"] is False
    assert list(run.milliseconds) == list(REQUESTS)
    assert KEY not in json.dumps(run.notes)


def test_a_second_call_for_a_moment_finds_all_done(api: Api) -> None:
    """It finds the order cancelled, which is right, and places no other."""
    beat(api.url)
    run = beat(api.url)
    assert run.notes["replayed"] is True
    assert len(api.orders) == 1
    assert [step for step, _ in api.requests].count("cancel") == 1


def test_a_second_call_ends_what_the_first_has_left(api: Api) -> None:
    """An order whose run was cut short is cancelled by the next call for its moment."""
    api.instead["read"] = lambda *_: (500, {})
    assert deviation(api.url) == "read: HTTP 500"
    del api.instead["read"]
    run = beat(api.url)
    assert run.notes["replayed"] is True
    (order,) = api.orders.values()
    assert order["status"] == "CANCELLED"


@pytest.mark.parametrize("step", REQUESTS)
@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 403, 404, 409, 429, 500, 503])
def test_another_status_is_named_with_its_step(api: Api, step: str, status: int) -> None:
    """Whatever a step is answered but its own success, the line says which, and with what."""
    api.instead[step] = lambda right, order, _: (status if status != right else 418, order)
    wrong = status if status != (201 if step in STEPS["POST"] else 200) else 418
    assert deviation(api.url) == f"{step}: HTTP {wrong}"


def test_the_log_leads_to_the_request(api: Api) -> None:
    """A failed step comes with the id under which the API's own log has the request."""
    api.instead["repeat"] = lambda *_: (500, {})
    run = Run()
    with pytest.raises(Deviation):
        FrontDoor(api.url, KEY, run).place_and_cancel("k")
    assert run.notes["apiRequestId"] == "request-repeat"
    assert run.notes["httpStatus"] == 500


NO_ORDERS = [b"", b"<html>", b"[]", b"null", b"[" * 100_000, b"{}", b'{"orderId":"x"}', b"\xff"]


@pytest.mark.parametrize("garbage", NO_ORDERS)
def test_an_answer_that_is_no_order_is_no_success(api: Api, garbage: bytes) -> None:
    """Whatever stands in the way and says 200 is not taken for the API."""
    for step in REQUESTS:
        api.instead = {step: lambda status, *_: (status, garbage)}
        assert deviation(api.url).startswith(f"{step}: ")
        api.orders.clear()
        api.requests.clear()


@pytest.mark.parametrize(
    ("step", "change", "reason"),
    [
        ("place", {"partnerId": "acme"}, "no order of the heartbeat"),
        ("place", {"orderId": ""}, "no order of the heartbeat"),
        ("read", {"orderId": "another"}, "another order"),
        ("read", {"total": 101}, "another order"),
        ("read", {"status": "CONFIRMED"}, "another order"),
        ("repeat", {"orderId": "01a2055b-8cae-7809-986e-66c157b96611"}, "another order"),
        ("repeat", {"orderId": "another"}, "no order of the heartbeat"),
        ("cancel", {"status": "PLACED"}, "not cancelled"),
        ("cancel", {"orderId": "another"}, "not cancelled"),
    ],
)
def test_another_order_is_no_success(
    api: Api, step: str, change: dict[str, Any], reason: str
) -> None:
    """What is read and repeated must be what was placed, to the last field."""
    api.instead[step] = lambda _, order, __: {**order, **change}
    assert deviation(api.url) == f"{step}: {reason}"


def test_an_order_that_is_placed_twice_is_the_worst(api: Api) -> None:
    """A repetition that is not told to be one means that customers get two dinners."""
    api.instead["repeat"] = lambda _, order, headers: headers.pop("Idempotent-Replayed") and order
    assert deviation(api.url) == "repeat: placed a second time"


@pytest.mark.parametrize("step", REQUESTS)
def test_late_is_failed(api: Api, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer for which nobody would have waited is none, whether it comes or not."""
    monkeypatch.setattr(heartbeat, "LATE_SECONDS", 0.8)

    def late(_: int, order: dict[str, Any], __: dict[str, str]) -> dict[str, Any]:
        time.sleep(1.2)
        return order

    api.instead[step] = late
    assert deviation(api.url) == f"{step}: TimeoutError"


def test_late_in_small_pieces_is_late_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step's time is that from its beginning to its end, and not from byte to byte."""
    monkeypatch.setattr(heartbeat, "LATE_SECONDS", 0.05)
    run = Run()
    with pytest.raises(Deviation, match="read: late, after"), run.step("read"):
        time.sleep(0.11)
    assert run.milliseconds["read"] >= 100


def test_nobody_there_is_named() -> None:
    """When no connection comes about, the line says so."""
    assert deviation(f"http://127.0.0.1:{free_port()}/v1") == "place: ConnectionRefusedError"


def test_a_certificate_must_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the API gets the key: not one whose certificate nobody has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    api = Api(context)
    try:
        assert deviation(api.url) == "place: SSLCertVerificationError"
        assert not api.requests
    finally:
        api.close()
    trusted = trustme.CA()
    trusted.issue_cert("127.0.0.1").configure_cert(
        context := ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    )
    trusted.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    api = Api(context)
    try:
        assert beat(api.url).notes["replayed"] is False
    finally:
        api.close()


# --- The handler


class World:
    """AWS as the function needs it: a key to read, and a table to enter it in."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.entered: list[tuple[str, str]] = []
        self.fails: Exception | None = None

    def get(self, service: str, path: str, query: str) -> dict[str, Any]:
        self.reads.append(f"{service} {path}?{query}")
        if self.fails:
            raise self.fails
        return {"id": "k1", "value": KEY}

    def admit(self, api_key_id: str, partner_id: str) -> None:
        self.entered.append((api_key_id, partner_id))


class Context:
    """What Lambda tells of a call."""

    aws_request_id = "call-1"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, api: Api) -> Iterator[World]:
    made = World()
    monkeypatch.setattr(place_heartbeat, "get", made.get)
    monkeypatch.setattr(place_heartbeat, "store", lambda: made)
    monkeypatch.setenv("API_URL", api.url)
    monkeypatch.setenv("HEARTBEAT_KEY_ID", "k1")
    place_heartbeat.forget()
    yield made
    place_heartbeat.forget()


AT = {"scheduledTime": "2026-11-21T09:05:00Z"}


def test_one_line_tells_of_a_run(
    api: Api, world: World, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The key is read and entered at the first run only; each run has a line, without the key."""
    for minute in ("05", "10"):
        place_heartbeat.handler({"scheduledTime": f"2026-11-21T09:{minute}:00Z"}, Context())
    assert world.reads == ["apigateway /apikeys/k1?includeValue=true"]
    assert world.entered == [("k1", "heartbeat")]
    first, second = log_lines()
    assert (first["outcome"], first["level"]) == ("alive", "INFO")
    assert first["moment"] == AT["scheduledTime"]
    assert first["orderId"] != second["orderId"]
    assert second["coldStart"] is False
    assert KEY not in json.dumps([first, second])
    assert len(api.orders) == 2


def test_a_run_by_hand_is_a_moment_of_its_own(api: Api, world: World) -> None:
    """Whoever calls the function without a time gets an order of its own, and reads how it went."""
    told = place_heartbeat.handler({}, Context())
    assert list(api.orders) == ["heartbeat-call-1"]
    assert told["outcome"] == "alive"
    assert world.entered


def test_a_failed_run_is_an_error_of_the_function(
    api: Api, world: World, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The line names the step and the status; the call fails, which is what the alarm counts."""
    api.instead["cancel"] = lambda *_: (403, {})
    with pytest.raises(Deviation):
        place_heartbeat.handler(AT, Context())
    (line,) = log_lines()
    assert (line["outcome"], line["level"]) == ("failed", "ERROR")
    assert (line["step"], line["reason"], line["httpStatus"]) == ("cancel", "HTTP 403", 403)
    assert KEY not in json.dumps(line)
    api.instead.clear()
    place_heartbeat.handler(AT, Context())
    assert len(world.reads) == len(world.entered) == 2


def test_a_key_that_cannot_be_read_is_named(
    world: World, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """AWS's own name for why is told, and nothing is sent to the API."""
    world.fails = ApiError("NotFoundException")
    with pytest.raises(Deviation):
        place_heartbeat.handler(AT, Context())
    (line,) = log_lines()
    assert (line["step"], line["reason"]) == ("key", "ApiError NotFoundException")

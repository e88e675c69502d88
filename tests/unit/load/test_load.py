"""The load's people, their accounting and thresholds, against an API of this module's own."""

from __future__ import annotations

import http.server
import itertools
import json
import statistics
import threading
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load import __main__ as command
from load import judging
from load.accounting import Accounting, account, match
from load.journey import Act, Mix, journey, pause
from load.ledger import Fault, Ledger, Owner, Placing, read
from load.people import People, customer
from load.people import given as people_given
from load.run import Result, RunPlan, audit
from load.shopper import TRIES, Answer, Caller, Request, Shopper, World, owns
from ops.costs.traffic import Traffic
from ops.reach.errors import OperatorError
from ops.reach.layout import free_port
from orders.domain.lifecycle import MOVES, Role, Status
from tests.shared.examples import ORDER

if TYPE_CHECKING:
    from pathlib import Path

DAY = Traffic(orders_per_day=1)
MIX = Mix(DAY.changes, DAY.reads, DAY.lists, DAY.partners, think=3)
ANN = Caller("customer", "ann", {"Authorization": "of ann"})
BOB = Caller("customer", "bob", {"Authorization": "of bob"})
ACME = Caller("partner", "acme", {"x-api-key": "of acme"})
STAFF = Caller("customer", "staff", {"Authorization": "of staff"})
WHOSE = {
    "of ann": Owner("customer", "ann"),
    "of bob": Owner("customer", "bob"),
    "of acme": Owner("partner", "acme"),
}


class Api:
    """Keeps orders as the service does, unless a flaw is planted."""

    def __init__(self, flaw: str = "") -> None:
        self.flaw = flaw
        self.orders: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.asked: list[Request] = []
        self.failures: list[int] = []
        self._numbers = itertools.count(1)

    def send(self, request: Request) -> Answer:
        self.asked.append(request)
        if self.failures:
            return Answer(self.failures.pop(0), {"retry-after": "2"})
        credential = request.headers.get("Authorization") or request.headers["x-api-key"]
        owner = WHOSE.get(credential)
        if request.method == "POST":
            assert owner is not None
            return self._post(request, owner)
        order_id = request.path.rpartition("orders")[2].strip("/")
        if not order_id:
            return Answer(200, {}, {"orders": self.list(owner)})
        order = self.orders.get(order_id)
        if order is None or not (owner is None or owns(owner, order) or self.flaw == "leak"):
            return Answer(404)
        return self._patch(request, order) if request.method == "PATCH" else _shown(200, order)

    def _post(self, request: Request, owner: Owner) -> Answer:
        key = request.headers["Idempotency-Key"]
        if key not in self.keys or self.flaw == "double":
            order = self._made(request.body, owner)
            if self.flaw == "lose":
                return _shown(201, order)
            self.keys[key] = order["orderId"]
            self.orders[order["orderId"]] = order
        return _shown(201, self.orders[self.keys[key]])

    def _made(self, body: dict[str, Any], owner: Owner) -> dict[str, Any]:
        whose = {"partnerId": owner.identity} if owner.role == "partner" else {}
        who = whose or {"customerId": owner.identity}
        made = {"orderId": f"order-{next(self._numbers)}", "version": 1, "status": "PLACED"}
        return {**body, **made, **who, "history": [{"status": "PLACED"}]}

    def _patch(self, request: Request, order: dict[str, Any]) -> Answer:
        if request.headers["If-Match"] != f'"{order["version"]}"':
            return Answer(412)
        order["version"] += 1
        if (to := request.body.get("status")) and self.flaw != "forget":
            order["status"] = to
            order["history"] = [*order["history"], {"status": to}]
        return _shown(200, order)

    def list(self, owner: Owner | None) -> list[dict[str, Any]]:
        everybody = owner is None or self.flaw == "leak"
        return [one for one in self.orders.values() if everybody or owns(owner, one)]  # type: ignore[arg-type] # then it is somebody


def _shown(status: int, order: dict[str, Any]) -> Answer:
    return Answer(status, {"etag": f'"{order["version"]}"'}, dict(order))


def day(api: Api, *, orders: int = 40, seed: int = 1) -> tuple[Ledger, list[float]]:
    """Let two customers and a partner order; gives the ledger and the pauses."""
    lines: list[str] = []
    pauses: list[float] = []

    def write(event: str, **fields: Any) -> None:
        lines.append(json.dumps({"event": event, **fields}))

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return True

    world = World(api.send, wait, write, {}, ORDER, "run-1")
    people = [(ANN, STAFF), (BOB, STAFF), (ACME, ACME)]
    shoppers = [Shopper(*who, world, Random(f"{seed} {who[0].identity}")) for who in people]
    for number in range(orders):
        assert shoppers[number % len(shoppers)].order(MIX)
    return read(lines), pauses


def accounted(api: Api, ledger: Ledger) -> Accounting:
    return account(ledger, {owner: api.list(owner) for owner in WHOSE.values()})


def test_a_day_is_what_the_cost_model_says() -> None:
    """An order asks, on average, for as many changes, reads and lists as the traffic model has."""
    dice = Random(1)
    days = [journey(dice, MIX) for _ in range(4_000)]
    for acts, expected in (
        ({Act.MOVE, Act.CANCEL, Act.EDIT}, DAY.changes),
        ({Act.READ}, DAY.reads),
        ({Act.LIST}, DAY.lists),
    ):
        found = statistics.fmean(sum(step.act in acts for step in steps) for steps in days)
        assert found == pytest.approx(expected, rel=0.03)


@given(st.integers(0, 10**9))
def test_every_journey_keeps_to_the_lifecycle(seed: int) -> None:
    """Nobody asks for a move that the lifecycle, or their role, does not have."""
    steps = journey(Random(seed), MIX)
    assert steps[0].act is Act.PLACE
    status = Status.PLACED
    for step in steps[1:]:
        if step.act is Act.EDIT:
            assert status is Status.PLACED
        if step.to is not None:
            role = Role.CUSTOMER if step.act is Act.CANCEL else Role.OPERATOR
            assert role in MOVES[status][step.to]
            status = step.to


def test_people_think_as_long_as_they_are_told() -> None:
    """Pauses differ, more than half are below the average, and the average is the one given."""
    dice = Random(1)
    pauses = [pause(dice, 3) for _ in range(20_000)]
    assert statistics.fmean(pauses) == pytest.approx(3, rel=0.05)
    assert statistics.median(pauses) < 3 < max(pauses) / 5


def test_a_day_without_faults_is_sound() -> None:
    """Where the service keeps its promises, all orders are found and nothing is reported."""
    api = Api()
    ledger, _ = day(api)
    found = accounted(api, ledger)
    assert found.sound, found.lines()
    assert found.placings == found.acknowledged == found.found_once == 40


@pytest.mark.parametrize(
    ("flaw", "told", "word"),
    [
        ("lose", "missing", "missing: "),
        ("double", "doubled", "doubled: "),
        ("leak", "strangers", "stranger: "),
        ("forget", "lost_changes", "change lost: "),
    ],
)
def test_planted_flaws_are_found(flaw: str, told: str, word: str) -> None:
    """An order lost, doubled or shown to a stranger, or a change forgotten, fails the run."""
    api = Api(flaw)
    ledger, _ = day(api, orders=120)
    found = accounted(api, ledger)
    assert getattr(found, told)
    assert not found.sound
    assert any(line.startswith(word) for line in found.lines())


def test_reading_a_strangers_order_is_told_while_it_runs() -> None:
    """A stranger's order in a read or a list is in the ledger, with who saw it."""
    ledger, _ = day(Api("leak"), orders=120)
    details = [detail for kind, detail in ledger.faults if kind is Fault.STRANGER]
    assert any(" read " in detail for detail in details)
    assert any(" was shown " in detail for detail in details)


@pytest.mark.parametrize("status", [500, 503, 0])
def test_a_failure_is_repeated_with_the_same_key_and_told(status: int) -> None:
    """What fails is asked again with the same key until it is answered, and fails the run."""
    api = Api()
    api.failures = [status, status]
    ledger, pauses = day(api, orders=1)
    first = api.asked[:3]
    assert {request.headers["Idempotency-Key"] for request in first} == {*ledger.placings}
    found = accounted(api, ledger)
    assert found.found_once == 1
    kind = Fault.SERVER_ERROR if status else Fault.UNANSWERED
    assert len(found.faults[kind]) == 2
    assert not found.sound
    assert min(pauses[1:3]) >= 2  # as Retry-After asks


def test_throttling_is_waited_out_and_no_fault() -> None:
    """429 asks to come back: the order is placed all the same."""
    api = Api()
    api.failures = [429, 429]
    ledger, _ = day(api, orders=1)
    assert accounted(api, ledger).sound


def test_giving_up_is_no_loss() -> None:
    """An order that was never acknowledged is told, and is not missing."""
    api = Api()
    api.failures = [429] * TRIES
    ledger, _ = day(api, orders=1)
    found = accounted(api, ledger)
    assert len(found.silent) == 1
    assert not found.missing


def test_an_unforeseen_answer_is_a_fault() -> None:
    """A 400 to a good order fails the run, and is not repeated."""
    api = Api()
    api.failures = [400]
    ledger, _ = day(api, orders=1)
    assert [kind for kind, _ in ledger.faults] == [Fault.UNEXPECTED]
    assert len(api.asked) == 1


def test_a_change_whose_answer_was_lost_is_no_fault() -> None:
    """The repetition of a change that was made meets 412, looks, and goes on."""
    api = Api()
    send = api.send
    lost = 0

    def losing(request: Request) -> Answer:
        nonlocal lost
        answer = send(request)
        if request.method == "PATCH" and answer.status == 200 and not lost:
            lost += 1
            return Answer(503)
        return answer

    api.send = losing  # type: ignore[method-assign] # as a network would
    ledger, _ = day(api, orders=3)
    found = accounted(api, ledger)
    assert lost == 1
    assert [*found.faults] == [Fault.SERVER_ERROR]
    assert found.missing == found.lost_changes == []


def test_edits_that_are_switched_off_are_no_fault() -> None:
    """403 to an edit is what the flag says; 403 to a move is not expected."""
    for fields, faults in (("deliveryAddress", []), ("status", [Fault.UNEXPECTED])):
        api = Api()
        send = api.send

        def refusing(request: Request, send: Any = send, fields: str = fields) -> Answer:
            refused = request.method == "PATCH" and fields in request.body
            return Answer(403) if refused else send(request)

        api.send = refusing  # type: ignore[method-assign] # as the flag would
        ledger, _ = day(api, orders=30)
        assert [*{kind for kind, _ in ledger.faults}] == faults


def test_two_answers_for_a_key_are_two_orders() -> None:
    """A key that was answered with two ids is doubled, though only one of them is listed."""
    ledger = read(
        [
            '{"event": "placing", "key": "k", "role": "customer", "identity": "ann"}',
            '{"event": "placed", "key": "k", "order_id": "one"}',
            '{"event": "placed", "key": "k", "order_id": "two"}',
            '{"event": "pla',
        ]
    )
    order = {"orderId": "one", "note": "k", "customerId": "ann", "history": []}
    assert account(ledger, {ANN.owner: [order]}).doubled == ["k"]


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.lists(st.text())))
def test_every_promise_is_in_one_place(
    promised: dict[str, str], found: dict[str, list[str]]
) -> None:
    """A promised order is found once, missing, or more than once, and nothing else."""
    matched = match(promised, found)
    assert sorted([*matched.once, *matched.missing, *matched.doubled]) == sorted(promised)


def figures(*, p95: float = 100, errors: int = 0, requests: int = 100) -> dict[str, Any]:
    times = {"p50_ms": 50, "p95_ms": p95, "p99_ms": p95, "max_ms": p95}
    row = {"operation": "POST /orders", "requests": requests, "errors": errors, **times}
    return {"operations": [row], "total": row, "errors": [], "seconds": 10}


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (figures(), None),
        (figures(p95=501), "POST /orders: p95 501 ms, allowed are 500"),
        (figures(p95=501, requests=judging.FEWEST - 1), None),
        (figures(errors=1, requests=1_000), None),
        (figures(errors=2, requests=1_000), "0.20 % errors, allowed are 0.1 %"),
        (figures(requests=0), "No request was sent."),
    ],
)
def test_thresholds(measured: dict[str, Any], words: str | None) -> None:
    """Too slow, too many errors, or nothing at all is told; what is too few to judge is not."""
    assert judging.AWS.exceeded(measured) == ([words] if words else [])


def test_what_is_promised_is_the_threshold_on_aws() -> None:
    """On AWS p95 is held to half a second; the thresholds are told with their name."""
    assert judging.AWS.p95_ms == 500
    assert "of the local run" in judging.LOCAL.line()


@pytest.mark.parametrize(("users", "partners", "customers"), [(10, 5, 5), (1, 0, 1), (3, 2, 1)])
def test_users_are_shared_out(users: int, partners: int, customers: int) -> None:
    """Each user orders as somebody: half as partners, who handle their own orders."""
    buyers = People([ACME], [ANN, BOB], STAFF).buyers(users, 0.5)
    assert [buyer.role for buyer, _ in buyers].count("partner") == partners
    assert [staff for _, staff in buyers].count(STAFF) == customers
    assert len(buyers) == users
    assert People([ACME], [], None).buyers(2, 0.5) == [(ACME, ACME)] * 2
    assert People([], [ANN], None).buyers(2, 0.5) == [(ANN, None)] * 2


TOKEN = "e30.eyJzdWIiOiAiYW5uIn0.sig"  # whose sub is ann


def test_callers_come_from_a_file(tmp_path: Path) -> None:
    """A file names partners with their keys, customers and an operator by their tokens."""
    file = tmp_path / "callers.json"
    document = {"partners": {"acme": "of acme"}, "customers": [TOKEN], "operator": TOKEN}
    file.write_text(json.dumps(document))
    found = people_given(file)
    assert found.partners == [ACME]
    assert found.customers == [customer(TOKEN)]
    assert found.customers[0].identity == "ann"
    assert found.staff is not None


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"customers": ["x"]}'])
def test_a_file_with_nobody_in_it_is_refused(tmp_path: Path, text: str) -> None:
    """A file that names nobody is told by its name."""
    file = tmp_path / "callers.json"
    file.write_text(text)
    with pytest.raises(OperatorError, match=r"callers\.json"):
        people_given(file)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--users", "0"], "1 or more"),
        (["--minutes", "51"], "tokens last an hour"),
        (["--errors", "101"], "0 to 100"),
        (["--p95", "nan"], "above 0"),
        (["--stage", "nowhere"], "invalid choice"),
        (["--stage", "dev", "--url", "https://example.com"], "not allowed with"),
    ],
)
def test_wrong_options(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options that cannot be meant are wrong usage, exit code 2, and say why."""
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stage", "prod"], "keeps its orders for ever"),
        (["--url", "https://example.com/v1"], "--url needs --callers"),
        ([], "at http://127.0.0.1:1025. Start it in another terminal: LOCAL_PORT=1025 make run"),
    ],
)
def test_where_no_load_goes(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where nothing runs, or orders would stay for ever, a sentence says what to do."""
    monkeypatch.setenv("LOCAL_PORT", "1025")
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(command, "listen", lambda: None)
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert words in str(ended.value.code)


def test_help_tells_both_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` says which thresholds hold where."""
    with pytest.raises(SystemExit):
        command.main(["--help"])
    said = capsys.readouterr().out
    assert "p95 500 ms" in said
    assert "p95 2,000 ms" in said


def a_plan(directory: Path, *, url: str = "", people: People | None = None) -> RunPlan:
    return RunPlan(
        run="run-1",
        url=url,
        people=people or People([], [], None),
        mix=MIX,
        users=1,
        seconds=60,
        spawn_rate=1,
        seed=1,
        directory=directory,
    )


def test_lists_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody answers any more, a sentence says whose orders are not accounted for."""
    monkeypatch.setattr("load.run._INDEX_SECONDS", 0)
    plan = a_plan(tmp_path, url=f"http://127.0.0.1:{free_port()}", people=People([ACME], [], None))
    with pytest.raises(OperatorError, match="The orders of partner acme cannot be listed"):
        audit(plan, Ledger(), 0)


class Pages(http.server.BaseHTTPRequestHandler):
    """Lists three orders of acme's in two pages, after it has failed once."""

    failures: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        status = self.failures.pop() if self.failures else 200
        moments = [
            "2026-11-23T12:00:02.000Z",
            "2026-11-23T12:00:01.000Z",
            "2020-01-01T00:00:00.000Z",
        ]
        orders = [
            {"orderId": f"order-{n}", "note": f"key-{n}", "partnerId": "acme", "createdAt": moment}
            | {"history": [{"status": "PLACED"}]}
            for n, moment in enumerate(moments)
        ]
        second = "cursor=order-0" in self.path
        page = {"orders": orders[1:] if second else orders[:1]}
        body = json.dumps({**page, "cursor": "order-2" if second else "order-0"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_lists_are_read_back_to_the_beginning_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, past a failure, and no further back than the run: older orders are others'."""
    monkeypatch.setattr("load.run._POLL_SECONDS", 0.01)
    Pages.failures = [503]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    ledger = Ledger({f"key-{n}": Placing(ACME.owner, [f"order-{n}"]) for n in range(2)})
    plan = a_plan(
        tmp_path, url=f"http://127.0.0.1:{server.server_port}", people=People([ACME], [], None)
    )
    try:
        began = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
        found = audit(plan, ledger, began)
    finally:
        server.shutdown()
        server.server_close()
    assert found.sound
    assert found.found_once == 2


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ({}, None),
        ({"exceeded": ["all: p95 900 ms, allowed are 500"]}, "p95 900 ms"),
        ({"missing": ["key-7"]}, "missing: key-7"),
        ({"faults": {Fault.SERVER_ERROR: ["POST /orders 500"]}}, "5xx: POST /orders 500"),
    ],
)
def test_what_does_not_pass_exits_with_one(
    planted: dict[str, Any],
    words: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A threshold exceeded, an order lost or a 5xx end with exit code 1, and are named."""
    lists: dict[str, Any] = {
        name: [] for name in ("silent", "missing", "doubled", "lost_changes", "strangers")
    }
    given: dict[str, Any] = {"faults": {}, **lists, **planted}
    exceeded = given.pop("exceeded", [])
    accounting = Accounting(placings=1, acknowledged=1, found_once=1, **given)
    result = Result(figures(), accounting, exceeded)
    plan = a_plan(tmp_path)

    def run(_: object) -> Result:
        command._report(result, plan)
        return result

    monkeypatch.setattr(command, "listen", lambda: None)
    monkeypatch.setattr(command, "_run", run)
    with pytest.raises(SystemExit) as ended:
        command.main([])
    said = capsys.readouterr()
    assert ended.value.code == (1 if words else 0)
    assert (words or "Passed.") in said.out
    assert "Ended early, after 10 s." in said.err


def test_the_staff_share_the_customers() -> None:
    """Each of the staff handles as many people's orders as the others: nobody is too quick."""
    mate = STAFF._replace(headers={"Authorization": "of a colleague"})
    buyers = People([], [ANN, BOB], STAFF, (mate,)).buyers(10, 0.5)
    assert [staff for _, staff in buyers].count(STAFF) == 5
    assert [staff for _, staff in buyers].count(mate) == 5


@pytest.mark.parametrize(
    ("arguments", "partners"),
    [([], 4), (["--users", "200", "--think", "0.5"], 40), (["--minutes", "50"], 13)],
)
def test_a_run_has_partners_enough(arguments: list[str], partners: int) -> None:
    """However many people and however long: no partner gets to half of its plan's rate or quota."""
    given = command._options(arguments)
    assert command._partners_for(given, "dev") == partners

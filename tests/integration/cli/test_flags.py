"""`orders flags` against an emulator: its Parameter Store, and a stack that names a parameter."""

from __future__ import annotations

import json
import signal
import uuid
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cli import app as cli
from infrastructure import outputs
from infrastructure.settings import stack_name
from orders import flags as asked
from orders.flags import parse
from orders.handlers import create_order, update_order
from tests.integration import stacks
from tests.shared.events import event
from tests.shared.examples import order
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

STACK = stack_name("flags")
SET = ("set", "auto-confirm", "--reason", "trial")


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def template(stack: Endpoints, parameter: str) -> str:
    """Write a stack with the service's outputs: the workers of the real one never read this."""
    written = {
        outputs.FLAGS_PARAMETER: parameter,
        outputs.ORDERS_TABLE: stack.tables["orders"],
        outputs.PARTNERS_TABLE: stack.tables["partners"],
    }
    values = {name: {"Value": value} for name, value in written.items()}
    return json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": values})


@pytest.fixture
def parameter(stack: Endpoints) -> Iterator[str]:
    """The name of a flags' parameter that is not there yet, in a stack of its own."""
    cloudformation, name = aws(stack, "cloudformation"), f"/test-{uuid.uuid4().hex[:8]}/flags"
    stacks.make(cloudformation, STACK, template(stack, name))
    yield name
    stacks.end(cloudformation, STACK)
    ssm = aws(stack, "ssm")
    ssm.delete_parameters(Names=[name])


@pytest.fixture
def local_run(
    stack: Endpoints, parameter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Let `--local` mean the stack of these tests."""
    endpoints = replace(stack, stack_name=STACK)
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(endpoints)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield parameter
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def flags(
    local_run: str,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ended]:
    """Run a command of `orders flags` on the local run."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()  # what handlers have logged
        with pytest.raises(SystemExit) as ended:
            cli.main(["flags", *arguments, "--local"])
        said = capsys.readouterr()
        code = ended.value.code
        if isinstance(code, str):  # Python prints it and exits with 1
            return Ended(1, said.out, f"{said.err}{code}")
        return Ended(int(code or 0), said.out, said.err)

    return run


@pytest.fixture
def stored(stack: Endpoints, parameter: str) -> Callable[[], tuple[int, dict[str, Any]]]:
    """Read what the functions would read: the version, and the flags."""
    ssm = aws(stack, "ssm")

    def read() -> tuple[int, dict[str, Any]]:
        try:
            found = ssm.get_parameter(Name=parameter)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            return 0, {}
        parse(found["Value"])
        return found["Version"], json.loads(found["Value"])

    return read


def test_set_off_on_and_undo(flags: Callable[..., Ended], stored: Any) -> None:
    """What I set is what the functions read; off, on and undo each make a version; all is told."""
    done = flags(*SET, "--percent", "12.5", "--allow", "a", "--deny", "b", "--yes")
    assert done.code == 0, done
    assert "12.5 % of all customers go in, 0 % go out" in done.err
    assert "Version 1 is written" in done.out
    version, document = stored()
    rollout = document["auto-confirm"]
    assert (version, rollout["percent"], rollout["allow"], rollout["deny"]) == (
        1,
        12.5,
        ["a"],
        ["b"],
    )
    assert flags("off", "auto-confirm", "--reason", "too early", "--yes").code == 0
    assert stored()[1]["auto-confirm"] == {
        **rollout,
        "enabled": False,
        "reason": "too early",
    }
    assert flags("undo", "--yes").code == 0
    assert stored() == (3, document)
    assert flags("undo", "--yes").code == 0
    assert stored()[1]["auto-confirm"]["enabled"] is False
    assert flags("on", "auto-confirm", "--yes").code == 0
    assert stored()[1]["auto-confirm"]["enabled"] is True
    entries = json.loads(flags("history", "--json").out)
    assert [entry["version"] for entry in entries] == [5, 4, 3, 2, 1]
    reasons = [entry["reason"] for entry in entries]
    assert reasons == [
        "switched on",
        "undo of version 3",
        "undo of version 2",
        "too early",
        "trial",
    ]
    assert entries[3]["changes"] == {"auto-confirm": "enabled yes → no"}
    assert all(entry["who"] for entry in entries)
    assert "enabled yes → no" in flags("history").out


def test_ls_and_show(flags: Callable[..., Ended]) -> None:
    """I see every flag there is, what holds where nobody has set it, and all ids of a list."""
    listed = {entry["flag"]: entry for entry in json.loads(flags("ls", "--json").out)}
    assert {name: entry["default"] for name, entry in listed.items()} == {
        "auto-confirm": False,
        "order-edits": True,
        "partner-webhooks": True,
    }
    assert "not set: on for everybody" in flags("ls").out
    assert flags("history").out == "No flag was ever set.\n"
    assert flags("set", "order-edits", "--deny", "x", "--reason", "w", "--yes").code == 0
    shown = flags("show", "order-edits").out
    assert "x" in shown
    assert json.loads(flags("show", "order-edits", "--json").out)[0]["set"]["deny"] == ["x"]
    assert "auto-confirm" in flags("show").out


def test_not_agreed(
    flags: Callable[..., Ended], stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is written I see old and new, and am asked; unless I say yes, nothing is."""
    monkeypatch.setattr("builtins.input", lambda: "n")
    for arguments in (
        (*SET, "--percent", "25"),
        ("off", "order-edits", "--reason", "w"),
        ("on", "auto-confirm"),
    ):
        ended = flags(*arguments)
        assert (ended.code, "Nothing was changed" in ended.err) == (1, True), ended
        assert "Then" in ended.out
    assert stored() == (0, {})


def test_nothing_to_change(flags: Callable[..., Ended], stored: Any) -> None:
    """What is so already is not written again; undoing where nothing was set is told."""
    assert flags(*SET, "--percent", "5", "--yes").code == 0
    again = flags(*SET, "--percent", "5", "--json")
    assert (again.code, "already" in again.err) == (0, True)
    assert json.loads(again.out) == {"version": 1, "changes": []}
    assert stored()[0] == 1


def test_undo_of_nothing(flags: Callable[..., Ended]) -> None:
    """Where no flag was ever set I am told that there is nothing to undo."""
    ended = flags("undo", "--yes")
    assert (ended.code, "nothing to undo" in ended.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        (*SET, "--percent", "100.01"),
        (*SET, "--percent", "-1"),
        (*SET, "--percent", "12.345"),
        (*SET, "--percent", "nan"),
        (*SET, "--percent", "a third"),
        SET,
        (*SET, "--allow", "a", "--deny", "a"),
        (*SET, "--allow", ""),
        ("set", "auto-confirm", "--percent", "5"),
        ("set", "auto-confirm", "--percent", "5", "--reason", " "),
        ("off", "order-edits"),
        ("history", "--limit", "0"),
    ],
)
def test_wrong_usage(flags: Callable[..., Ended], stored: Any, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is refused with exit code 2, and nothing is written."""
    assert flags(*arguments).code == 2
    assert stored() == (0, {})


def test_unknown_flag(flags: Callable[..., Ended]) -> None:
    """A flag that the code does not ask for is refused, with what I probably meant."""
    ended = flags("off", "order-edit", "--reason", "w", "--yes")
    assert (ended.code, "'order-edits'?" in ended.err) == (2, True)


def test_json(flags: Callable[..., Ended], stack: Endpoints) -> None:
    """A program gets old, new, who goes in and out, and the version, as JSON and nothing else."""
    arguments = ("--percent", "0", "--allow", stack.partner_id, "--allow", "of-nobody")
    ended = flags("set", "partner-webhooks", "--reason", "w", *arguments, "--json", "--yes")
    document = json.loads(ended.out)
    (change,) = document["changes"]
    assert (document["version"], change["old"], change["new"]["percent"]) == (1, None, 0)
    assert (change["percentIn"], change["percentOut"]) == (0, 100)
    assert change["ids"][stack.partner_id] == {"old": True, "new": True}
    size, out = change["sample"]["size"], change["sample"]["out"]
    assert size >= 2
    assert out == size - 1  # all partners but the one on the list


def patch(order_id: str, sub: str, body: Any) -> tuple[int, str]:
    """Change an order as a customer, in a function that has just started."""
    asked.flags.cache_clear()
    claims = {"token_use": "id", "sub": sub}
    sent = event("PATCH", "/orders", order_id=order_id, body=body, claims=claims)
    answer = update_order.handler(sent, None)
    return answer["statusCode"], json.loads(answer["body"]).get("type", "").rpartition(":")[2]


@pytest.mark.usefixtures("fresh_function")
def test_edits_off(
    flags: Callable[..., Ended], parameter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Denied order-edits, a customer changes no contents, but cancels; others edit as before."""
    monkeypatch.setenv("FLAGS_PARAMETER", parameter)
    # Other tests may have placed more orders than a command looks at.
    monkeypatch.setattr("ops.flags._ORDERS_READ", 1_000_000)
    mine, theirs = f"me-{uuid.uuid4().hex[:8]}", f"they-{uuid.uuid4().hex[:8]}"
    orders = {sub: place(sub) for sub in (mine, theirs)}
    assert patch(orders[mine], mine, {"note": "before"})[0] == 200
    denied = flags("set", "order-edits", "--deny", mine, "--reason", "abuse", "--yes", "--json")
    assert json.loads(denied.out)["changes"][0]["sample"]["out"] == 1
    assert patch(orders[mine], mine, {"note": "after"}) == (403, "edits-disabled")
    assert patch(orders[theirs], theirs, {"note": "after"})[0] == 200
    assert flags("off", "order-edits", "--reason", "incident", "--yes").code == 0
    assert patch(orders[theirs], theirs, {"note": "later"}) == (403, "edits-disabled")
    for sub in (mine, theirs):
        assert patch(orders[sub], sub, {"status": "CANCELLED"})[0] == 200


def place(sub: str) -> str:
    """Place a customer's order."""
    body = {name: value for name, value in order().items() if name != "customerId"}
    sent = event(
        "POST",
        "/orders",
        body=body,
        headers={"Idempotency-Key": uuid.uuid4().hex},
        claims={"token_use": "id", "sub": sub},
    )
    answer = create_order.handler(sent, None)
    assert answer["statusCode"] == 201, answer
    return str(json.loads(answer["body"])["orderId"])

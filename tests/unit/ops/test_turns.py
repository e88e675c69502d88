"""Two operators at the same moment: one's whole command, between any two steps of the other's."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import pickle
import re
import signal
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from typer.main import get_command

from cli import app as cli
from cli import options
from infrastructure.settings import tags
from ops import turns
from ops.partners import accounts as partner_accounts
from orders.flags import parse
from orders.partner_endpoints import endpoint_in, text_of
from orders.settings import LOG_LEVEL
from orders.webhooks import Deferred, Endpoint
from tests.unit.ops.account import DEAD, SOURCE, Account, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMAND = get_command(cli.app)  # made once, for thousands of runs
WEBHOOK = "/food-delivery/dev/partners/acme/webhook"
OVERTAKEN = re.compile("Another operator (is changing|has changed|or a deployment has changed)")

Command = tuple[str, ...]
PARTNERS: dict[str, Command] = {
    "add": ("add", "Acme", "--plan", "standard", "--webhook-url", "https://a.example.com"),
    "disable": ("disable", "acme", "--yes"),
    "enable": ("enable", "acme"),
    "rotate-key": ("rotate-key", "acme"),
    "expire-old": ("rotate-key", "acme", "--expire-old", "--yes"),
    "rotate-secret": ("rotate-secret", "acme"),
    "finish": ("rotate-secret", "acme", "--finish", "--yes"),
    "set-webhook": ("set-webhook", "acme", "https://b.example.com", "--yes"),
    "no-webhook": ("set-webhook", "acme", "--none", "--yes"),
    "remove": ("remove", "acme", "--yes"),
}
STATES: dict[str, tuple[int, int, str]] = {
    "nobody": (0, 0, ""),
    "whole": (1, 1, "on"),
    "disabled": (1, 1, "disabled"),
    "rotating": (2, 2, "on"),
}
"""For each state how many keys and secrets a partner has, and what its keys are."""

FLAGS: dict[str, Command] = {
    "set": ("flags", "set", "auto-confirm", "--percent", "25", "--reason", "x", "--yes"),
    "off": ("flags", "off", "order-edits", "--reason", "y", "--yes"),
    "undo": ("flags", "undo", "--yes"),
}


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no name be known here: where a webhook goes is not what is tried."""

    def unknown(*_: Any, **__: Any) -> None:
        raise Deferred("no address")

    monkeypatch.setattr(partner_accounts, "check_url", unknown)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Account, Command], Ended]:
    """Run a command on an account, also while another one runs."""
    monkeypatch.setattr(cli, "app", COMMAND)

    def running(account: Account, command: Command) -> Ended:
        monkeypatch.setattr(options, "find", lambda *_, **__: account.target)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                cli.main(command)
            except SystemExit as ended:
                code = ended.code
        if isinstance(code, str):
            return Ended(1, out.getvalue(), f"{err.getvalue()}{code}")
        return Ended(int(code or 0), out.getvalue(), err.getvalue())

    return running


def account_in(state: str) -> Account:
    """Make an account with a partner."""
    account, (keys, secrets, mark) = Account(), STATES[state]
    for number in range(1, keys + 1):
        name, of = f"food-delivery-dev-acme-{number}", {**tags("dev"), "partner": "acme"}
        key = account.client("apigateway").create_api_key(
            name=name, tags=of, enabled=mark == "on", value=f"value-{number}"
        )
        entry = {"apiKeyId": key["id"], "partnerId": "acme", "name": "Acme", "keyState": mark}
        account.items[key["id"]] = {field: {"S": text} for field, text in entry.items()}
        account.on_plan[key["id"]] = "plan-1"
    if secrets:
        endpoint = Endpoint("https://a.example.com", tuple(f"old-{n}" for n in range(secrets)))
        account.client("ssm").put_parameter(Name=WEBHOOK, Value=text_of(endpoint), Overwrite=True)
    account.steps = 0
    return account


def partner_in(account: Account) -> Any:
    """Say what is there, by what it is and not by its random name."""
    assert not [key for key in account.items if key.startswith("turn:")], (
        "a turn was not given back"
    )
    keys = [_key_in(account, key) for key in account.keys.values()]
    strays = sorted(account.items.keys() - account.keys.keys())
    text = account.value(WEBHOOK)
    endpoint = endpoint_in(text) if text else None
    secrets = [s if s.startswith("old") else "new" for s in endpoint.secrets] if endpoint else []
    return keys, strays, endpoint and endpoint.url, secrets


def _key_in(account: Account, key: dict[str, Any]) -> tuple[Any, ...]:
    entry = account.items.get(key["id"], {})
    plan = account.on_plan.get(key["id"])
    return key["name"], key["enabled"], plan, entry.get("keyState", {}).get("S")


Ends = tuple[list[int], Any]
"""How commands ended, and what is then there."""

_KNOWN: dict[Any, Ends] = {}


@dataclass(frozen=True)
class Pair:
    """Two commands that meet."""

    run: Callable[[Account, Command], Ended]
    start: Account
    mine: Command
    theirs: Command
    left: Callable[[Account], Any]
    """Says what is there."""

    def one_by_one(self) -> list[Any]:
        """Run both, either first: how each of us ends, and what is then there."""
        found = []
        for order in ((self.mine, self.theirs), (self.theirs, self.mine)):
            codes, left = self._in_turn(*order)
            mine = codes if order[0] is self.mine else codes[::-1]
            found.append((*mine, left))
        return found

    @cached_property
    def mine_alone(self) -> Any:
        """What mine leaves."""
        return self._in_turn(self.mine)[1]

    @cached_property
    def theirs_alone(self) -> Any:
        """What theirs leaves."""
        return self._in_turn(self.theirs)[1]

    def _in_turn(self, *commands: Command) -> Ends:
        """Run commands one after the other: once for all pairs that begin alike."""
        asked = (_state(self.start), commands, self.left, turns.LASTS)
        if asked not in _KNOWN:
            account = same(self.start)
            codes = [self.run(account, command).code for command in commands]
            _KNOWN[asked] = codes, self.left(account)
        return _KNOWN[asked]

    def meetings(self) -> Iterator[tuple[Account, Ended, Ended]]:
        """Run mine once for each of its steps, and theirs right before that step."""
        for step in range(1, 300):
            account = same(self.start)
            ended: list[Ended] = []
            at(account, step, lambda: ended.append(self.run(account, self.theirs)))  # noqa: B023
            me = self.run(account, self.mine)
            if not ended:
                assert step > 2
                return
            yield account, me, ended[0]

    def refusals(self) -> int:
        """Check each meeting: one was refused in words, or it is as if one had waited."""
        waited, refused = self.one_by_one(), 0
        for account, me, they in self.meetings():
            left = self.left(account)
            if OVERTAKEN.search(me.err):
                assert (me.code, left) == (1, self.theirs_alone), (me, they)
                assert "Nothing was written" in me.err, me
                refused += 1
            elif OVERTAKEN.search(they.err):
                assert (they.code, left) == (1, self.mine_alone), (me, they)
                assert "Nothing was written" in they.err, they
                refused += 1
            else:
                assert (me.code, they.code, left) in waited, (me, they)
        return refused


_STATE = ("clock", "items", "keys", "on_plan", "parameters", "functions", "queues")


def _state(account: Account) -> bytes:
    return pickle.dumps({name: getattr(account, name) for name in _STATE})


def same(account: Account) -> Account:
    """Give an account like this one."""
    made = Account()
    vars(made).update(pickle.loads(_state(account)))  # noqa: S301 - our own, of just now
    return made


def partners(name: str) -> Command:
    return ("partners", *PARTNERS[name])


@pytest.mark.parametrize("theirs", PARTNERS)
@pytest.mark.parametrize("mine", PARTNERS)
def test_on_one_partner(run: Any, mine: str, theirs: str) -> None:
    """Whoever is second on a partner is told, and has written nothing; or it is as if in turn."""
    pairs = [
        Pair(run, account_in(state), partners(mine), partners(theirs), partner_in)
        for state in STATES
    ]
    met = [pair for pair in pairs if pair.mine_alone != pair.left(pair.start)]
    refused = sum(pair.refusals() for pair in met)
    both = [pair for pair in met if pair.theirs_alone != pair.left(pair.start)]
    assert met
    assert refused or not both


@pytest.mark.parametrize("theirs", ["disable", "remove"])
@pytest.mark.parametrize(
    ("mine", "state"), [("add", "nobody"), ("enable", "disabled"), ("rotate-key", "whole")]
)
def test_no_disabled_partner_is_let_in(
    run: Any, monkeypatch: pytest.MonkeyPatch, mine: str, state: str, theirs: str
) -> None:
    """Though my command stands still until its turn has run out: who is shut out stays out."""
    monkeypatch.setattr(turns, "LASTS", dt.timedelta(minutes=-1))
    pair = Pair(run, account_in(state), partners(mine), partners(theirs), partner_in)
    waited, stopped = pair.one_by_one(), 0
    for account, me, they in pair.meetings():
        if me.code:
            assert they.code or not any(key["enabled"] for key in account.keys.values())
            stopped += "stood still" in me.err
        else:
            assert (me.code, they.code, partner_in(account)) in waited, (me, they)
    assert stopped


def test_what_is_told(run: Any) -> None:
    """I read what has become of the partner since I looked, without a secret, and what to do."""
    start = account_in("whole")
    pair = Pair(run, start, partners("set-webhook"), partners("rotate-secret"), partner_in)
    told = {me.err for _, me, _ in pair.meetings() if OVERTAKEN.search(me.err)}
    assert any("its webhook's secrets. Nothing was written. Look again" in text for text in told)
    assert not any(secret in text for text in told for secret in ("whsec_", "old-"))
    both = account_in("rotating")
    pair = Pair(run, both, partners("rotate-key"), partners("expire-old"), partner_in)
    told = {me.err for _, me, _ in pair.meetings()}
    assert any("was on and is expired" in text for text in told)


def test_what_differs(run: Any) -> None:
    """Keys that were made, removed or put on a plan, and webhooks, are each told in words."""
    found = {}
    for name, state in {"remove": "whole", "add": "nobody", "no-webhook": "whole"}.items():
        account = account_in(state)
        before = partner_accounts.look(account.target, "acme")
        run(account, partners(name))
        found[name] = partner_accounts.differences(
            before, partner_accounts.look(account.target, "acme")
        )
    assert [text.split()[-1] for text in found["remove"]] == ["gone", "gone"]
    assert [text.split()[-1] for text in found["add"]] == ["made", "set"]
    assert found["no-webhook"] == ["its webhook is gone"]
    account = account_in("whole")
    before = partner_accounts.look(account.target, "acme")
    account.on_plan.clear()
    (told,) = partner_accounts.differences(before, partner_accounts.look(account.target, "acme"))
    assert "standard → on no plan" in told


def test_a_killed_command_keeps_nobody_out_for_ever(run: Any) -> None:
    """Who could not give the turn back keeps others out for minutes, and I am told till when."""
    account = account_in("whole")
    account.before = lambda _, name: _die() if name == "delete_item" else None
    with pytest.raises(KeyError), turns.turn(account.target, "partner:acme", "x"):
        pass
    account.before = lambda *_: None
    refused = run(account, partners("disable"))
    assert refused.code == 1
    assert re.search(r"its turn ends at \d\d:\d\d:\d\d UTC", refused.err)
    assert all(key["enabled"] for key in account.keys.values())
    kept = next(item for name, item in account.items.items() if name.startswith("turn:"))
    kept["heldUntil"]["N"] = str(float(kept["heldUntil"]["N"]) - turns.LASTS.total_seconds())
    assert run(account, partners("disable")).code == 0
    assert not any(key["enabled"] for key in account.keys.values())


def _die() -> None:
    raise KeyError


def flags_in(account: Account) -> Any:
    """Say what each version of the flags was."""
    assert not account.items, "a turn was kept"
    versions = [parse(version["Value"]) for version in account.parameters["/flags"]]
    return [{name: (f.enabled, f.percent) for name, f in each.items()} for each in versions]


@pytest.mark.parametrize("theirs", FLAGS)
@pytest.mark.parametrize("mine", FLAGS)
def test_on_the_flags(run: Any, mine: str, theirs: str) -> None:
    """Whoever is second on the flags is told, and has written nothing; or it is as if in turn."""
    start = Account()
    for percent in (5, 10):
        text = f'{{"auto-confirm":{{"enabled":true,"percent":{percent}}}}}'
        start.client("ssm").put_parameter(Name="/flags", Value=text, Overwrite=True)
    assert Pair(run, start, FLAGS[mine], FLAGS[theirs], flags_in).refusals()


def levels_in(account: Account) -> list[str]:
    """Say how much callers make the functions log, and that the next release starts anew."""
    functions = account.functions
    assert all(functions.itself(name) == {LOG_LEVEL: "INFO"} for name in functions.latest)
    return [functions.called(name)[LOG_LEVEL] for name in functions.latest]


@pytest.mark.parametrize("theirs", [("DEBUG",), ("ERROR", "--function", "get_order")])
@pytest.mark.parametrize("mine", [("WARNING",), ("WARNING", "--function", "list_orders")])
def test_on_log_levels(run: Any, mine: Command, theirs: tuple[str, ...]) -> None:
    """Whoever changes a level second is told, and nobody's is overwritten unseen."""
    pair = Pair(run, Account(), ("logs", "level", *mine), ("logs", "level", *theirs), levels_in)
    waited, refused, their_level = pair.one_by_one(), 0, theirs[0]
    for account, me, they in pair.meetings():
        left = levels_in(account)
        if OVERTAKEN.search(me.err):
            assert (me.code, they.code) == (1, 0)
            assert all(now == their_level for now in _where(pair.theirs_alone, left, their_level))
            refused += 1
        else:
            assert (me.code, they.code, left) in waited, (me, they)
    assert bool(refused) is (len(mine) == 1 or len(theirs) == 1)


def _where(alone: list[str], left: list[str], level: str) -> list[str]:
    """Give what is left of those levels that their command alone would have set."""
    return [now for then, now in zip(alone, left, strict=True) if then == level]


def letters_in(account: Account) -> Any:
    """Count the dead letters, and those that were sent back."""
    assert not any(message["held"] for queue in account.queues.values() for message in queue)
    return len(account.queues[DEAD]), len(account.queues[SOURCE])


@pytest.mark.parametrize("theirs", ["redrive", "purge"])
@pytest.mark.parametrize("mine", ["redrive", "purge"])
def test_on_dead_letters(run: Any, tmp_path: Path, mine: str, theirs: str) -> None:
    """No dead letter is lost, sent twice or both; who finds fewer than shown is told so."""
    start = Account()
    for body in ("{}", "[]", "x"):
        start.client("sqs").send_message(QueueUrl=DEAD, MessageBody=body)
    start.steps, files = 0, iter(range(1_000_000))

    def command(name: str) -> Command:
        more = ("--all", "--to", str(tmp_path / f"{next(files)}")) if name == "purge" else ()
        return ("dlq", name, "processing", "--yes", *more)

    for step in range(1, 100):
        account, ended = same(start), []
        at(account, step, lambda: ended.append(run(account, command(theirs))))  # noqa: B023
        me = run(account, command(mine))
        if not ended:
            break
        written = sum(len(path.read_text().splitlines()) for path in tmp_path.iterdir())
        for path in tmp_path.iterdir():
            path.unlink()
        dead, back = letters_in(account)
        assert (dead, back + written) == (0, 3), (me, ended)
        missing = "No longer there: another operator" in me.err
        assert me.code == int(missing)
    assert step > 5

"""`orders partners` on the running stack, and its partners as HTTP clients."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from standardwebhooks import Webhook

from cli import app as cli
from cli import options
from infrastructure import outputs
from infrastructure.settings import stack_name
from ops import turns
from ops.partners import accounts
from ops.partners import keys as partner_keys
from ops.reach.clients import clients
from ops.reach.target import Target
from orders.partner_endpoints import endpoint_in
from orders.webhooks import signature_headers
from tests.shared.examples import order
from tests.shared.people import aws, client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

URL = "https://pos.example.com/hooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{8,}")


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def shown(self) -> dict[str, Any]:
        """What `--json` gave."""
        document: dict[str, Any] = json.loads(self.out)
        return document


class Killed(KeyboardInterrupt):
    """The command ends at one of its calls to AWS."""


class Fuse:
    """Ends a command at its n-th call to AWS, before or after the call is made."""

    def __init__(self) -> None:
        """Let everything pass."""
        self.calls = 0
        self.at = 0
        self.after = False
        self.instead: Callable[[], object] | None = None
        self._clients: dict[str, Any] = {}

    def set(
        self, at: int, *, after: bool = False, instead: Callable[[], object] | None = None
    ) -> None:
        """Blow at a call, counted from one; never at 0. Instead, something else may happen."""
        self.calls, self.at, self.after, self.instead = 0, at, after, instead

    def client(self, target: Target, service: str) -> Any:
        """Make a client of which each call counts."""
        client = self._clients[service] = target.client(service)
        hidden: Any = {}

        def before(**_: Any) -> None:
            self.calls += 1
            hidden["number"] = self.calls
            if self.calls == self.at and not self.after:
                self._blow()

        def done(**_: Any) -> None:
            if hidden["number"] == self.at and self.after:
                raise Killed

        for event, handler in (("before-call", before), ("after-call", done)):
            client.meta.events.register(f"{event}.{service}", handler, unique_id=f"fuse-{event}")
        return client

    def leave(self) -> None:
        """Count no longer what the clients are asked: they are everybody's."""
        for service, client in self._clients.items():
            for event in ("before-call", "after-call"):
                client.meta.events.unregister(f"{event}.{service}", unique_id=f"fuse-{event}")

    def _blow(self) -> None:
        if self.instead is None:
            raise Killed
        self.instead()


@pytest.fixture
def target(stack: Endpoints) -> Target:
    """The stack, as operators reach it."""
    described = aws(stack, "cloudformation").describe_stacks(StackName=stack.stack_name)
    given = described["Stacks"][0]["Outputs"]
    by_name = {item["OutputKey"]: item["OutputValue"] for item in given}
    client = clients(stack.aws_endpoint_url)
    return Target("the local run", stack_name("dev"), client, by_name, "make run")


@pytest.fixture
def neighbour(target: Target) -> Iterator[Target]:
    """Another stage of the account, whose name begins with that of the first."""
    table = f"partners-{uuid.uuid4().hex[:8]}"
    dynamodb = target.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "apiKeyId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "apiKeyId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    plan = target.client("apigateway").create_usage_plan(name=f"plan-of-{table}")
    own = {outputs.PARTNERS_TABLE: table, outputs.usage_plan("standard"): plan["id"]}
    found = replace(target, stack=stack_name("dev-eu"), outputs={**target.outputs, **own})
    yield found
    for key in partner_keys.read(found):
        partner_keys.delete(found, key)
    dynamodb.delete_table(TableName=table)


@pytest.fixture
def fuse() -> Iterator[Fuse]:
    made = Fuse()
    yield made
    made.leave()


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who was cut off while it gave its turn back keep nobody out for minutes."""
    monkeypatch.setattr(turns, "LASTS", dt.timedelta())


@pytest.fixture
def partners(
    target: Target,
    fuse: Fuse,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Ended]]:
    """Run a command of `orders partners` on the stack."""
    fused = replace(target, client=lambda service: fuse.client(target, service))
    monkeypatch.setattr(options, "find", lambda *_, **__: fused)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    there = {key.key_id for key in partner_keys.read(target)}

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main(["partners", *arguments, "--local"])
        said = capsys.readouterr()
        code = ended.value.code
        if isinstance(code, str):
            return Ended(1, said.out, f"{said.err}{code}")
        return Ended(int(code or 0), said.out, said.err)

    yield run
    for number, handler in before:
        signal.signal(number, handler)
    # Each command reads all partners: what a test has made is not for the next to read.
    for key in partner_keys.read(target):
        if key.key_id not in there:
            partner_keys.delete(target, key)


@pytest.fixture
def made(partners: Callable[..., Ended]) -> dict[str, Any]:
    """A partner with a webhook."""
    return partners("add", "A Partner", *new(), "--webhook-url", URL, "--json").shown


def new() -> list[str]:
    """Give a plan and an id that nobody has."""
    return ["--id", f"p-{uuid.uuid4().hex[:8]}", "--plan", "standard"]


def status(stack: Endpoints, key: str) -> int:
    """Place an order with a key."""
    headers = {"x-api-key": key, "Idempotency-Key": uuid.uuid4().hex}
    with client_of(stack, headers) as client:
        answer = client.post("/partner/orders", json=order())
    assert answer.status_code < 500, answer.text
    return answer.status_code


def secrets_of(target: Target, partner_id: str) -> tuple[str, ...]:
    """Read what events are signed with."""
    name = f"/food-delivery/dev/partners/{partner_id}/webhook"
    stored = target.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert stored["Type"] == "SecureString"
    return endpoint_in(stored["Value"]).secrets


def verifies(secrets: tuple[str, ...], secret: str) -> bool:
    """Tell whether a webhook that is sent now is genuine to who has one secret."""
    body = b'{"type":"order.placed"}'
    headers = signature_headers("event-1", int(time.time()), body, secrets)
    try:
        Webhook(secret).verify(body, headers)
    except Exception:  # noqa: BLE001 - the library's own, whichever
        return False
    return True


def test_add(stack: Endpoints, target: Target, partners: Callable[..., Ended]) -> None:
    """A partner that I add can place orders at once, and gets events signed with its secret."""
    partner_id = f"acme-{uuid.uuid4().hex[:8]}"
    name = partner_id.replace("-", " ").title()
    ended = partners("add", name, "--plan", "premium", "--webhook-url", URL, "--json")
    assert ended.code == 0, ended
    assert ended.shown["id"] == partner_id
    assert status(stack, ended.shown["apiKey"]) == 201
    assert secrets_of(target, partner_id) == (ended.shown["webhookSecret"],)
    assert "shown once" in ended.err
    shown = partners("show", partner_id, "--json").shown
    assert (shown["name"], shown["plan"], shown["state"]) == (name, "premium", "on")
    webhook = {"host": "pos.example.com", "url": URL, "secrets": 1, "disabled": False}
    assert shown["webhook"] == webhook
    described = target.client("apigateway").get_api_key(apiKey=shown["keys"][0]["keyId"])
    assert described["name"] == f"food-delivery-dev-{partner_id}-1"
    assert described["tags"]["partner"] == partner_id


def test_add_twice(partners: Callable[..., Ended]) -> None:
    """Adding a partner that is there changes and shows nothing, and names the way to a new key.

    Another one of its id is refused.
    """
    arguments = new()
    partners("add", "Bella", *arguments)
    again = partners("add", "Bella", *arguments)
    assert (again.code, again.out, "rotate-key" in again.err) == (0, "", True)
    told = partners("add", "Bella", *arguments, "--json").shown
    assert told == {"id": arguments[arguments.index("--id") + 1]}
    other = partners("add", "Stella", *arguments)
    assert (other.code, other.out, "Choose another --id" in other.err) == (1, "", True)


@pytest.mark.usefixtures("short_turns")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_add_killed_anywhere(
    stack: Endpoints, target: Target, partners: Callable[..., Ended], fuse: Fuse, *, after: bool
) -> None:
    """However often adding is cut off, saying it again ends in one partner, key and secret."""
    for number in range(1, 100):
        arguments = ["add", "Killed", *new(), "--webhook-url", URL, "--json"]
        partner_id = arguments[3]
        fuse.set(number, after=after)
        first = partners(*arguments)
        cut_off = fuse.calls >= number
        fuse.set(0)
        if not cut_off:
            break
        assert first.code == 130, first
        again = partners(*arguments)
        assert again.code == 0, again
        told = [ended.shown for ended in (first, again) if ended.out]
        shown = [document for document in told if "apiKey" in document]  # or it is there already
        assert shown, "nobody was told the key"
        assert all(document == shown[0] for document in shown)
        keys = partner_keys.read(target, partner_id)
        assert [key.state for key in keys] == ["on"], number
        assert secrets_of(target, partner_id) == (shown[0]["webhookSecret"],)
        assert status(stack, shown[0]["apiKey"]) == 201
    assert number > 8


def test_half_made_opens_nothing(
    stack: Endpoints, target: Target, partners: Callable[..., Ended], fuse: Fuse
) -> None:
    """A partner whose making was cut off before its key was shown gets 403."""
    for number in range(1, 100):
        arguments = ["add", "Half", *new(), "--json"]
        fuse.set(number, after=True)
        first = partners(*arguments)
        cut_off = fuse.calls >= number
        fuse.set(0)
        if not cut_off or first.out:
            break
        for key in partner_keys.read(target, arguments[3]):
            assert status(stack, partner_keys.value_of(target, key)) == 403
    assert number > 5


def test_partner_of_a_stage_that_came_back(
    stack: Endpoints, target: Target, partners: Callable[..., Ended], made: dict[str, Any]
) -> None:
    """Its plans are new: `add` once more puts a partner's keys on one, and shows no key again."""
    (key,) = accounts.look(target, made["id"]).keys
    partner_keys.leave(target, key)
    assert status(stack, made["apiKey"]) == 403
    again = partners("add", "A Partner", "--id", made["id"], "--plan", "premium")
    assert (again.code, again.out) == (0, ""), again
    assert accounts.look(target, made["id"]).plan == "premium"
    assert status(stack, made["apiKey"]) == 201


def test_disable(stack: Endpoints, partners: Callable[..., Ended], made: dict[str, Any]) -> None:
    """The first request after I disable a partner gets 403, and enabling lets it in again."""
    partner_id, key = made["id"], made["apiKey"]
    for command, expected in (("disable", 403), ("disable", 403), ("enable", 201)):
        asked = ["--yes"] if command == "disable" else []
        assert partners(command, partner_id, *asked).code == 0
        assert status(stack, key) == expected


def test_disable_ends_webhooks(partners: Callable[..., Ended], made: dict[str, Any]) -> None:
    """Who is disabled is sent nothing, to no other address either, until it is enabled again."""
    other = ["set-webhook", made["id"], "https://other.example.com/", "--yes"]
    steps = (["disable", made["id"], "--yes"], other, ["enable", made["id"]])
    for step, disabled in zip(steps, (True, True, False), strict=True):
        assert partners(*step).code == 0
        shown = partners("show", made["id"], "--json").shown["webhook"]
        assert (shown["disabled"], shown["secrets"]) == (disabled, 1)


def test_disable_asks(
    stack: Endpoints,
    partners: Callable[..., Ended],
    made: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless I say yes, nobody is shut out."""
    monkeypatch.setattr("builtins.input", lambda: "n")
    ended = partners("disable", made["id"])
    assert (ended.code, "Nothing was changed" in ended.err) == (1, True)
    assert status(stack, made["apiKey"]) == 201


def test_enable_revives_no_expired_key(
    stack: Endpoints, partners: Callable[..., Ended], made: dict[str, Any]
) -> None:
    """Who is enabled again has the keys that were on, not one that has expired."""
    newer = partners("rotate-key", made["id"], "--json").shown["apiKey"]
    partners("rotate-key", made["id"], "--expire-old", "--yes")
    partners("disable", made["id"], "--yes")
    partners("enable", made["id"])
    assert (status(stack, made["apiKey"]), status(stack, newer)) == (403, 201)


@pytest.mark.usefixtures("short_turns")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_disable_and_enable_killed_anywhere(
    stack: Endpoints,
    partners: Callable[..., Ended],
    fuse: Fuse,
    made: dict[str, Any],
    *,
    after: bool,
) -> None:
    """Cut off anywhere, disabling and enabling are repeated, and end as if they had not been."""
    for command, expected in (("disable", 403), ("enable", 201)):
        for number in range(1, 100):
            partners("enable" if command == "disable" else "disable", made["id"], "--yes")
            fuse.set(number, after=after)
            partners(command, made["id"], *(["--yes"] if command == "disable" else []))
            cut_off = fuse.calls >= number
            fuse.set(0)
            if not cut_off:
                break
            partners(command, made["id"], *(["--yes"] if command == "disable" else []))
            assert status(stack, made["apiKey"]) == expected, (command, number)


def test_rotate_key(stack: Endpoints, partners: Callable[..., Ended], made: dict[str, Any]) -> None:
    """Old and new key both work until I expire the old one; there are never three."""
    newer = partners("rotate-key", made["id"], "--json").shown["apiKey"]
    assert newer != made["apiKey"]
    assert (status(stack, made["apiKey"]), status(stack, newer)) == (201, 201)
    third = partners("rotate-key", made["id"])
    assert (third.code, third.out, "--expire-old" in third.err) == (1, "", True)
    assert partners("rotate-key", made["id"], "--expire-old", "--yes").code == 0
    assert (status(stack, made["apiKey"]), status(stack, newer)) == (403, 201)
    partners("rotate-key", made["id"], "--expire-old", "--yes")
    assert status(stack, newer) == 201


@pytest.mark.usefixtures("short_turns")
def test_rotate_key_killed_anywhere(
    stack: Endpoints, target: Target, partners: Callable[..., Ended], fuse: Fuse
) -> None:
    """Cut off anywhere, rotating a key is repeated, and the partner has two and no more."""
    for number in range(1, 100):
        arguments = new()
        partners("add", "Rotated", *arguments)
        fuse.set(number, after=True)
        first = partners("rotate-key", arguments[1], "--json")
        cut_off = fuse.calls >= number
        fuse.set(0)
        if not cut_off:
            break
        again = partners("rotate-key", arguments[1], "--json")
        shown = [ended.shown["apiKey"] for ended in (first, again) if ended.out]
        states = [key.state for key in partner_keys.read(target, arguments[1])]
        assert states == ["on", "on"], (number, first, again)
        assert {status(stack, key) for key in shown} == {201}
    assert number > 8


def test_new_key_of_a_disabled_partner(
    stack: Endpoints, partners: Callable[..., Ended], made: dict[str, Any]
) -> None:
    """A new key lets nobody in whom I have shut out, until I enable the partner."""
    partners("disable", made["id"], "--yes")
    newer = partners("rotate-key", made["id"], "--json").shown["apiKey"]
    assert status(stack, newer) == 403
    partners("rotate-key", made["id"], "--expire-old", "--yes")
    partners("enable", made["id"])
    assert (status(stack, made["apiKey"]), status(stack, newer)) == (403, 201)


def test_rotate_secret(
    target: Target,
    partners: Callable[..., Ended],
    made: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a secret changes each webhook verifies with either; after that with the new alone."""
    partner_id, old = made["id"], made["webhookSecret"]
    new_one = partners("rotate-secret", partner_id, "--json").shown["webhookSecret"]
    stored = secrets_of(target, partner_id)
    assert stored == (new_one, old)
    assert verifies(stored, old)
    assert verifies(stored, new_one)
    third = partners("rotate-secret", partner_id)
    assert (third.code, third.out, "--finish" in third.err) == (1, "", True)
    early = partners("rotate-secret", partner_id, "--finish", "--yes")
    assert (early.code, "Wait two minutes" in early.err) == (1, True)
    monkeypatch.setattr(accounts, "SETTLES", dt.timedelta())
    assert partners("rotate-secret", partner_id, "--finish", "--yes").code == 0
    assert partners("rotate-secret", partner_id, "--finish", "--yes").code == 0
    stored = secrets_of(target, partner_id)
    assert stored == (new_one,)
    assert (verifies(stored, new_one), verifies(stored, old)) == (True, False)


def test_set_webhook(target: Target, partners: Callable[..., Ended], made: dict[str, Any]) -> None:
    """Another URL keeps the secret; with --none no events are sent, and a new start is shown."""
    partner_id = made["id"]
    moved = partners("set-webhook", partner_id, "https://new.example.com/", "--yes")
    assert (moved.code, moved.out) == (0, "")
    assert partners("show", partner_id, "--json").shown["webhook"]["host"] == "new.example.com"
    assert secrets_of(target, partner_id) == (made["webhookSecret"],)
    assert partners("set-webhook", partner_id, "--none", "--yes").code == 0
    assert partners("show", partner_id, "--json").shown["webhook"] is None
    assert "set-webhook" in partners("rotate-secret", partner_id).err
    anew = partners("set-webhook", partner_id, URL, "--yes", "--json").shown["webhookSecret"]
    assert secrets_of(target, partner_id) == (anew,)
    assert anew != made["webhookSecret"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://x.example.com/", "https://u:p@x.example.com/", "https://x.example.com/#f", "x"),
        *("https://10.0.0.1/", "https://169.254.169.254/"),
    ],
)
def test_bad_url(partners: Callable[..., Ended], url: str) -> None:
    """A URL to which no event would be sent is refused before anything is made."""
    arguments = new()
    ended = partners("add", "Bad", *arguments, "--webhook-url", url)
    assert ended.code == 2
    assert partners("show", arguments[1]).code == 1


def test_remove(stack: Endpoints, partners: Callable[..., Ended], made: dict[str, Any]) -> None:
    """Who is removed gets 403 and is gone; its orders stay, and do not pass on unasked."""
    assert status(stack, made["apiKey"]) == 201
    assert partners("remove", made["id"], "--yes").code == 0
    assert status(stack, made["apiKey"]) == 403
    gone = partners("show", made["id"])
    assert (gone.code, "`orders partners ls --local` shows all" in gone.err) == (1, True)
    with client_of(stack, {"Authorization": stack.operator_token}) as operator:
        answer = operator.get("/orders", params={"partnerId": made["id"]})
    assert len(answer.json()["orders"]) == 1


def test_id_with_orders(
    stack: Endpoints,
    partners: Callable[..., Ended],
    made: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever gets the id of a partner that was removed could read its orders: I am asked."""
    monkeypatch.setattr("builtins.input", lambda: "n")
    status(stack, made["apiKey"])
    partners("remove", made["id"], "--yes")
    ended = partners("add", "Another", "--id", made["id"], "--plan", "standard")
    assert (ended.code, ended.out, "former partner" in ended.err) == (1, "", True)


def test_remove_asks_for_the_id(
    stack: Endpoints,
    partners: Callable[..., Ended],
    made: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A partner is removed when I type its id, and not when I say yes."""
    monkeypatch.setattr("builtins.input", lambda: "yes")
    assert partners("remove", made["id"]).code == 1
    assert status(stack, made["apiKey"]) == 201
    monkeypatch.setattr("builtins.input", lambda: made["id"])
    assert partners("remove", made["id"]).code == 0
    assert status(stack, made["apiKey"]) == 403


@pytest.mark.usefixtures("short_turns")
def test_remove_killed_anywhere(target: Target, partners: Callable[..., Ended], fuse: Fuse) -> None:
    """Cut off anywhere, removing is repeated, and nothing of the partner is left."""
    for number in range(1, 100):
        arguments = new()
        partners("add", "Removed", *arguments, "--webhook-url", URL)
        fuse.set(number, after=True)
        partners("remove", arguments[1], "--yes")
        cut_off = fuse.calls >= number
        fuse.set(0)
        if not cut_off:
            break
        partners("remove", arguments[1], "--yes")
        left = accounts.look(target, arguments[1])
        assert (left.keys, left.webhook) == ((), None), number
    assert number > 8


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (["set-webhook", "https://b.example.com", "--yes"], ["rotate-secret"]),
        (["rotate-key"], ["disable", "--yes"]),
    ],
)
def test_two_operators(
    stack: Endpoints,
    target: Target,
    partners: Callable[..., Ended],
    fuse: Fuse,
    *,
    mine: list[str],
    theirs: list[str],
) -> None:
    """Another's whole command between two steps of mine: no secret is lost, nobody let in again."""
    told = set()
    for number in range(1, 100):
        made = partners("add", "Two", *new(), "--webhook-url", URL, "--json").shown
        ended: list[Ended] = []
        their_command = (theirs[0], made["id"], *theirs[1:])
        fuse.set(number, instead=lambda: ended.append(partners(*their_command)))  # noqa: B023
        me = partners(mine[0], made["id"], *mine[1:])
        fuse.set(0)
        if not ended:
            break
        assert (me.code, ended[0].code) in ((0, 0), (0, 1), (1, 0)), (me, ended)
        told |= {command.err for command in (me, ended[0]) if command.code}
        if ended[0].code == 0:
            shown = SECRET.findall(ended[0].out)
            assert set(shown) <= set(secrets_of(target, made["id"]))
            assert theirs[0] != "disable" or status(stack, made["apiKey"]) == 403
    assert all("Another operator" in text and "Nothing was written" in text for text in told)
    assert len(told) > 1


def test_demo_partners(stack: Endpoints, partners: Callable[..., Ended]) -> None:
    """The demo partners of the local run are partners like any other."""
    listed = {each["id"]: each for each in json.loads(partners("ls", "--json").out)}
    assert {stack.partner_id, stack.other_partner_id} <= set(listed)
    demo = listed[stack.partner_id]
    assert (demo["name"], demo["plan"], demo["state"]) == ("Acme Point of Sale", "standard", "on")
    assert demo["webhook"]["secrets"] == 1
    assert "Acme Point of Sale" in partners("show", stack.partner_id).out


def test_secrets_stay_secret(
    target: Target, partners: Callable[..., Ended], made: dict[str, Any]
) -> None:
    """Whatever I look at or change, no key and no secret is on my screen a second time."""
    partners("rotate-key", made["id"])
    partners("rotate-secret", made["id"])
    hidden = {partner_keys.value_of(target, key) for key in partner_keys.read(target)}
    hidden |= {*secrets_of(target, made["id"]), made["apiKey"], made["webhookSecret"]}
    for command in (
        *(["ls"], ["show", made["id"]], ["usage", made["id"]]),
        *(["disable", made["id"], "--yes"], ["enable", made["id"]]),
        ["rotate-key", made["id"], "--expire-old", "--yes"],
        ["set-webhook", made["id"], "https://y.example.com", "--yes"],
        ["remove", made["id"], "--yes"],
    ):
        for more in ([], ["--json"]) if command[0] in ("ls", "show", "usage") else ([],):
            ended = partners(*command, *more)
            said = ended.out + ended.err
            assert ended.code == 0, ended
            assert not SECRET.search(said), command
            assert not [secret for secret in hidden if secret in said], command


def test_usage(partners: Callable[..., Ended], made: dict[str, Any]) -> None:
    """Where API Gateway says nothing of usage, I am told so, and the quota is there anyway."""
    assert "tells no usage" in partners("usage", made["id"]).out
    shown = partners("usage", made["id"], "--json").shown
    assert (shown["dailyQuota"], shown["days"]) == (1_000_000, [])  # lifted for tests


def test_a_stage_that_begins_alike(
    target: Target, neighbour: Target, partners: Callable[..., Ended]
) -> None:
    """Dev's commands neither list, use, show nor switch off a key of dev-eu, finished or not."""
    half = partner_keys.create(neighbour, "acme", 1)
    whole = accounts.prepare(neighbour, accounts.Wanted("other", "Other", "standard"))
    assert whole is not None
    accounts.open_(neighbour, whole)
    theirs = {half.key_id, whole.key.key_id}
    assert partners("ls", "--json").code == 0
    assert not theirs & {key.key_id for key in partner_keys.read(target)}
    assert partners("show", "eu-acme").code == 1
    made = partners("add", "Acme", "--id", "eu-acme", "--plan", "standard", "--json").shown
    (key,) = partners("show", "eu-acme", "--json").shown["keys"]
    assert key["keyId"] not in theirs
    assert made["apiKey"] != partner_keys.value_of(neighbour, half)
    for command in ("disable", "remove"):
        assert partners(command, "eu-acme", "--yes").code == 0
    states = {each.key_id: each.state for each in partner_keys.read(neighbour)}
    assert states == {half.key_id: "new", whole.key.key_id: "on"}

"""A person is erased from the running stack: then everything is searched for what was theirs."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cli import app as cli
from local.demo.people import subject_of
from ops.customers.people import fingerprint
from ops.customers.placeholders import ERASED, PHONE
from project import private_files
from tests.integration.workers.test_webhooks import received
from tests.shared.examples import order
from tests.shared.people import aws, client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PATIENCE = 90.0
_PASSWORD = f"Own-{uuid.uuid4().hex[:16]}-1a"
_MANY = 100  # messages of one queue, at most


class Person(NamedTuple):
    """Somebody who orders, and what is theirs alone."""

    customer_id: str
    token: str
    mark: str
    """Stands in each free text that is theirs, their address of e-mail too."""


def sign_up(stack: Endpoints) -> Person:
    """Make a person in the user pool, and sign them in."""
    cognito, pool = aws(stack, "cognito-idp"), stack.user_pool_id
    mark = f"mark{uuid.uuid4().hex[:12]}"
    email = f"{mark}@example.com"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}],
    )
    whom = {"UserPoolId": pool, "Username": email, "Password": _PASSWORD}
    cognito.admin_set_user_password(**whom, Permanent=True)
    clients = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    (client,) = (one["ClientId"] for one in clients if one["ClientName"] == "local-demo")
    token = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": _PASSWORD},
    )["AuthenticationResult"]["IdToken"]
    return Person(subject_of(token), token, mark)


def marked(mark: str) -> dict[str, Any]:
    """Give an order with the mark in each text that is a person's."""
    texts = {name: f"{mark} {name}" for name in ("line1", "line2", "city", "region")}
    address = {**texts, "postalCode": mark, "country": "US"}
    line = {"itemId": "a", "name": "pizza", "quantity": 1, "unitPrice": 1, "note": f"{mark} hot"}
    sent = order(items=[line], deliveryAddress=address, note=f"{mark} ring")
    return {name: value for name, value in sent.items() if name != "customerId"}


def place_and_end(http: httpx.Client, path: str, body: dict[str, Any], mark: str) -> str:
    """Place an order and cancel it, with words of one's own; give its id."""
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    placed = http.post(path, json=body, headers=headers)
    assert placed.status_code == 201, placed.text
    order_id: str = placed.json()["orderId"]
    why = {"code": "other", "text": f"{mark} changed my mind"}
    move = {"status": "CANCELLED", "reason": why}
    ended = http.patch(f"{path}/{order_id}", json=move, headers={"Idempotency-Key": f"k-{mark}"})
    assert ended.status_code == 200, ended.text
    return order_id


def item_of(stack: Endpoints, order_id: str) -> dict[str, Any]:
    """Give an order as it is stored."""
    pages = aws(stack, "dynamodb").get_paginator("scan").paginate(TableName=stack.tables["orders"])
    items = (item for page in pages for item in page["Items"])
    return next(item for item in items if item["orderId"]["S"] == order_id)


@contextlib.contextmanager
def recovered(stack: Endpoints, item: dict[str, Any]) -> Iterator[str]:
    """Make a table as point-in-time recovery makes one, with one order in it; it goes again."""
    dynamodb = aws(stack, "dynamodb")
    key = dynamodb.describe_table(TableName=stack.tables["orders"])["Table"]["KeySchema"]
    names = sorted(part["AttributeName"] for part in key)
    copy = f"copy-{uuid.uuid4().hex}"
    dynamodb.create_table(
        TableName=copy,
        KeySchema=key,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=copy, Item=item)
    yield copy
    dynamodb.delete_table(TableName=copy)


def bury(stack: Endpoints, order_id: str) -> None:
    """Have both workers' dead letters hold a message about an order, as it is stored."""
    item, sqs = item_of(stack, order_id), aws(stack, "sqs")
    body = json.dumps({"eventName": "MODIFY", "dynamodb": {"NewImage": item, "OldImage": item}})
    for queue in ("order_processing", "partner_notifications"):
        sqs.send_message(QueueUrl=stack.queues[f"{queue}_dead_letters"], MessageBody=body)


def everything(stack: Endpoints) -> Iterator[tuple[str, str]]:
    """Give all that the run keeps, by where: tables, indexes, queues, logs, people, files."""
    dynamodb, sqs, logs = (aws(stack, name) for name in ("dynamodb", "sqs", "logs"))
    for table in dynamodb.list_tables()["TableNames"]:
        described = dynamodb.describe_table(TableName=table)["Table"]
        indexes = [one["IndexName"] for one in described.get("GlobalSecondaryIndexes", [])]
        for where in ({}, *({"IndexName": name} for name in indexes)):
            pages = dynamodb.get_paginator("scan").paginate(TableName=table, **where)
            text = json.dumps([page["Items"] for page in pages], default=str)
            yield f"table {table} {where}", text
    for url in sqs.list_queues()["QueueUrls"]:
        yield f"queue {url}", json.dumps(messages(sqs, url))
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            yield f"log {name}", "\n".join(event["message"] for event in page["events"])
    users = aws(stack, "cognito-idp").list_users(UserPoolId=stack.user_pool_id)
    yield "user pool", json.dumps(users["Users"], default=str)
    home = Path(stack.server_pem).parent
    for path in sorted(path for path in private_files.below(home) if path.is_file()):
        with contextlib.suppress(FileNotFoundError):  # a function's own, gone with it
            yield str(path.relative_to(home)), path.read_bytes().decode(errors="replace")


def messages(sqs: Any, url: str) -> list[str]:
    """Look at the messages of a queue, and leave them there."""
    found: dict[str, str] = {}
    for _ in range(_MANY):
        taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        news = {m["MessageId"]: m["Body"] for m in taken.get("Messages", [])}
        if not news.keys() - found.keys():
            break
        found |= news
    return list(found.values())


def places_of(stack: Endpoints, mark: str) -> set[str]:
    """Name where a mark is found."""
    return {where for where, text in everything(stack) if mark in text}


@pytest.fixture
def orders(
    stack: Endpoints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Run a command of `orders` on the running stack; gives its exit code and what it prints."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    monkeypatch.setattr(cli, "listen", lambda: None)

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["customers", *arguments, "--local"])
        said = capsys.readouterr()
        code = ended.value.code
        return (code, said.out) if isinstance(code, int) else (1, f"{said.out}{code}")

    return run


def assert_gone(stack: Endpoints, mark: str) -> None:
    """Wait until the run has told and saved all, and nothing of a person is left in it."""
    deadline = time.monotonic() + PATIENCE
    while found := places_of(stack, mark):
        assert time.monotonic() < deadline, found
        time.sleep(2)


def test_nothing_of_a_person_is_left(
    stack: Endpoints, orders: Callable[..., tuple[int, str]]
) -> None:
    """Tables, indexes, queues, dead letters, logs, traces and this machine's files: not a word.

    Ids, dishes and money stay, and operators see that it was erased.
    """
    person = sign_up(stack)
    with client_of(stack, {"Authorization": person.token}) as http:
        order_id = place_and_end(http, "/orders", marked(person.mark), person.mark)
        before = http.get(f"/orders/{order_id}").json()
    bury(stack, order_id)
    found = places_of(stack, person.mark)
    for place in ("table", "queue", "user pool"):
        assert any(where.startswith(place) for where in found), f"the search finds no {place}"
    code, dry = orders("erase", person.customer_id, "--dry-run", "--json")
    told = json.loads(dry)
    assert (code, told["toOverwrite"], told["deadLetters"], told["account"]) == (0, 1, 2, True)
    code, said = orders("erase", person.customer_id, "--yes", "--json")
    report = json.loads(said)
    assert (code, report["left"], report["account"]) == (0, [], "deleted")
    assert (report["ordersOverwritten"], report["deadLettersDeleted"]) == (1, 2)
    assert_gone(stack, person.mark)
    with client_of(stack, {"Authorization": stack.operator_token}) as operator:
        after = operator.get(f"/orders/{order_id}").json()
    assert after["erasedAt"] == after["updatedAt"]
    assert after["contactPhone"] == PHONE
    assert after["deliveryAddress"] == {
        "line1": ERASED, "city": ERASED, "postalCode": ERASED, "country": "US"
    }  # fmt: skip
    same = ("customerId", "items", "total", "status", "createdAt", "restaurantId")
    before["items"][0].pop("note")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["version"] == before["version"] + 1


def test_a_late_token_s_order_is_caught_by_a_second_run(
    stack: Endpoints, orders: Callable[..., tuple[int, str]]
) -> None:
    """A token of before lives for an hour: what is ordered with it goes when I erase again."""
    person = sign_up(stack)
    with client_of(stack, {"Authorization": person.token}) as http:
        place_and_end(http, "/orders", marked(person.mark), person.mark)
        assert orders("erase", person.customer_id, "--yes", "--json")[0] == 0
        late = http.post(
            "/orders", json=marked(person.mark), headers={"Idempotency-Key": uuid.uuid4().hex}
        ).json()["orderId"]
        code, said = orders("erase", person.customer_id, "--yes")
        assert (code, late in said) == (1, True)
        assert http.patch(f"/orders/{late}", json={"status": "CANCELLED"}).status_code == 200
    code, said = orders("erase", person.customer_id, "--yes", "--json")
    assert (code, json.loads(said)["ordersOverwritten"]) == (0, 1)
    assert_gone(stack, person.mark)


def test_a_partner_s_customer_is_erased_and_its_partner_hears_nothing(
    stack: Endpoints, acme: Partner, orders: Callable[..., tuple[int, str]]
) -> None:
    """By PARTNER#ID: the partner reads placeholders; no webhook tells of it, as no status changed.

    While a hold lasts, nothing is erased.
    """
    mark = f"mark{uuid.uuid4().hex[:12]}"
    customer = f"cust-{uuid.uuid4().hex[:8]}"
    whole = f"{stack.partner_id}#{customer}"
    body = {**marked(mark), "customerId": customer, "reference": "no-17"}
    order_id = place_and_end(acme.http, "/partner/orders", body, mark)
    bury(stack, order_id)
    assert orders("hold", whole, "--reason", "claim 4711")[0] == 0
    code, said = orders("erase", whole, "--yes")
    assert (code, "claim 4711" in said) == (1, True)
    assert whole in orders("holds")[1]
    assert acme.get(order_id).json()["note"] == f"{mark} ring"
    assert orders("release", whole, "--yes")[0] == 0
    code, said = orders("erase", whole, "--yes", "--json")
    assert (code, json.loads(said)["left"]) == (0, [])
    assert_gone(stack, mark)
    read = acme.get(order_id).json()
    assert (read["customerId"], read["reference"]) == (customer, "no-17")
    assert (read["contactPhone"], read["status"]) == (PHONE, "CANCELLED")
    assert "erasedAt" in read
    assert len(received(stack, order_id, 2)) == 2  # placed and cancelled


def test_a_recovered_copy_brings_nobody_back(
    stack: Endpoints,
    acme: Partner,
    dynamodb: Any,
    orders: Callable[..., tuple[int, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once erased, always: by the ledger, and by the audit log where the ledger is lost, too."""
    mark, customer = f"mark{uuid.uuid4().hex[:12]}", f"cust-{uuid.uuid4().hex[:8]}"
    whole = f"{stack.partner_id}#{customer}"
    body = {**marked(mark), "customerId": customer}
    order_id = place_and_end(acme.http, "/partner/orders", body, mark)
    before = item_of(stack, order_id)
    assert orders("erase", whole, "--yes", "--json")[0] == 0
    key = {name: before[name] for name in ("orderId", "timestamp")}
    for lost in (False, True):
        if lost:
            entry = {"key": {"S": f"erased#{fingerprint(whole)}"}}
            found = dynamodb.delete_item(
                TableName=stack.tables["idempotency_keys"], Key=entry, ReturnValues="ALL_OLD"
            )
            assert "erasedAt" in found["Attributes"]
        dynamodb.delete_item(TableName=stack.tables["orders"], Key=key)
        capsys.readouterr()
        with recovered(stack, before) as copy, pytest.raises(SystemExit) as ended:
            cli.main(["restore", "orders", "--from-table", copy, "--local", "--json", "--yes"])
        report = json.loads(capsys.readouterr().out)
        assert (ended.value.code, report["restored"], report["overwritten"]) == (0, 1, 1)
        assert acme.get(order_id).json()["contactPhone"] == PHONE
    assert_gone(stack, mark)


def test_a_person_gets_all_that_is_held_of_them(
    stack: Endpoints, orders: Callable[..., tuple[int, str]]
) -> None:
    """The export has each order, as its customer reads it, and the address of the account."""
    person = sign_up(stack)
    with client_of(stack, {"Authorization": person.token}) as http:
        ids = {place_and_end(http, "/orders", marked(person.mark), person.mark) for _ in range(2)}
        read = {order_id: http.get(f"/orders/{order_id}").json() for order_id in ids}
    code, said = orders("export", person.customer_id)
    records = [json.loads(line) for line in said.splitlines()]
    assert code == 0
    exported = [record["order"] for record in records if record["kind"] == "order"]
    assert {one["orderId"]: one for one in exported} == read
    (account,) = [record["attributes"] for record in records if record["kind"] == "person"]
    assert account["email"] == f"{person.mark}@example.com"
    assert json.loads(orders("export", person.customer_id, "--json")[1]) == records

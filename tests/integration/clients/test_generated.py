"""Clients that are generated from the OpenAPI document work as they are, in two languages."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from infrastructure import outputs
from local.serving import Handler, serving
from ops.partners.webhooks import new_secret
from orders.partner_endpoints import parameter_name, text_of
from orders.webhooks import Endpoint
from tests.integration.clients.generated import Client, in_python, in_typescript
from tests.shared.people import NewPartner, aws, make_partner, usage_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

WAYS = {"python": in_python, "typescript": in_typescript}


class Listener(NamedTuple):
    """A partner with an endpoint of its own, and each delivery that came there as it came."""

    partner: NewPartner
    secret: str
    deliveries: list[dict[str, Any]]

    def delivery_of(self, order_id: str) -> dict[str, Any]:
        """Wait for a delivery about an order."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for delivery in self.deliveries:
                if order_id in delivery["body"]:
                    return delivery
            time.sleep(0.1)
        raise AssertionError("no webhook came")


@pytest.fixture(scope="module", params=WAYS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client that has just been generated."""
    return WAYS[request.param](tmp_path_factory.mktemp(f"client-in-{request.param}"))


def key_of_secrets(stack: Endpoints) -> str:
    """Give the key under which the workers may read partners' secrets."""
    described = aws(stack, "cloudformation").describe_stacks(StackName=stack.stack_name)
    values = {each["OutputKey"]: each["OutputValue"] for each in described["Stacks"][0]["Outputs"]}
    return str(values[outputs.PARTNER_SECRETS_KEY])


@pytest.fixture(scope="module")
def listener(stack: Endpoints) -> Iterator[Listener]:
    """A partner that listens at an address of this machine."""
    deliveries: list[dict[str, Any]] = []

    class Keeper(Handler):
        def do_POST(self) -> None:  # noqa: N802 - the base class's name
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length).decode()
            deliveries.append({"headers": dict(self.headers.items()), "body": body})
            self.send(204, {}, b"")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(stack.server_pem)
    partner = make_partner(stack, plan=usage_plan(stack, "standard"))
    secret = new_secret()
    with serving(Keeper, 0, context) as url:
        aws(stack, "ssm").put_parameter(
            Name=parameter_name(stack.parameters["partners"], partner.partner_id),
            Value=text_of(Endpoint(url, (secret,))),
            Type="SecureString",
            KeyId=key_of_secrets(stack),
        )
        yield Listener(partner, secret, deliveries)


def test_its_types_hold(client: Client) -> None:
    """The generated code, and a program on it, have no type that does not hold."""
    assert client.complaints() == ""


def test_a_type_that_does_not_hold_is_told(client: Client) -> None:
    """The check of types sees the generated ones: a status that is none is an error."""
    (program,) = client.folder.glob("partner.*")
    right = program.read_text()
    wrong = right.replace("Status.DELIVERED", "3").replace('status: "DELIVERED"', 'status: "LOST"')
    assert wrong != right
    try:
        program.write_text(wrong)
        assert "partner." in client.complaints()
    finally:
        program.write_text(right)


def test_it_places_reads_changes_lists_and_verifies(
    client: Client, stack: Endpoints, listener: Listener
) -> None:
    """A partner's program does its day's work by the generated types, and trusts its webhook.

    The webhook is verified by the library of Standard Webhooks; one that is forged is refused.
    """
    done = client.answer("orders", API_URL=stack.api_url, API_KEY=listener.partner.key)
    order_id = done["orderId"]
    assert done == {
        "orderId": str(uuid.UUID(order_id)),
        "total": 2150,
        "note": "Ring twice",
        "listed": [order_id],
        "refused": "urn:problem-type:food-delivery:move-not-allowed",
    }
    delivery = listener.delivery_of(order_id)
    event = client.answer("webhook", json.dumps(delivery), WEBHOOK_SECRET=listener.secret)
    sent = json.loads(delivery["body"])
    assert {name: event[name] for name in sent if name != "occurredAt"} == {
        name: value for name, value in sent.items() if name != "occurredAt"
    }
    forged = {**delivery, "body": delivery["body"].replace("PLACED", "FAILED")}
    refused = client.run("webhook", json.dumps(forged), WEBHOOK_SECRET=listener.secret)
    assert refused.returncode != 0
    assert "WebhookVerificationError" in refused.stderr

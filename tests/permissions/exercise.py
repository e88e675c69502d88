"""A walk through the service that uses every permission that a function has.

Some are used rarely: whose a new API key is, the flags when they cannot be read, the key from which
secrets are derived. The walk provokes each of them, and waits until it is seen in the recording.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from infrastructure.functions import GATE, LIVE, Caller, construct_id, names
from orders.domain.lifecycle import Role
from orders.domain.serving.servers import Bound
from orders.routes import ROUTES
from tests.permissions.deployed import recorded, short
from tests.shared.examples import order
from tests.shared.people import aws, bind, client_of, make_partner, renew, usage_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.shared.people import NewPartner

_PATIENCE = 60.0
_PAUSE = 0.2
_TRIES = 20
_KEY = {"orderId": "orderId", "timestamp": "createdAt"}


class Walk:
    """One walk through a running copy."""

    def __init__(self, stack: Endpoints, recording: Path) -> None:
        """Walk through a copy whose functions are recorded."""
        self.stack = stack
        self._recording = recording

    def all(self) -> None:
        """Use everything."""
        self.customers()
        self.operators()
        self.restaurants()
        self.partners()
        self.webhooks()
        self.dead_letters()
        self.flags()
        self.deadlines()
        self.deployment()
        self.gate()

    def used(self, function: str, action: str, on: str) -> bool:
        """Tell whether a function was seen to do something on a resource whose ARN holds a text."""
        return any(
            function in short(asked.role) and asked.action == action and on in asked.resource
            for asked in recorded(self._recording.read_text())
        )

    def customers(self) -> None:
        """Place, read, list, edit; a repetition is answered from both tables."""
        with client_of(self.stack, {"Authorization": self.stack.customer_token}) as http:
            placed = self.place(http)
            body = {"note": "by the back door"}
            assert http.patch(f"/orders/{placed['orderId']}", json=body).status_code == 200
            self._read(http, placed["orderId"], Role.CUSTOMER)

    def operators(self) -> None:
        """List everybody's orders."""
        with client_of(self.stack, {"Authorization": self.stack.operator_token}) as http:
            assert http.get("/orders").status_code == 200

    def restaurants(self) -> None:
        """Read, list and reject what a customer has ordered at a restaurant, as its staff."""
        with client_of(self.stack, {"Authorization": self.stack.customer_token}) as http:
            placed = self.place(http, restaurantId="rest-2")
        with client_of(self.stack, {"Authorization": self.stack.restaurant_token}) as http:
            path = f"/restaurants/rest-2/orders/{placed['orderId']}"
            assert http.get(path).status_code == 200
            assert http.get("/restaurants/rest-2/orders").status_code == 200
            body = {"status": "REJECTED", "reason": {"code": "closed"}}
            assert http.patch(path, json=body).status_code == 200

    def partners(self) -> None:
        """Let functions that run already meet an API key that is new to them."""
        for name in map(construct_id, names(Caller.API)):
            for _ in range(_TRIES):
                if self.used(name, "dynamodb:GetItem", "Partners"):
                    break
                self._partner()
            else:
                raise AssertionError(f"{name} has met no new API key")

    def webhooks(self) -> None:
        """Send one that is signed with a derived secret, one that nobody takes, one to nowhere.

        Of the last one the address cannot be read, which has to wait in the first queue.
        """
        for url in (self.stack.webhooks_url, "https://127.0.0.1:9", None):
            partner = make_partner(self.stack, plan=usage_plan(self.stack, "standard"))
            # Before its first order: that it has none would be remembered for a minute.
            self._endpoint(partner, url)
            with client_of(self.stack, {"x-api-key": partner.key}) as http:
                self.place(http, "/partner/orders")
        self._served_by(partner)  # the one whose address cannot be read
        self._await("NotifyPartner", "kms:Decrypt", "key/")
        self._await("NotifyPartner", "ssm:GetParameter", "webhook-signing-key")
        for queue in ("PartnerNotifications", "RestaurantNotifications"):
            self._await("NotifyPartner", "sqs:ChangeMessageVisibility", queue)
        self._await("NotifyPartner", "sqs:SendMessage", "Retries")
        self._await("NotifyPartner", "sqs:ChangeMessageVisibility", "Retries")

    def dead_letters(self) -> None:
        """Send each worker what it can make nothing of."""
        sqs = aws(self.stack, "sqs")
        for queue, worker in (
            ("order_processing", "ProcessOrder"),
            ("partner_notifications", "NotifyPartner"),
            ("restaurant_notifications", "NotifyPartner"),
        ):
            sqs.send_message(QueueUrl=self.stack.queues[queue], MessageBody="no change of an order")
            letters = self.stack.queues[f"{queue}_dead_letters"].rpartition("/")[2]
            self._await(worker, "sqs:SendMessage", letters)

    def flags(self) -> None:
        """Confirm orders at once; then make the flags unreadable, so that an order has to wait."""
        ssm, name = aws(self.stack, "ssm"), self.stack.parameters["flags"]
        before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        for value, action, on in (
            (
                '{"auto-confirm": {"enabled": true, "percent": 100}}',
                "dynamodb:UpdateItem",
                "Orders",
            ),
            ("no flags", "sqs:ChangeMessageVisibility", "Processing"),
        ):
            ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
            self.renew("process_order")
            self.customers()
            self._await("ProcessOrder", action, on)
        ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)
        self.renew("process_order")
        self._await("UpdateOrder", "ssm:GetParameter", "flags")

    def deadlines(self) -> None:
        """Let an order wait for its restaurant, which has until its deadline."""
        bind(self.stack, "walked", Bound(""))
        with client_of(self.stack, {"Authorization": self.stack.customer_token}) as http:
            self.place(http, restaurantId="walked")
        self._await("ProcessOrder", "scheduler:CreateSchedule", "-deadlines/")
        self._await("ProcessOrder", "iam:PassRole", "Deadlines")

    def deployment(self) -> None:
        """Remove what a deployment has made, as with the stack, and make it anew."""
        flags = self.stack.parameters["flags"]
        signing_key = f"{flags.rpartition('/')[0]}/webhook-signing-key"
        address = f"{self.stack.aws_endpoint_url}/_ministack/cfn-response/walk?of=tests"
        for request in ("Delete", "Create"):
            self.ask_for_parameters(request, address, kind="RequestResponse")
        for action in ("ssm:DeleteParameters", "ssm:PutParameter"):
            for parameter in (flags, signing_key):
                self._await("CreateParameters", action, parameter)

    def gate(self) -> None:
        """Let the gate meet each function by its version and by its alias, which are the same."""
        live = {name: self._live(name) for name in names(Caller.API, Caller.QUEUE)}
        properties = {
            "Alias": LIVE,
            "Rounds": "1",
            "SlowFactor": "3",
            "Gate": "check",
            "Table": self.stack.tables["partners"],
            "Origin": "http://localhost:5173",
            "Quotes": "checked",
        }
        functions = {
            name: {"Name": self.stack.functions[name], "Version": version}
            for name, version in live.items()
        }
        before = {name: {**entry, "Version": "0"} for name, entry in functions.items()}
        event = {
            **self._asked("Update", f"{self.stack.aws_endpoint_url}/_ministack/cfn-response/gate"),
            "LogicalResourceId": "Gate",
            "ResourceProperties": {**properties, "Functions": functions},
            "OldResourceProperties": {**properties, "Functions": before},
        }
        aws(self.stack, "lambda").invoke(
            FunctionName=self.stack.functions[GATE], Payload=json.dumps(event)
        )
        self._await("ReleaseGate", "dynamodb:PutItem", "Partners")
        for name, version in live.items():
            for qualifier in (version, LIVE):
                on = f"{self.stack.functions[name]}:{qualifier}"
                self._await("ReleaseGate", "lambda:InvokeFunction", on)

    def _live(self, function: str) -> str:
        name = self.stack.functions[function]
        alias = aws(self.stack, "lambda").get_alias(FunctionName=name, Name=LIVE)
        return str(alias["FunctionVersion"])

    def _asked(self, request: str, address: str) -> dict[str, Any]:
        """Begin an event of CloudFormation's."""
        return {
            "RequestType": request,
            "StackId": self.stack.stack_name,
            "RequestId": uuid.uuid4().hex,
            "ResponseURL": address,
        }

    def ask_for_parameters(self, request: str, address: str, kind: str = "Event") -> None:
        """Call the function that makes parameters as CloudFormation does.

        Args:
            request: `Create`, `Update` or `Delete`.
            address: where its answer goes.
            kind: whether to wait for it.
        """
        flags = self.stack.parameters["flags"]
        event = {
            **self._asked(request, address),
            "LogicalResourceId": "CreatedParameters",
            "ResourceProperties": {
                "Flags": flags,
                "SigningKey": f"{flags.rpartition('/')[0]}/webhook-signing-key",
                "KeyId": self._secrets_key(),
            },
        }
        aws(self.stack, "lambda").invoke(
            FunctionName=self.stack.functions["create_parameters"],
            InvocationType=kind,
            Payload=json.dumps(event),
        )

    def renew(self, function: str) -> None:
        """Let new processes of a function take over, which know nothing yet."""
        renew(self.stack, function)

    def place(self, http: httpx.Client, path: str = "/orders", **changes: Any) -> dict[str, Any]:
        """Place an order twice with one key, the second time as a repetition."""
        body = order(**changes)
        if "partner" not in path:
            del body["customerId"]
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        first = http.post(path, json=body, headers=headers)
        again = http.post(path, json=body, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201), first.text
        placed: dict[str, Any] = first.json()
        return placed

    def _partner(self) -> None:
        """Make a partner that each function meets."""
        partner = make_partner(self.stack, plan=usage_plan(self.stack, "standard"))
        with client_of(self.stack, {"x-api-key": partner.key}) as http:
            placed = self.place(http, "/partner/orders")
            path = f"/partner/orders/{placed['orderId']}"
            self._read(http, placed["orderId"], Role.PARTNER)
            assert http.patch(path, json={"note": "hello"}).status_code == 200

    def _read(self, http: httpx.Client, order_id: str, caller: Role) -> None:
        """Use every route of a caller that reads, also those that this walk does not know.

        On a restaurant's routes a partner finds what it serves, which the order is not.
        """
        for route in ROUTES:
            if route.method == "GET" and route.caller is caller:
                path = route.path.replace("{orderId}", order_id)
                answer = http.get(path.replace("{restaurantId}", "walked"))
                expected = 404 if route.serves and path != route.path else 200
                assert answer.status_code == expected, f"{route.path}: {answer.text}"

    def _endpoint(self, partner: NewPartner, url: str | None) -> None:
        """Give a partner an address for webhooks, or what is none, and no secret of its own."""
        aws(self.stack, "ssm").put_parameter(
            Name=f"{self.stack.parameters['partners']}/{partner.partner_id}/webhook",
            Value=json.dumps({"url": f"{url}/{partner.partner_id}"} if url else {}),
            Type="SecureString",
            KeyId=self._secrets_key(),
            Overwrite=True,
        )

    def _served_by(self, partner: NewPartner) -> None:
        """Let a partner serve an order of another's."""
        with client_of(self.stack, {"x-api-key": self.stack.partner_api_key}) as http:
            placed = self.place(http, "/partner/orders")
        served_by = f"{partner.partner_id}#{placed['restaurantId']}"
        aws(self.stack, "dynamodb").update_item(
            TableName=self.stack.tables["orders"],
            Key={name: {"S": placed[of]} for name, of in _KEY.items()},
            UpdateExpression="SET servedBy = :server ADD version :one",
            ExpressionAttributeValues={":server": {"S": served_by}, ":one": {"N": "1"}},
        )

    def _secrets_key(self) -> str:
        cloudformation = aws(self.stack, "cloudformation")
        stack = cloudformation.describe_stacks(StackName=self.stack.stack_name)["Stacks"][0]
        found = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
        return str(found[outputs.PARTNER_SECRETS_KEY])

    def _await(self, function: str, action: str, on: str) -> None:
        wait_until(lambda: self.used(function, action, on), f"{function}: {action} on {on}")


def wait_until(promise: Callable[[], bool], what: str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + _PATIENCE
    while not promise():
        assert time.monotonic() < deadline, f"not seen: {what}"
        time.sleep(_PAUSE)

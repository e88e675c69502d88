"""A restaurant that a partner serves, and orders that are to be answered, on the running stack."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from orders.deadlines import message_of
from orders.domain.serving.servers import Bound
from tests.shared.people import aws, bind

if TYPE_CHECKING:
    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner


class Kitchen:
    """A restaurant of its own: acme serves it, and bella places orders there."""

    def __init__(self, stack: Endpoints, acme: Partner, bella: Partner) -> None:
        """Bind the restaurant, beside those that there are, and let functions know of it."""
        self.stack, self.server, self.placer = stack, acme, bella
        self.restaurant = f"kitchen-{uuid.uuid4().hex[:8]}"
        bind(stack, self.restaurant, Bound(stack.partner_id, (self._placer_id(),)))

    def _placer_id(self) -> str:
        return str(self.placer.place()["partnerId"])

    @property
    def path(self) -> str:
        """Where the restaurant finds its orders."""
        return f"/partner/restaurants/{self.restaurant}/orders"

    def place(self, **changes: Any) -> dict[str, Any]:
        """Place an order there, which its restaurant has to answer."""
        placed = self.placer.place(restaurantId=self.restaurant, **changes)
        assert "acceptBy" in placed
        return placed

    def answer(self, order_id: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Answer as the restaurant."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.http.patch(f"{self.path}/{order_id}", json=body, headers=sent)

    def time_is_up(self, order: dict[str, Any], *, seconds_ago: float = 1) -> None:
        """Let an order's deadline have come, as if it had been placed so much earlier."""
        moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
        deadline = f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
        aws(self.stack, "dynamodb").update_item(
            TableName=self.stack.tables["orders"],
            Key={"orderId": {"S": order["orderId"]}, "timestamp": {"S": order["createdAt"]}},
            UpdateExpression="SET acceptBy = :deadline",
            ExpressionAttributeValues={":deadline": {"S": deadline}},
        )

    def remind(self, order_id: str) -> None:
        """Send what a one-shot sends when a deadline has come."""
        url = self.stack.queues["order_processing"]
        aws(self.stack, "sqs").send_message(QueueUrl=url, MessageBody=message_of(order_id))

    def schedules(self, order_id: str) -> dict[str, dict[str, Any]]:
        """Give the one-shots of an order that are still to come, by name."""
        scheduler = aws(self.stack, "scheduler")
        listed = scheduler.list_schedules(NamePrefix=order_id)["Schedules"]
        return {
            one["Name"]: scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
            for one in listed
        }

    def read(self, order_id: str) -> dict[str, Any]:
        """Read an order as who placed it."""
        order: dict[str, Any] = self.placer.get(order_id).json()
        return order

    def wait_for(self, order_id: str, status: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until an order has a status, and give it."""
        deadline = time.monotonic() + seconds
        while (order := self.read(order_id))["status"] != status:
            assert time.monotonic() < deadline, order["status"]
            time.sleep(0.3)
        return order

"""A partner's program in Python, on the client that openapi-python-client makes.

python partner.py orders     places, reads, changes and lists: API_URL and API_KEY say where and who
python partner.py webhook    verifies a delivery with WEBHOOK_SECRET: headers and body on stdin
"""

from __future__ import annotations

import json
import os
import sys
import uuid

from orders_client import AuthenticatedClient
from orders_client.api.partner_orders import (
    partner_create_order,
    partner_get_order,
    partner_list_orders,
    partner_update_order,
)
from orders_client.models import (
    Address,
    Country,
    Currency,
    LineItem,
    NewPartnerOrder,
    Order,
    OrderEvent,
    OrderPage,
    PartnerOrderPatch,
    PartnerUpdateOrderResponse409,
    Status,
)
from standardwebhooks import Webhook


def new_order() -> NewPartnerOrder:
    """Make an order of two pizzas."""
    return NewPartnerOrder(
        restaurant_id="rest-1",
        currency=Currency.EUR,
        items=[LineItem(item_id="pizza", name="Pizza", quantity=2, unit_price=950)],
        delivery_fee=250,
        tip=0,
        delivery_address=Address(
            line1="Hauptstrasse 1", city="Berlin", postal_code="10115", country=Country.DE
        ),
        contact_phone="+493012345678",
        customer_id=f"cust-{uuid.uuid4().hex}",
    )


def place_and_change() -> dict[str, object]:
    """Place an order, read it, change it, list it, and try what its status does not allow."""
    client = AuthenticatedClient(
        os.environ["API_URL"], os.environ["API_KEY"], prefix="", auth_header_name="x-api-key"
    )
    sent = new_order()
    key = uuid.uuid4().hex
    placed = partner_create_order.sync_detailed(client=client, body=sent, idempotency_key=key)
    again = partner_create_order.sync_detailed(client=client, body=sent, idempotency_key=key)
    assert isinstance(placed.parsed, Order), placed.content
    assert placed.parsed == again.parsed
    order_id = uuid.UUID(placed.parsed.order_id)
    read = partner_get_order.sync(order_id, client=client)
    assert isinstance(read, Order), read
    noted = partner_update_order.sync_detailed(
        order_id, client=client, body=PartnerOrderPatch(note="Ring twice")
    )
    assert isinstance(noted.parsed, Order), noted.content
    page = partner_list_orders.sync(client=client, customer_id=sent.customer_id)
    assert isinstance(page, OrderPage), page
    refused = partner_update_order.sync(
        order_id, client=client, body=PartnerOrderPatch(status=Status.DELIVERED)
    )
    assert isinstance(refused, PartnerUpdateOrderResponse409), refused
    return {
        "orderId": placed.parsed.order_id,
        "total": read.total,
        "note": noted.parsed.note,
        "listed": [order.order_id for order in page.orders],
        "refused": refused.type_.value,
    }


def verify() -> dict[str, object]:
    """Verify a delivery, and read its event by the generated type."""
    delivery = json.load(sys.stdin)
    payload = Webhook(os.environ["WEBHOOK_SECRET"]).verify(delivery["body"], delivery["headers"])
    return OrderEvent.from_dict(payload).to_dict()


if __name__ == "__main__":
    print(json.dumps({"orders": place_and_change, "webhook": verify}[sys.argv[1]]()))

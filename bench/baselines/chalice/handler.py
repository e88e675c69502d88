"""Chalice with boto3; it has no models, so that the body is checked by hand, and less of it."""

from __future__ import annotations

import json
import time
from typing import Any

from chalice import BadRequestError, Chalice, Response
from shared import placing
from shared.codes import COUNTRIES, CURRENCIES

app = Chalice(app_name="orders")
app.log.setLevel("INFO")

REQUIRED = {
    "restaurantId": str,
    "customerId": str,
    "currency": str,
    "items": list,
    "deliveryFee": int,
    "tip": int,
    "deliveryAddress": dict,
    "contactPhone": str,
}


def check(order: Any) -> None:
    """Check the fields that matter most."""
    for name, kind in REQUIRED.items():
        if not isinstance(order.get(name), kind):
            raise BadRequestError(f"{name} is missing or of another type")
    if order["currency"] not in CURRENCIES or not order["items"]:
        raise BadRequestError("unknown currency, or no items")
    if order["deliveryAddress"].get("country") not in COUNTRIES:
        raise BadRequestError("unknown country")
    for line in order["items"]:
        if not isinstance(line.get("unitPrice"), int) or not 1 <= line.get("quantity", 0) <= 99:
            raise BadRequestError("an item's price or quantity is wrong")


@app.route("/partner/orders", methods=["POST"])
def create_order() -> Response:
    """Place an order."""
    started = time.perf_counter()
    request = app.current_request
    order = request.json_body
    check(order)
    partner = placing.partner_of(request.context["identity"]["apiKeyId"])
    item = placing.place(order, partner)
    fields = {"orderId": item["orderId"], "partnerId": partner, "status": 201}
    app.log.info(json.dumps({**fields, "milliseconds": placing.milliseconds(started)}))
    metrics = [{"Name": "OrdersCreated", "Unit": "Count"}]
    directive = {"Namespace": "FoodDelivery/Orders", "Dimensions": [[]], "Metrics": metrics}
    embedded = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": embedded, "OrdersCreated": 1}))
    return Response(placing.view(item), headers=placing.headers(item), status_code=201)


handler = app

"""FastAPI behind Mangum, boto3, a plain JSON log and metrics as a line of it."""

import json
import logging
import sys
import time
from typing import Any

from fastapi import FastAPI, Request, Response
from mangum import Mangum
from shared import placing
from shared.models import NewPartnerOrder

logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
logger = logging.getLogger("orders")
app = FastAPI(openapi_url=None)


@app.post("/partner/orders", status_code=201)
def create_order(order: NewPartnerOrder, request: Request, response: Response) -> dict[str, Any]:
    """Place an order."""
    started = time.perf_counter()
    identity = request.scope["aws.event"]["requestContext"]["identity"]
    partner = placing.partner_of(identity["apiKeyId"])
    item = placing.place(order.model_dump(by_alias=True, exclude_none=True, mode="json"), partner)
    response.headers.update(placing.headers(item))
    fields = {"orderId": item["orderId"], "partnerId": partner, "status": 201}
    logger.info(json.dumps({**fields, "milliseconds": placing.milliseconds(started)}))
    metrics = [{"Name": "OrdersCreated", "Unit": "Count"}]
    directive = {"Namespace": "FoodDelivery/Orders", "Dimensions": [[]], "Metrics": metrics}
    embedded = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    logger.info(json.dumps({"_aws": embedded, "OrdersCreated": 1}))
    return placing.view(item)


handler = Mangum(app, lifespan="off", api_gateway_base_path="/v1")

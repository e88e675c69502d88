"""Powertools' parser, Logger and Metrics with boto3: no resolver and no tracer."""

from __future__ import annotations

import json
import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parser import ValidationError, parse
from aws_lambda_powertools.utilities.parser.envelopes import ApiGatewayEnvelope
from shared import placing
from shared.models import NewPartnerOrder

logger = Logger(service="orders")
metrics = Metrics(namespace="FoodDelivery/Orders", service="orders")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer a proxy event."""
    started = time.perf_counter()
    try:
        order = parse(event=event, model=NewPartnerOrder, envelope=ApiGatewayEnvelope)
    except ValidationError as error:
        return {"statusCode": 400, "body": error.json()}
    partner = placing.partner_of(event["requestContext"]["identity"]["apiKeyId"])
    item = placing.place(order.model_dump(by_alias=True, exclude_none=True, mode="json"), partner)
    metrics.add_metric(name="OrdersCreated", unit=MetricUnit.Count, value=1)
    fields = {"orderId": item["orderId"], "partnerId": partner, "status": 201}
    logger.info("request", extra={**fields, "milliseconds": placing.milliseconds(started)})
    headers = {"Content-Type": "application/json", **placing.headers(item)}
    return {"statusCode": 201, "headers": headers, "body": json.dumps(placing.view(item))}

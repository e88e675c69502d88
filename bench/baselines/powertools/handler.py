"""Powertools' REST resolver with validation, pydantic, Tracer, Logger and Metrics, boto3."""

import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from shared import placing
from shared.models import NewPartnerOrder

logger = Logger(service="orders")
metrics = Metrics(namespace="FoodDelivery/Orders", service="orders")
tracer = Tracer(service="orders")
app = APIGatewayRestResolver(enable_validation=True)


@app.post("/partner/orders")
@tracer.capture_method
def create_order(order: NewPartnerOrder) -> Response[dict[str, Any]]:
    """Place an order."""
    started = time.perf_counter()
    identity = app.current_event.request_context.identity
    partner = placing.partner_of(identity.api_key_id)
    item = placing.place(order.model_dump(by_alias=True, exclude_none=True, mode="json"), partner)
    metrics.add_metric(name="OrdersCreated", unit=MetricUnit.Count, value=1)
    fields = {"orderId": item["orderId"], "partnerId": partner, "status": 201}
    logger.info("request", extra={**fields, "milliseconds": placing.milliseconds(started)})
    return Response(
        status_code=201,
        content_type="application/json",
        headers=placing.headers(item),
        body=placing.view(item),
    )


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a proxy event."""
    return app.resolve(event, context)

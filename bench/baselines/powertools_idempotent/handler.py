"""The style of `powertools`, with Powertools' idempotency on top: a repetition places nothing."""

import os
import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from shared import placing
from shared.models import NewPartnerOrder

logger = Logger(service="orders")
metrics = Metrics(namespace="FoodDelivery/Orders", service="orders")
tracer = Tracer(service="orders")
app = APIGatewayRestResolver(enable_validation=True)
layer = DynamoDBPersistenceLayer(
    table_name=os.environ["IDEMPOTENCY_TABLE"], boto_config=placing.CONFIG, key_attr="key"
)
config = IdempotencyConfig(
    event_key_jmespath="[partner, key]",
    payload_validation_jmespath="order",
    expires_after_seconds=24 * 3600,
)


@idempotent_function(data_keyword_argument="request", config=config, persistence_store=layer)
def place_once(request: dict[str, Any]) -> dict[str, Any]:
    """Place an order, once for each key of a partner."""
    return placing.place(request["order"], request["partner"])


@app.post("/partner/orders")
@tracer.capture_method
def create_order(order: NewPartnerOrder) -> Response[dict[str, Any]]:
    """Place an order."""
    started = time.perf_counter()
    event = app.current_event
    partner = placing.partner_of(event.request_context.identity.api_key_id)
    body = order.model_dump(by_alias=True, exclude_none=True, mode="json")
    key = event.headers["Idempotency-Key"]
    item = place_once(request={"partner": partner, "key": key, "order": body})
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
    config.register_lambda_context(context)
    return app.resolve(event, context)

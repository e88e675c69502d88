"""The REST API: its methods, models, validators, keys, throttles, logs and errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infrastructure.edge.models import model_schema
from infrastructure.work.function import log_group
from orders.cors import EXPOSED_HEADERS, REQUEST_HEADERS
from orders.domain.lifecycle import Role
from orders.problems import CONTENT_TYPE, GATEWAY_PROBLEMS, TOO_MANY_REQUESTS, Kind
from orders.routes import JSON, ROUTES, STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_lambda as lambda_
    from msgspec import Struct

    from infrastructure.settings import Settings
    from orders.routes import Route

_PREFLIGHT_KEPT = Duration.hours(2)  # as long as any browser keeps one

_LOGGED = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "apiKeyId": "$context.identity.apiKeyId",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationStatus": "$context.integration.status",
    "responseLength": "$context.responseLength",
    "errorType": "$context.error.responseType",
}
"""What an access log line tells: ids, no addresses and no other personal data."""

_DETAILS = {
    # A name or names that the caller can mend; API Gateway escapes the quotes in it.
    "BAD_REQUEST_BODY": '"$context.error.validationErrorString"',
    "BAD_REQUEST_PARAMETERS": "$context.error.messageString",
}


class Api(Construct):
    """The REST API, in front of the functions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        functions: Mapping[str, lambda_.IFunction],
        user_pool: cognito.IUserPool,
        settings: Settings,
    ) -> None:
        """Define the API.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            functions: by the names that the routes use.
            user_pool: the customers and operators.
            settings: the stage's.
        """
        super().__init__(scope, construct_id)
        self._functions = functions
        self._origins = settings.origins
        self._models: dict[str, apigateway.Model] = {}
        self.rest_api = self._rest_api(settings)
        self.waits_for_iam = [self.rest_api.node.find_child("Account")]
        """What AWS makes only where a role may do its work already."""
        self.rest_api.node.try_remove_child("Endpoint")  # CDK's output; the service has its own
        self._validator = self.rest_api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        self._authorizer = apigateway.CognitoUserPoolsAuthorizer(
            self, "People", cognito_user_pools=[user_pool]
        )
        for route in ROUTES:
            self._add_route(route)
        self._add_health()
        self._add_problems()
        self.usage_plans = self._usage_plans(settings)

    def _rest_api(self, settings: Settings) -> apigateway.RestApi:
        self.access_logs = log_group(self, "AccessLogs")
        return apigateway.RestApi(
            self,
            "RestApi",
            rest_api_name=f"food-delivery-orders-{settings.stage}",
            description="Orders of a food-delivery company",
            api_key_source_type=apigateway.ApiKeySourceType.HEADER,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=True,  # access logs need it; the recommended flags switch it off
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_logs),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_LOGGED)),
                tracing_enabled=True,
                throttling_rate_limit=settings.stage_throttle.rate,
                throttling_burst_limit=settings.stage_throttle.burst,
                method_options=_placing_limits(settings),
            ),
            default_cors_preflight_options=apigateway.CorsOptions(
                allow_origins=list(settings.origins),
                allow_methods=["GET", "POST", "PATCH", "OPTIONS"],
                allow_headers=list(REQUEST_HEADERS),
                max_age=_PREFLIGHT_KEPT,
            ),
        )

    def _add_route(self, route: Route) -> None:
        parameters = {f"method.request.querystring.{name}": False for name in route.query}
        parameters |= {f"method.request.header.{name}": True for name in route.required_headers}
        self.rest_api.root.resource_for_path(route.path).add_method(
            route.method,
            # Without a permission for the console's test button: only this method may call.
            apigateway.LambdaIntegration(self._functions[route.function], allow_test_invoke=False),
            operation_name=route.operation,
            **self._admission(route),
            request_validator=self._validator,
            request_parameters=parameters or None,
            request_models=self._request_models(route),
        )

    def _admission(self, route: Route) -> dict[str, Any]:
        """Say who gets in: partners by their key, people by their token, nobody by the other's."""
        if route.caller is Role.PARTNER:
            return {"api_key_required": True}
        return {
            "authorizer": self._authorizer,
            "authorization_type": apigateway.AuthorizationType.COGNITO,
        }

    def _request_models(self, route: Route) -> dict[str, apigateway.IModel] | None:
        if route.body is None:
            return None
        return {content_type: self._model(route.body) for content_type in route.content_types}

    def _model(self, struct: type[Struct]) -> apigateway.Model:
        name = struct.__name__
        if name not in self._models:
            self._models[name] = self.rest_api.add_model(
                name,
                model_name=name,
                content_type=JSON,
                description=(struct.__doc__ or "").partition("\n")[0],
                schema=model_schema(struct),
            )
        return self._models[name]

    def _add_health(self) -> None:
        headers = {
            f"method.response.header.{name}": f"'{value}'"
            for name, value in cors_headers_of(self._origins).items()
        }
        integration = apigateway.MockIntegration(
            request_templates={JSON: '{"statusCode": 200}'},
            # Without a template for its content type a mock has no status and answers 500.
            passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
            integration_responses=[
                apigateway.IntegrationResponse(
                    status_code="200",
                    response_templates={JSON: '{"status":"ok"}'},
                    response_parameters=headers,
                )
            ],
        )
        self.rest_api.root.add_resource("health").add_method(
            "GET",
            integration,
            operation_name="health",
            method_responses=[
                apigateway.MethodResponse(
                    status_code="200", response_parameters=dict.fromkeys(headers, True)
                )
            ],
        )

    def _add_problems(self) -> None:
        for response_type, kind in GATEWAY_PROBLEMS.items():
            headers = {"Content-Type": CONTENT_TYPE, **cors_headers_of(self._origins)}
            if kind is TOO_MANY_REQUESTS or kind.status >= 500:
                headers["Retry-After"] = "1"  # a repetition is safe: POST has its Idempotency-Key
            self.rest_api.add_gateway_response(
                f"Problem{response_type}",
                type=apigateway.ResponseType.of(response_type),
                status_code=None if _is_default(response_type) else str(kind.status),
                response_headers={name: f"'{value}'" for name, value in headers.items()},
                templates={JSON: problem_template(response_type, kind)},
            )

    def _usage_plans(self, settings: Settings) -> dict[str, apigateway.UsagePlan]:
        return {
            name: self.rest_api.add_usage_plan(
                f"Plan-{name}",
                name=f"food-delivery-orders-{settings.stage}-{name}",
                throttle=apigateway.ThrottleSettings(
                    rate_limit=plan.throttle.rate, burst_limit=plan.throttle.burst
                ),
                quota=apigateway.QuotaSettings(
                    limit=plan.daily_quota, period=apigateway.Period.DAY
                ),
                api_stages=[
                    apigateway.UsagePlanPerApiStage(
                        api=self.rest_api, stage=self.rest_api.deployment_stage
                    )
                ],
            )
            for name, plan in settings.plans.items()
        }


def cors_headers_of(origins: tuple[str, ...]) -> dict[str, str]:
    """Give the CORS headers of what API Gateway answers by itself: its errors, and health.

    It cannot choose by the request's origin there, so they permit the first one only.
    """
    return {
        "Access-Control-Allow-Origin": origins[0],
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
        "Vary": "Origin",
    }


def _placing_limits(settings: Settings) -> dict[str, apigateway.MethodDeploymentOptions]:
    """Limit placing orders more closely than the stage: it is what costs writes."""
    limit = settings.placing_throttle
    options = apigateway.MethodDeploymentOptions(
        throttling_rate_limit=limit.rate,
        throttling_burst_limit=limit.burst,
    )
    placing = (route for route in ROUTES if route.method == "POST")
    return {f"{route.path}/{route.method}": options for route in placing}


def problem_template(response_type: str, kind: Kind) -> str:
    """Write the body with which API Gateway answers an error: plain substitution, no logic."""
    members = {
        "type": json.dumps(kind.type),
        "title": json.dumps(kind.title),
        "status": "" if _is_default(response_type) else str(kind.status),
        "detail": _DETAILS.get(response_type, ""),
        "requestId": '"$context.requestId"',
    }
    return "{" + ",".join(f'"{name}":{text}' for name, text in members.items() if text) + "}"


def _is_default(response_type: str) -> bool:
    """Tell the two catch-alls: they keep the status of whatever they catch."""
    return response_type.startswith("DEFAULT_")

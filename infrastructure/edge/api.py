"""The REST API: its methods, models, validators, keys, throttles and logs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infrastructure.edge import own_answers
from infrastructure.edge.models import model_schema
from infrastructure.settings import stack_name
from infrastructure.work.function import log_group
from orders.cors import REQUEST_HEADERS
from orders.routes import JSON, ROUTES, STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from msgspec import Struct

    from infrastructure.settings import Settings
    from orders.routes import Route
    from project.release import Release

_AN_ID = re.compile(r"\{[^}]+\}")

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
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integration.error",
    "firewall": "$context.wafResponseCode",
    "firewallError": "$context.waf.error",
    "tls": "$context.tlsVersion",
}
"""What an access log line tells: ids, no addresses and no other personal data.

Why the gateway refused is told by `errorType` and the four after it; by which TLS a caller came
says who is left out when the floor is raised.
"""


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
        release: Release,
    ) -> None:
        """Define the API.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            functions: by the names that the routes use.
            user_pool: the customers and operators.
            settings: the stage's.
            release: what /health says that this is.
        """
        super().__init__(scope, construct_id)
        self._functions, self._release = functions, release
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
        own_answers.add_health(self.rest_api, settings.origins)
        own_answers.add_unknown_routes(self.rest_api, settings.origins)
        own_answers.add_problems(self.rest_api, settings.origins)
        own_answers.complete_preflights(self.rest_api.methods)
        self._let_methods_call()
        self.usage_plans = self._usage_plans(settings)

    def _let_methods_call(self) -> None:
        """Let each method call its function before the stage gets it.

        CDK's permissions wait for the stage, whose name they have. Where a deployment changes what
        methods call, the stage would call what it may not yet.
        """
        deployment = self.rest_api.latest_deployment
        assert deployment is not None
        for method in self.rest_api.methods:
            for permission in method.node.children:
                if isinstance(permission, lambda_.CfnPermission):
                    path = _AN_ID.sub("*", method.resource.path)
                    permission.source_arn = self.rest_api.arn_for_execute_api(
                        method.http_method, path, STAGE
                    )
                    deployment.node.add_dependency(permission)

    def _rest_api(self, settings: Settings) -> apigateway.RestApi:
        self.access_logs = log_group(self, "AccessLogs")
        return apigateway.RestApi(
            self,
            "RestApi",
            rest_api_name=stack_name(settings.stage),
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
                method_options=_limits(settings),
                # Of the stage, and not of the methods: a commit alone deploys no API anew.
                variables={own_answers.RELEASE: self._release.short()},
            ),
            default_cors_preflight_options=apigateway.CorsOptions(
                allow_origins=list(settings.origins),
                allow_methods=["GET", "HEAD", "POST", "PATCH", "OPTIONS"],
                allow_headers=list(REQUEST_HEADERS),
                max_age=_PREFLIGHT_KEPT,
            ),
        )

    def _add_route(self, route: Route) -> None:
        # No header is required here: API Gateway compares their names with case, and HTTP/2 sends
        # all in lower case. The function asks for them.
        parameters = {f"method.request.querystring.{name}": False for name in route.query}
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
        if route.by_key:
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

    def _usage_plans(self, settings: Settings) -> dict[str, apigateway.UsagePlan]:
        return {
            name: self.rest_api.add_usage_plan(
                f"Plan-{name}",
                name=f"{stack_name(settings.stage)}-{name}",
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


def _limits(settings: Settings) -> dict[str, apigateway.MethodDeploymentOptions]:
    """Limit the routes whose limit is not the stage's."""
    return {
        f"{route.path}/{route.method}": apigateway.MethodDeploymentOptions(
            throttling_rate_limit=limit.rate, throttling_burst_limit=limit.burst
        )
        for route in ROUTES
        if (limit := settings.throttle_of(route)) is not settings.stage_throttle
    }

"""The service: what it consists of, and who may do what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Environment, Stack, Tags
from aws_cdk import aws_lambda as lambda_

from infrastructure.acknowledged import acknowledge
from infrastructure.address import Address
from infrastructure.api import Api
from infrastructure.data import Data
from infrastructure.encryption import READING, WRITING, CustomerKey
from infrastructure.firewall import Firewall
from infrastructure.functions import Function
from infrastructure.identity import Identity
from infrastructure.settings import FUNCTIONS, WRITERS
from orders.cors import ALLOWED_ORIGINS
from orders.settings import (
    BY_CUSTOMER,
    BY_PARTNER,
    IDEMPOTENCY_HOURS,
    IDEMPOTENCY_TABLE,
    ORDERS_TABLE,
    PARTNERS_TABLE,
)

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from infrastructure.settings import Settings


class Service(Stack):
    """The order API of one stage."""

    def __init__(self, scope: Construct, *, settings: Settings, asset: str) -> None:
        """Compose the service.

        Args:
            scope: the app.
            settings: the stage's.
            asset: the folder of the functions' code, as infrastructure.asset builds it.
        """
        super().__init__(
            scope,
            stack_name(settings.stage),
            env=Environment(region=settings.region),
            description=f"Order API of a food-delivery company ({settings.stage})",
            termination_protection=settings.keep_data,
        )
        Tags.of(self).add("service", "food-delivery-orders")
        Tags.of(self).add("stage", settings.stage)

        self.key = self._customer_key(settings)
        self.data = Data(
            self, "Data", capacity=settings.capacity, keep=settings.keep_data, key=self.key
        )
        self.identity = Identity(self, "Identity", keep=settings.keep_data)
        self.functions = self._functions(settings, lambda_.Code.from_asset(asset))
        self._grant()
        self._grant_key(settings)
        self.api = Api(
            self,
            "Api",
            functions={name: item.function for name, item in self.functions.items()},
            user_pool=self.identity.user_pool,
            settings=settings,
        )
        self.address = Address(self, "Address", api=self.api.rest_api, domain=settings.domain)
        if settings.web_firewall:
            stage = self.api.rest_api.deployment_stage
            Firewall(self, "Firewall", stage=stage, limits=settings.address_limits)
        self._outputs()
        acknowledge(self, settings)

    def _customer_key(self, settings: Settings) -> kms.Key | None:
        if not settings.customer_key:
            return None
        return CustomerKey(self, "CustomerKey", keep=settings.keep_data).key

    def _functions(self, settings: Settings, code: lambda_.Code) -> dict[str, Function]:
        environment = {
            ORDERS_TABLE: self.data.orders.table_name,
            IDEMPOTENCY_TABLE: self.data.idempotency_keys.table_name,
            PARTNERS_TABLE: self.data.partners.table_name,
            IDEMPOTENCY_HOURS: str(settings.idempotency_hours),
            ALLOWED_ORIGINS: " ".join(settings.origins),
        }
        return {
            name: Function(self, name, code=code, environment=environment, settings=settings)
            for name in FUNCTIONS
        }

    def _grant(self) -> None:
        orders, keys = self.data.orders.table_arn, self.data.idempotency_keys.table_arn
        by_name = self.functions
        # A transaction needs the permissions of its parts; a replay reads both tables.
        by_name["create_order"].allow("dynamodb:PutItem", "dynamodb:GetItem", on=orders)
        by_name["create_order"].allow("dynamodb:PutItem", "dynamodb:GetItem", on=keys)
        by_name["get_order"].allow("dynamodb:GetItem", on=orders)
        for index in (BY_CUSTOMER, BY_PARTNER):
            arn = self.data.orders_index_arn(index)
            by_name["list_orders"].allow("dynamodb:Query", on=arn)
        by_name["list_orders"].allow("dynamodb:Scan", on=orders)  # an operator's list of all
        by_name["update_order"].allow("dynamodb:UpdateItem", on=orders)
        for function in by_name.values():
            partners = self.data.partners.table_arn
            function.allow("dynamodb:Scan", "dynamodb:GetItem", on=partners)

    def _grant_key(self, settings: Settings) -> None:
        """Let the functions use the key, and only through DynamoDB."""
        if self.key is None:
            return
        through = f"dynamodb.{settings.region}.amazonaws.com"
        for name, function in self.functions.items():
            actions = (*READING, *WRITING) if name in WRITERS else READING
            function.allow(*actions, on=self.key.key_arn, through=through)

    def _outputs(self) -> None:
        values = {
            "ApiUrl": self.address.url,
            "RestApiId": self.api.rest_api.rest_api_id,
            "OrdersTable": self.data.orders.table_name,
            "IdempotencyTable": self.data.idempotency_keys.table_name,
            "PartnersTable": self.data.partners.table_name,
            "UserPoolId": self.identity.user_pool.user_pool_id,
            "UserPoolClientId": self.identity.client.user_pool_client_id,
        }
        if self.address.target is not None:
            values["DomainTarget"] = self.address.target
        for name, plan in self.api.usage_plans.items():
            values[f"UsagePlan{name.capitalize()}"] = plan.usage_plan_id
        for item in self.functions.values():
            values[f"{item.node.id}Function"] = item.function.function_name
        for name, value in values.items():
            CfnOutput(self, name, value=value)


def stack_name(stage: str) -> str:
    """Name the stack of a stage."""
    return f"food-delivery-orders-{stage}"

"""The three DynamoDB tables and their capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infrastructure.functions import IDEMPOTENCY_KEYS, ORDERS, PARTNERS
from infrastructure.settings import CapacityMode
from orders.domain.serving.servers import SERVED_BY
from orders.domain.synthetic import EXPIRES_AT
from orders.settings import BY_CUSTOMER, BY_PARTNER, BY_SERVER

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from infrastructure.settings import Capacity


class Data(Construct):
    """Orders with its indexes and its stream, idempotency keys, and partners."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        capacity: Capacity,
        keep: bool,
        key: kms.IKey | None = None,
    ) -> None:
        """Define the tables.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            capacity: for each table and index.
            keep: whether the tables survive the stack, and cannot be deleted by mistake.
            key: encrypts the tables; None for a key that AWS owns.
        """
        super().__init__(scope, construct_id)
        self._encryption = _encryption(key)
        self._capacity = capacity
        self._keep = keep
        self.orders = self._table(
            "Orders",
            key="orderId",
            sort_key="timestamp",
            ttl=EXPIRES_AT,  # synthetic orders have one, and all where retention is set
            indexes=[
                _index(BY_CUSTOMER, "customerId", capacity),
                _index(BY_PARTNER, "partnerId", capacity),
                # CloudFormation adds one index to a table in an update: a release has one at most.
                _index(BY_SERVER, SERVED_BY, capacity),
            ],
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )
        self.idempotency_keys = self._table("IdempotencyKeys", key="key", ttl="expiresAt")
        self.partners = self._table("Partners", key="apiKeyId")
        self.tables = {
            ORDERS: self.orders,
            IDEMPOTENCY_KEYS: self.idempotency_keys,
            PARTNERS: self.partners,
        }

    def orders_index_arn(self, name: str) -> str:
        """Name one index of Orders, for permissions."""
        return f"{self.orders.table_arn}/index/{name}"

    def _table(
        self,
        name: str,
        *,
        key: str,
        sort_key: str | None = None,
        ttl: str | None = None,
        indexes: list[dynamodb.GlobalSecondaryIndexPropsV2] | None = None,
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.TableV2:
        return dynamodb.TableV2(
            self,
            name,
            partition_key=_text(key),
            sort_key=None if sort_key is None else _text(sort_key),
            billing=_billing(self._capacity),
            encryption=self._encryption,
            global_secondary_indexes=indexes,
            dynamo_stream=stream,
            time_to_live_attribute=ttl,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self._keep,
            removal_policy=RemovalPolicy.RETAIN if self._keep else RemovalPolicy.DESTROY,
        )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _encryption(key: kms.IKey | None) -> dynamodb.TableEncryptionV2:
    if key is None:
        return dynamodb.TableEncryptionV2.dynamo_owned_key()
    return dynamodb.TableEncryptionV2.customer_managed_key(key)


def _billing(capacity: Capacity) -> dynamodb.Billing:
    if capacity.mode is CapacityMode.ON_DEMAND:
        return dynamodb.Billing.on_demand(
            max_read_request_units=capacity.max_read_units,
            max_write_request_units=capacity.max_write_units,
        )
    return dynamodb.Billing.provisioned(
        read_capacity=_autoscaled(capacity), write_capacity=_autoscaled(capacity)
    )


def _index(name: str, key: str, capacity: Capacity) -> dynamodb.GlobalSecondaryIndexPropsV2:
    if capacity.mode is CapacityMode.ON_DEMAND:
        return dynamodb.GlobalSecondaryIndexPropsV2(
            index_name=name,
            partition_key=_text(key),
            sort_key=_text("timestamp"),
            max_read_request_units=capacity.max_read_units,
            max_write_request_units=capacity.max_write_units,
        )
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=name,
        partition_key=_text(key),
        sort_key=_text("timestamp"),
        read_capacity=_autoscaled(capacity),
        write_capacity=_autoscaled(capacity),
    )


def _autoscaled(capacity: Capacity) -> dynamodb.Capacity:
    return dynamodb.Capacity.autoscaled(
        min_capacity=capacity.min_provisioned,
        max_capacity=capacity.max_provisioned,
        target_utilization_percent=capacity.target_percent,
        # What the table starts with when it is switched from on-demand to provisioned.
        seed_capacity=capacity.min_provisioned,
    )

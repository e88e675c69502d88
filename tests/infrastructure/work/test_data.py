"""The tables, as the template defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import STAGES

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

TABLES = {
    "DataOrders": ["orderId", "timestamp"],
    "DataIdempotencyKeys": ["key"],
    "DataPartners": ["apiKeyId"],
}
INDEXES = {
    "by-customer": ["customerId", "timestamp"],
    "by-partner": ["partnerId", "timestamp"],
    "by-server": ["servedBy", "timestamp"],
}


def keys(definition: dict[str, Any]) -> list[str]:
    """Give the key's attributes, partition key first."""
    return [
        key["AttributeName"] for key in sorted(definition["KeySchema"], key=lambda k: k["KeyType"])
    ]


@pytest.mark.parametrize(("name", "key"), TABLES.items())
def test_each_table_has_its_key(template: Template, name: str, key: list[str]) -> None:
    """The keys are those that the code computes."""
    assert keys(template.one("DynamoDB::GlobalTable", name)) == key


def test_orders_are_found_by_customer_by_partner_and_by_server(template: Template) -> None:
    """Each list is served by an index that holds whole orders, in the order of their times."""
    indexes = template.one("DynamoDB::GlobalTable", "DataOrders")["GlobalSecondaryIndexes"]
    assert {index["IndexName"]: keys(index) for index in indexes} == INDEXES
    assert {index["Projection"]["ProjectionType"] for index in indexes} == {"ALL"}


def test_exactly_the_keys_are_declared(template: Template) -> None:
    """A key attribute that is not declared, or one declared and not used, would not deploy."""
    for _, table in template.all("DynamoDB::GlobalTable"):
        used = {*keys(table)}.union(*(keys(i) for i in table.get("GlobalSecondaryIndexes", [])))
        assert {a["AttributeName"] for a in table["AttributeDefinitions"]} == used
        assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"S"}


def test_every_table_can_be_restored_to_any_second(template: Template) -> None:
    """Point-in-time recovery is on for every table."""
    for _, table in template.all("DynamoDB::GlobalTable"):
        (replica,) = table["Replicas"]
        recovery = replica["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True


def test_orders_stream_both_images(template: Template) -> None:
    """Every change of an order goes to the stream with what was before and after."""
    streams = {
        name: t.get("StreamSpecification") for name, t in template.all("DynamoDB::GlobalTable")
    }
    (orders,) = (stream for stream in streams.values() if stream)
    assert orders == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize("name", ["DataIdempotencyKeys", "DataOrders"])
def test_what_is_not_kept_expires(template: Template, name: str) -> None:
    """The records that make retries safe do not stay for ever, and nor do synthetic orders."""
    table = template.one("DynamoDB::GlobalTable", name)
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


@pytest.mark.parametrize("stage", STAGES)
def test_on_demand_has_a_fuse_that_lets_a_hundred_creates_pass(
    templates: dict[str, Template], stage: str
) -> None:
    """On demand, every table and index has a maximum, above what 100 creates a second take."""
    for _, table in templates[stage].all("DynamoDB::GlobalTable"):
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        for part in (table, *table.get("GlobalSecondaryIndexes", [])):
            assert part["WriteOnDemandThroughputSettings"]["MaxWriteRequestUnits"] >= 600
        (replica,) = table["Replicas"]
        for part in (replica, *replica.get("GlobalSecondaryIndexes", [])):
            assert part["ReadOnDemandThroughputSettings"]["MaxReadRequestUnits"] >= 600


def test_provisioned_scales_from_5_to_100_at_70_percent(provisioned: Template) -> None:
    """With the setting `provisioned`, every table and index scales its reads and its writes."""
    for _, table in provisioned.all("DynamoDB::GlobalTable"):
        assert table["BillingMode"] == "PROVISIONED"
        (replica,) = table["Replicas"]
        writes = [
            part["WriteProvisionedThroughputSettings"]["WriteCapacityAutoScalingSettings"]
            for part in (table, *table.get("GlobalSecondaryIndexes", []))
        ]
        reads = [
            part["ReadProvisionedThroughputSettings"]["ReadCapacityAutoScalingSettings"]
            for part in (replica, *replica.get("GlobalSecondaryIndexes", []))
        ]
        for scaling in (*writes, *reads):
            assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == (5, 100)
            assert scaling["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70


def test_capacity_is_never_mixed(template: Template) -> None:
    """One table is on demand or provisioned, with nothing of the other."""
    for _, table in template.all("DynamoDB::GlobalTable"):
        text = str(table)
        assert ("OnDemandThroughput" in text) != ("ProvisionedThroughput" in text)


def test_production_keeps_its_orders(prod: Template, dev: Template) -> None:
    """In prod the tables outlive the stack and cannot be deleted by mistake; in dev they go."""
    for stage, policy in ((prod, "Retain"), (dev, "Delete")):
        for name, table in stage.all("DynamoDB::GlobalTable"):
            resource = stage.document["Resources"][name]
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == policy
            assert table["Replicas"][0]["DeletionProtectionEnabled"] is (policy == "Retain")

"""Demo data: two partners, each with an API key on the standard usage plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

PARTNERS = {"acme-pos": "Acme Point of Sale", "bella-aggregator": "Bella Aggregator"}
"""The demo partners: their ids and names."""


class Partner(NamedTuple):
    """A demo partner and its API key."""

    partner_id: str
    api_key: str


def seed_partners(
    client: Callable[[str], Any], *, usage_plan: str, table: str
) -> tuple[Partner, ...]:
    """Make the demo partners; those that are there keep their keys.

    Args:
        client: makes clients of AWS services.
        usage_plan: the id of the plan that the keys go on.
        table: the name of the Partners table.
    """
    return tuple(
        _seed(client, partner_id, name, usage_plan, table) for partner_id, name in PARTNERS.items()
    )


def _seed(
    client: Callable[[str], Any], partner_id: str, name: str, usage_plan: str, table: str
) -> Partner:
    gateway = client("apigateway")
    key_name = f"demo-{partner_id}"
    found = gateway.get_api_keys(nameQuery=key_name, includeValues=True, limit=500)["items"]
    key = next((item for item in found if item["name"] == key_name), None)
    if key is None:
        key = gateway.create_api_key(name=key_name, enabled=True)
    attached = gateway.get_usage_plan_keys(usagePlanId=usage_plan, limit=500)["items"]
    if key["id"] not in {item["id"] for item in attached}:
        gateway.create_usage_plan_key(usagePlanId=usage_plan, keyId=key["id"], keyType="API_KEY")
    item = {"apiKeyId": {"S": key["id"]}, "partnerId": {"S": partner_id}, "name": {"S": name}}
    client("dynamodb").put_item(TableName=table, Item=item)
    return Partner(partner_id, key["value"])

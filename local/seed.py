"""Demo data: two partners, each with an API key on the standard usage plan, and a webhook."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from orders.partner_endpoints import parameter_name

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


def seed_webhooks(
    client: Callable[[str], Any], *, url: str, prefix: str, key: str
) -> dict[str, dict[str, str]]:
    """Send the demo partners' webhooks to an address; secrets that are there stay.

    Args:
        client: makes clients of AWS services.
        url: of the receiver; each partner gets a path of its own there.
        prefix: what the names of the partners' parameters begin with.
        key: the KMS key that encrypts them.

    Returns:
        For each partner the `url` and the `secret`.
    """
    ssm = client("ssm")
    webhooks = {}
    for partner_id in PARTNERS:
        name, address = parameter_name(prefix, partner_id), f"{url}/{partner_id}"
        known = _stored_secrets(ssm, name) or [_new_secret()]
        value = json.dumps({"url": address, "secrets": known})
        ssm.put_parameter(Name=name, Value=value, Type="SecureString", KeyId=key, Overwrite=True)
        webhooks[partner_id] = {"url": address, "secret": known[0]}
    return webhooks


def _stored_secrets(ssm: Any, name: str) -> list[str] | None:
    try:
        stored = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
    found: list[str] = json.loads(stored)["secrets"]
    return found


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"

"""Demo data: two partners, each with an API key and a webhook, and restaurants that are served."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ops.partners import accounts, restaurants
from ops.partners import keys as partner_keys
from ops.partners import webhooks as partner_webhooks
from ops.partners.accounts import Wanted
from ops.partners.keys import plans
from orders.domain.serving.servers import Bound

if TYPE_CHECKING:
    from ops.reach.target import Target

PARTNERS = {"acme-pos": "Acme Point of Sale", "bella-aggregator": "Bella Aggregator"}
"""The demo partners: their ids and names."""

RESTAURANTS = {
    "rest-1": Bound("acme-pos", ("acme-pos", "bella-aggregator")),
    "rest-2": Bound(""),
    "rest-3": Bound(""),
}
"""Who serves which restaurant: a partner, or their staff. Nobody serves any other, as rest-42."""

TINY = "tiny"
"""The usage plan that only the local run has: two requests at once, one a second, 100 a day."""

_PLAN = "standard"


class Partner(NamedTuple):
    """A demo partner and its API key."""

    partner_id: str
    api_key: str


def seed_partners(target: Target) -> tuple[Partner, ...]:
    """Make the demo partners as `orders partners add` does; those that are there keep their keys.

    What somebody has done to them with `orders partners`, such as disabling one, stays done.
    """
    return tuple(_seed(target, partner_id, name) for partner_id, name in PARTNERS.items())


def _seed(target: Target, partner_id: str, name: str) -> Partner:
    wanted = Wanted(partner_id, name, _PLAN)
    account = accounts.look(target, partner_id)
    if not account.finished:
        prepared = accounts.prepare(target, wanted)
        if prepared is not None:
            accounts.open_(target, prepared)
        account = accounts.look(target, partner_id)
    newest = account.live[-1] if account.live else account.keys[-1]
    return Partner(partner_id, partner_keys.value_of(target, newest))


def seed_restaurants(target: Target) -> None:
    """Say who serves the demo restaurants, unless somebody has said it of any already.

    It comes before the first order: no process is there that started without it.
    """
    if restaurants.read(target).stored is None:
        for restaurant_id, bound in RESTAURANTS.items():
            restaurants.change(target, restaurant_id, None, bound)


def seed_plan(target: Target) -> dict[str, str]:
    """Make the usage plan that is soon used up, unless it is there; gives its id by its name."""
    gateway = target.client("apigateway")
    name = f"{target.stack}-{TINY}"
    known = {plan["name"]: plan["id"] for plan in gateway.get_usage_plans(limit=500)["items"]}
    if name not in known:
        of_all = gateway.get_usage_plan(usagePlanId=plans(target)[_PLAN])
        made = gateway.create_usage_plan(
            name=name,
            throttle={"rateLimit": 1.0, "burstLimit": 2},
            quota={"limit": 100, "period": "DAY"},
            apiStages=of_all["apiStages"],
        )
        known[name] = made["id"]
    return {TINY: known[name]}


def seed_webhooks(target: Target, *, url: str) -> dict[str, dict[str, str]]:
    """Send the demo partners' webhooks to an address; secrets that are there stay.

    Args:
        target: the local run.
        url: of the receiver; each partner gets a path of its own there.

    Returns:
        For each partner the `url` and the `secret`.
    """
    webhooks = {}
    for partner_id in PARTNERS:
        account = accounts.look(target, partner_id)
        endpoint = accounts.with_url(account, f"{url}/{partner_id}")
        partner_webhooks.write(target, partner_id, endpoint)
        webhooks[partner_id] = {"url": endpoint.url, "secret": endpoint.secrets[0]}
    return webhooks

"""The commands of `orders`, and what its list says of each. Nothing is loaded to list them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: where it is, and what the list of commands says of it.

    Args:
        name: as it is typed.
        says: its line in the list.
        module: of `cli.commands`, unless it has the command's name. It has a Typer app `app`, or a
            function of the command's name.
    """

    name: str
    says: str
    module: str = ""


COMMANDS = (
    Entry(
        "audit",
        "List who did what: commands that write, and what operators did to orders by the API.",
    ),
    Entry("cost", "Compute the cost of a month in dollars: list prices of us-east-1."),
    Entry(
        "deploy",
        "Deploy a stage to your AWS account; shows what would change, and asks first.",
        module="release.deploy",
    ),
    Entry(
        "rollback",
        "Go back to a release that ran before: within seconds, and without a gate.",
        module="release.rollback",
    ),
    Entry(
        "destroy",
        "Remove a stage from your AWS account, once you have typed its name.",
        module="release.deploy",
    ),
    Entry(
        "diff",
        "Show what a deployment of a stage would change; changes nothing.",
        module="release.diff",
    ),
    Entry(
        "doctor",
        "Say what would make a deployment, or the local run, fail or misbehave; change nothing.",
    ),
    Entry(
        "previews",
        "Stages of pull requests: list, and remove those that nobody needs.",
        module="release.previews",
    ),
    Entry(
        "releases",
        "List the releases that a stage has had, and which of them can come back at once.",
        module="release.releases",
    ),
    Entry(
        "status",
        "Say which release a stage runs, and whether it is as it was deployed.",
        module="release.status",
    ),
    Entry(
        "drift",
        "Say what has been changed of a stage without a deployment.",
        module="release.drift",
    ),
    Entry(
        "smoke",
        "Try a stage through its front door, with orders that nobody cooks.",
        module="release.smoke",
    ),
    Entry(
        "prove",
        "Look at what only AWS can confirm, on a stage that is made for it and removed.",
        module="release.prove",
    ),
    Entry(
        "quote",
        "Print an order at the menu's prices, with the quote that lets a customer place it.",
        module="callers.quote",
    ),
    Entry(
        "restore",
        "Put items that are missing in a table back from a copy of it; never overwrite one.",
    ),
    Entry(
        "spent",
        "Say what an order really took in dollars, from logs and metrics, beside the cost model.",
    ),
    Entry("trace", "Draw the way of one order, from POST to webhook, from its traces in X-Ray."),
    Entry("ls", "List the orders of a partner or a customer, newest first.", module="orders"),
    Entry("show", "Show one order, with its history.", module="orders"),
    Entry("place", "Place an order on behalf of a partner, from a file.", module="orders"),
    Entry(
        "move",
        "Move an order to another status, if nobody has changed it since it was shown.",
        module="orders",
    ),
    Entry("dlq", "Dead letters: list, show, send back, take out."),
    Entry(
        "customers",
        "Requests of persons: what we hold of one, erased or kept.",
        module="callers.customers",
    ),
    Entry("partners", "Partners: their keys, plans and webhooks.", module="callers.partners"),
    Entry(
        "restaurants",
        "Restaurants: who serves the orders of which, and their staff.",
        module="callers.restaurants",
    ),
    Entry("webhooks", "Webhooks: try, send again, listen."),
    Entry("flags", "Feature flags: for whom each is on, and since when."),
    Entry("logs", "The functions' logs: read along, and how much is logged."),
)

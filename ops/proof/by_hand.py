"""The claims that no single run can show: why, for how each is looked at stands with the claim."""

from __future__ import annotations

from types import MappingProxyType

_LOAD = "It takes the load of hundreds of callers at once, as `make load` brings it."
_TWO_STAGES = "It takes a second stage in the account."
_KEPT = "It takes a stage that keeps its data, which `orders prove` does not make."
_OTHER_SETTINGS = "It takes settings that prod has not."
_REFUSED = "It takes a release that the gate refuses: tests/releases has some."
_WATCHED = "It takes a deployment whose alarms are watched, for a quarter of an hour."
_BILL = "It stands on the bill, two days later: orders prove --bill REPORT."

BY_HAND = MappingProxyType(
    {
        "reservation-refuses-at-once": _LOAD,
        "usage-of-ninety-days": "It takes two days.",
        "fifty-mails-a-day": "It takes fifty addresses of people, and a day.",
        "mails-by-ses": "It takes a domain that SES has verified, and a mailbox to look into.",
        "only-our-distribution-reads-the-bucket": "It takes a domain and its certificate.",
        "burst-capacity": _OTHER_SETTINGS,
        "partition-limits": "It takes a growing load for hours, far above ours.",
        "expired-is-deleted": "DynamoDB takes days to delete what has expired.",
        "protected-tables": _KEPT,
        "fuse-of-a-table": _OTHER_SETTINGS,
        "bytecode-is-used": "It takes a second asset, without bytecode, to compare with.",
        "init-has-a-processor": "It takes three sizes of memory, deployed one after the other.",
        "no-window-waits-for-a-batch": "It takes an hour of orders, each with its traces.",
        "a-queue-begins-with-five": _LOAD,
        "retries-take-no-place": _LOAD,
        "retries-are-shared-fairly": _LOAD,
        "hidden-for-hours": "It takes thirty hours.",
        "alarms-and-missing-data": "It takes each situation of docs/alarms.md, an hour each.",
        "alarm-on-contributors": "It takes 25 tries of one partner, the last after a day.",
        "tracing-policies": "It takes an account that is filled on purpose.",
        "thirty-days-of-traces": "It takes a day, and then thirty.",
        "key-by-service-and-context": "It takes a stage with `customer_key`, which prod has not.",
        "one-logging-role": _TWO_STAGES,
        "what-was-kept-is-imported": _KEPT,
        "iam-spreads-in-seconds": "It takes ten first deployments in a row.",
        "heard-by-cloudformation": "CloudFormation cannot be made to refuse an answer.",
        "protected-before-it-is-made": "It takes a first deployment that fails.",
        "names-are-not-replaced": "It takes two deployments with other addresses of people.",
        "stages-share-no-metric": _TWO_STAGES,
        "kept-but-on-creation": "It takes a first deployment that fails.",
        "an-index-more-keeps-the-table": "It takes the release before, deployed first.",
        "a-mapping-takes-an-alias": "It takes the release before, deployed first.",
        "a-version-for-each-change": "It takes a deployment with another setting.",
        "the-parameter-remembers-releases": "It takes deployments of two commits.",
        "drift-sees-no-code": "It takes code uploaded by hand, behind the deployment's back.",
        "drift-looks-at-what-is-set": "It takes AWS's list of types, which changes.",
        "hundred-releases-are-remembered": "It takes a hundred and one deployments.",
        "watched-is-in-progress": _WATCHED,
        "new-key-is-let-in-late": "It takes a stage without a heartbeat, and prod has one.",
        "alarms-take-it-back": _WATCHED,
        "a-missing-trigger-fails": _WATCHED,
        "triggers-are-remembered": _WATCHED,
        "cancelled-while-watched": _WATCHED,
        "an-outdated-change-set": "It takes two operators, whose change sets meet.",
        "which-change-replaces": "It takes deployments of two commits.",
        "made-by-a-failed-update-goes": _REFUSED,
        "a-refused-release-goes-back": _REFUSED,
        "a-reason-is-shown": _REFUSED,
        "aliases-wait-for-the-gate": _REFUSED,
        "stream-reads-are-billed": _BILL,
        "bill-is-the-model-s": "It takes a month's bill.",
        "sign-in-is-billed-by-people": "It takes a month's bill.",
        "budget-by-tag": "It takes two days with the tag activated.",
    }
)
"""Why, by the ids of the claims."""

"""The names of the stack's outputs: what operators and the local run find its resources by.

service.py writes them and everybody else reads them, so nothing here needs aws_cdk. Runbooks name
them too: one that is renamed is missing on every stage until that is deployed again.
"""

from __future__ import annotations

from infrastructure.functions import construct_id

RELEASE = "Release"
"""What runs: version, commit, and whether files differed from it (project.release)."""

API_URL = "ApiUrl"
REST_API_ID = "RestApiId"
DOMAIN_TARGET = "DomainTarget"
"""Only with a domain of one's own: what its DNS record must point to."""

WEB_CLIENT_URL = "WebClientUrl"
WEB_CLIENT_TARGET = "WebClientTarget"
"""Only where the web client is hosted: what the DNS record of its domain must point to."""

WEB_CLIENT_BUCKET = "WebClientBucket"
"""Likewise: where its files go."""

ORDERS_TABLE = "OrdersTable"
IDEMPOTENCY_TABLE = "IdempotencyTable"
PARTNERS_TABLE = "PartnersTable"

ORDER_CHANGES_TOPIC = "OrderChangesTopic"
ORDER_CHANGES_PIPE = "OrderChangesPipe"
PARTNER_RETRIES = "PartnerRetriesQueue"
PIPE_DEAD_LETTERS = "PipeDeadLetters"
AUDIT_LOG = "AuditLogGroup"
FLAGS_PARAMETER = "FlagsParameter"
PARTNER_SECRETS_KEY = "PartnerSecretsKey"

USER_POOL_ID = "UserPoolId"
USER_POOL_CLIENT_ID = "UserPoolClientId"

_PLAN = "UsagePlan"


def queue(name: str) -> str:
    """Name the output with the URL of a queue, such as `order_processing`."""
    return f"{construct_id(name)}Queue"


def dead_letters(name: str) -> str:
    """Name the output with the URL of the queue of a queue's dead letters."""
    return f"{construct_id(name)}DeadLetters"


def function(name: str) -> str:
    """Name the output with a function's name on AWS."""
    return f"{construct_id(name)}Function"


def usage_plan(name: str) -> str:
    """Name the output with the id of a usage plan."""
    return f"{_PLAN}{name.capitalize()}"


def usage_plan_of(output: str) -> str | None:
    """Give the usage plan whose id an output has; None for an output of something else."""
    return output.removeprefix(_PLAN).lower() if output.startswith(_PLAN) else None

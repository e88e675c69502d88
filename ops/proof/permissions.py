"""Claims about IAM: the conditions under which our permissions hold."""

from __future__ import annotations

from ops.proof.claim import Claim

_REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_KMS = "https://docs.aws.amazon.com/kms/latest/developerguide"
_DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_SCHEDULER = "https://docs.aws.amazon.com/scheduler/latest/UserGuide"
_PARAMETERS = "https://docs.aws.amazon.com/systems-manager/latest/userguide"
_SAID = ("docs/security/permissions.md",)

CLAIMS = (
    Claim(
        id="orders-only-with-their-key",
        says="dynamodb:EnclosingOperation holds a PutItem to transactions.",
        said=_SAID,
        expected="A bare PutItem with create_order's role is refused, its transaction is not.",
        look="Assume the role, try both; place an order.",
        sources=(f"{_REFERENCE}/list_amazondynamodb.html",),
        conditions=("dynamodb:EnclosingOperation of a role",),
    ),
    Claim(
        id="worker-writes-few-attributes",
        says="dynamodb:Attributes holds UpdateItem to the attributes that it names.",
        said=_SAID,
        expected="process_order confirms, with ALL_NEW; an update of `items` is refused.",
        look="Assume the role, try both.",
        sources=(f"{_DYNAMODB}/specifying-conditions.html",),
        conditions=("dynamodb:Attributes of a role",),
    ),
    Claim(
        id="heartbeat-enters-its-own-key",
        says="dynamodb:LeadingKeys holds PutItem to the item of the heartbeat's own key, and to "
        "that of the release gate's.",
        said=_SAID,
        expected="The heartbeat runs, and the gate; another key's item is refused.",
        look="Assume the role, put an item of another key.",
        sources=(f"{_REFERENCE}/list_amazondynamodb.html",),
        conditions=("dynamodb:LeadingKeys of a role",),
    ),
    Claim(
        id="versions-are-called-by-name",
        says="A policy on a function's ARN with `:*` allows its versions and aliases, and not the "
        "function itself.",
        said=_SAID,
        expected="The gate's role calls version and alias; a call without a qualifier is refused.",
        look="Assume the role, invoke create_order with and without a qualifier.",
        sources=("https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html",),
    ),
    Claim(
        id="tls-only",
        says="aws:SecureTransport refuses what comes without TLS.",
        said=(*_SAID, "SECURITY.md"),
        expected="SendMessage and Publish over http are refused.",
        look="`aws sqs send-message --endpoint-url http://…` with an operator's credentials.",
        sources=(f"{_IAM}/reference_policies_condition-keys.html",),
        conditions=("aws:SecureTransport of everybody",),
    ),
    Claim(
        id="only-our-topic-fills-the-queues",
        says="SNS names its topic in aws:SourceArn when it sends to a queue, or uses its key.",
        said=_SAID,
        expected="A change arrives in both queues; a topic of another name cannot deliver.",
        look="Place a partner's order; subscribe the queue to another topic.",
        sources=(
            "https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
            "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        ),
        conditions=("aws:SourceArn of sns.amazonaws.com",),
    ),
    Claim(
        id="topic-may-trace",
        says="SNS names its topic and account when it asks X-Ray.",
        said=("infrastructure/watching/tracing.py#_admit",),
        expected="A message published with Sampled=1 has a segment of the topic.",
        look="As traces-through-messages.",
        sources=("https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html",),
        conditions=(
            "aws:SourceAccount of sns.amazonaws.com",
            "aws:SourceArn of sns.amazonaws.com",
        ),
    ),
    Claim(
        id="alarms-reach-the-topic",
        says="CloudWatch names the alarm and the account when it publishes, and uses the key.",
        said=_SAID,
        expected="`set-alarm-state` mails, with a key of your own as well.",
        look="`aws cloudwatch set-alarm-state` on a stage with an address.",
        sources=(f"{_KMS}/key-policies.html",),
        conditions=(
            "aws:SourceAccount of cloudwatch.amazonaws.com",
            "aws:SourceArn of cloudwatch.amazonaws.com",
        ),
    ),
    Claim(
        id="lambda-trusts-with-account",
        says="Lambda names our account when it takes a function's role.",
        said=_SAID,
        expected="Every function runs.",
        look="Call each once.",
        sources=(
            "https://docs.aws.amazon.com/lambda/latest/dg/permissions-executionrole-update.html",
        ),
        conditions=("aws:SourceAccount of lambda.amazonaws.com",),
    ),
    Claim(
        id="pipe-trusts-with-account",
        says="EventBridge Pipes names our account when it takes the pipe's role.",
        said=_SAID,
        expected="The pipe is RUNNING and carries.",
        look="describe-pipe after the first deployment.",
        sources=(
            "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html",
        ),
        conditions=("aws:SourceAccount of pipes.amazonaws.com",),
    ),
    Claim(
        id="schedule-trusts-with-group",
        says="EventBridge Scheduler names the account and the schedule's group.",
        said=_SAID,
        expected="The heartbeat runs.",
        look="As schedule-calls.",
        sources=(f"{_SCHEDULER}/cross-service-confused-deputy-prevention.html",),
        conditions=(
            "aws:SourceAccount of scheduler.amazonaws.com",
            "aws:SourceArn of scheduler.amazonaws.com",
        ),
    ),
    Claim(
        id="roles-are-passed-to-one-service",
        says="IAM names the service to which whoever makes a schedule passes a role.",
        said=_SAID,
        expected="process_order logs `waiting` with acceptBy, and no AccessDeniedException.",
        look="Bind a restaurant, place an order there, read the log.",
        sources=(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html",
        ),
        conditions=("iam:PassedToService of a role",),
    ),
    Claim(
        id="key-by-service-and-context",
        says="Services name themselves and what they encrypt when they use a key for a role.",
        said=(*_SAID, "docs/decisions/0013-permissions.md"),
        expected="A stage with `customer_key` takes, processes and tells orders.",
        look="Deploy one, place a partner's order, wait for its webhook.",
        sources=(
            f"{_KMS}/services-dynamodb.html",
            f"{_KMS}/conditions-kms.html",
            f"{_PARAMETERS}/secure-string-parameter-kms-encryption.html",
        ),
        conditions=(
            "kms:ViaService of a role",
            "kms:EncryptionContext:aws:dynamodb:tableName of a role",
            "kms:EncryptionContext:aws:sns:topicArn of a role",
            "kms:EncryptionContext:aws:sqs:arn of a role",
            "kms:EncryptionContext:PARAMETER_ARN of a role",
        ),
    ),
    Claim(
        id="stars-without-resources",
        says="X-Ray's actions know no resources.",
        said=_SAID,
        expected="Segments are taken.",
        look="As functions-are-traced.",
        sources=(f"{_REFERENCE}/list_awsx-ray.html",),
    ),
    Claim(
        id="keys-are-tagged",
        says="GetApiKeys tells the tags of each key, with which it was made.",
        said=("docs/operations.md#partners", "ops/partners/keys.py"),
        expected="`orders partners ls` of dev shows no key of dev-eu.",
        look="Two stages in one account, a partner in each.",
        sources=("https://docs.aws.amazon.com/apigateway/latest/api/API_GetApiKeys.html",),
    ),
)

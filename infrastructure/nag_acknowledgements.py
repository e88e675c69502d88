"""Findings of cdk-nag that stand: each on one resource, with the reason why it may.

A resource is named by its path in the stack. A path that is not there stops the synthesis, and a
test fails for an acknowledgement that answers no finding.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Acknowledgment, Validations

from infrastructure.edge.own_answers import HEALTH, unknown_paths
from infrastructure.functions import (
    BY_NAME,
    GATE,
    NOTIFYING,
    QUEUES,
    Caller,
    construct_id,
    names,
)
from infrastructure.settings import (
    PARTNERS,
    parameter_prefix,
    stack_name,
)
from orders.routes import HEAD, ROUTES, STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import Stack
    from constructs import IConstruct

    from infrastructure.settings import Settings


class Acknowledgement(NamedTuple):
    """A finding on one resource, and why it stands."""

    path: str
    rule: str
    reason: str


_SYNCHRONOUS = (
    "API Gateway calls it synchronously and gives its failure to the caller. A dead-letter "
    "target receives asynchronous calls only, and nothing makes any."
)
_FED_BY_A_QUEUE = (
    "Its queue calls it synchronously and takes the failure back: the message is tried again and "
    "ends in the queue's own dead-letter queue. A target here receives asynchronous calls only."
)

_BY_CLOUDFORMATION = (
    "CloudFormation calls it, and waits a minute for the answer that it gives in any case: a "
    "failure stops the deployment and is seen there."
)

_VERSIONS = (
    "The versions and aliases of one function: their numbers are not known before there is one, "
    "and a policy that named each would be new, and not yet spread, at each release."
)

_BY_A_SCHEDULE = (
    "A run that failed is told by the function's errors and its log line, and the next one comes "
    "in minutes: a dead letter would hold a time, and nothing that anybody could do again."
)

_BY_COGNITO = (
    "Cognito calls it synchronously, tries it twice more, and makes no tokens where it fails: "
    "whoever signs in tries again. A target here receives asynchronous calls only."
)

_CALLED = {
    Caller.API: _SYNCHRONOUS,
    Caller.QUEUE: _FED_BY_A_QUEUE,
    Caller.DEPLOYMENT: _BY_CLOUDFORMATION,
    Caller.SCHEDULE: _BY_A_SCHEDULE,
    Caller.SIGN_IN: _BY_COGNITO,
}

_EVERY_FUNCTION = {
    "Function/Resource": {
        "AwsSolutions-L1": (
            "Python 3.13 is what the asset's wheels and bytecode are built and tested for; AWS "
            "supports it until June 2029. A newer runtime is named in asset.py and function.py."
        ),
        "Serverless-LambdaLatestVersion": "As AwsSolutions-L1.",
    },
    "Role/DefaultPolicy/Resource": {
        "AwsSolutions-IAM5[Resource::*]": (
            "xray:PutTraceSegments and xray:PutTelemetryRecords know no resources; every other "
            "statement names one, which tests/infrastructure/work/test_function.py compares."
        ),
    },
}

_EVENT_SOURCE_MAPPING = {
    "Serverless-LambdaEventSourceMappingDestination": (
        "A destination for failures is for streams; a mapping of an SQS queue has none, and a "
        "message that fails ends in the queue's dead-letter queue."
    ),
}

_DEAD_LETTERS = {
    "Serverless-SQSRedrivePolicy": (
        "It is the dead-letter queue itself: what is in it waits for an operator, whom orders dlq "
        "helps, and goes nowhere by itself."
    ),
}

_PIPE_DEAD_LETTERS = {
    **_DEAD_LETTERS,
    "AwsSolutions-SQS3": (
        "It is the dead-letter queue of the pipe, which the rule does not look at; messages wait "
        "there for an operator."
    ),
}

_PARTNERS_METHOD = {
    "AwsSolutions-APIG4": (
        "A machine without a person behind it: API Gateway requires an API key, and the function "
        "refuses one that belongs to no partner. What a key is and is not: SECURITY.md."
    ),
    "AwsSolutions-COG4": "As AwsSolutions-APIG4: partners' servers have no user in the pool.",
}

_OWN_ANSWER = {
    "AwsSolutions-APIG4": "Open on purpose: a fixed answer by API Gateway, which runs nothing.",
    "AwsSolutions-COG4": "As AwsSolutions-APIG4.",
}

_USER_POOL = {
    "AwsSolutions-COG2": (
        "A second factor is offered to all and forced on none: customers of a food-delivery "
        "service would leave. Operators without one are none (docs/decisions/0023)."
    ),
    "AwsSolutions-COG8": (
        "The Plus plan costs 0.02 dollars for each active user and month from the first one on, "
        "more than all the rest of the service. docs/decisions/0007 says when to take it."
    ),
}

_CLOUDWATCH_ROLE = {
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
    "AmazonAPIGatewayPushToCloudWatchLogs]": (
        "The policy that AWS prescribes for this role, which the account has one of for all its "
        "APIs. It can write logs, and nobody but API Gateway can take it."
    ),
}

_STAGE = {
    "AwsSolutions-APIG6": (
        "Execution logs would quote parameters that hold personal data, in a log group of API "
        "Gateway's own that is kept for ever. Access logs tell each request, and X-Ray its course."
    ),
}

_STAGE_WITHOUT_FIREWALL = {
    "AwsSolutions-APIG3": (
        "This stage's settings leave the firewall out: a development stage holds no customers' "
        "data, and the firewall costs more than all the rest of it. Production has it."
    ),
}


_WEB_CLIENT_FILES = {
    "AwsSolutions-S1": (
        "The bucket holds the web client's public files and nothing of anybody; only CloudFront "
        "reads it. A log of who loads a page would hold people's addresses."
    ),
}

_WEB_CLIENT_DISTRIBUTION = {
    "AwsSolutions-CFR1": "Where customers are is not ours to say: the API takes every country.",
    "AwsSolutions-CFR2": (
        "It serves a handful of public files, which no request can change. The firewall stands "
        "before the API and sign-in."
    ),
    "AwsSolutions-CFR3": "A log of who loads the page would hold people's addresses.",
}


def acknowledgements(settings: Settings) -> Iterator[Acknowledgement]:
    """Give the findings that stand in a stage."""
    by_path = {
        "Identity/UserPool/Resource": _USER_POOL,
        "Api/RestApi/CloudWatchRole/Resource": _CLOUDWATCH_ROLE,
        f"Api/RestApi/DeploymentStage.{STAGE}/Resource": _STAGE
        if settings.web_firewall
        else {**_STAGE, **_STAGE_WITHOUT_FIREWALL},
    }
    by_path |= _processing(settings)
    by_path |= _gate()
    if settings.web_client is not None:
        by_path["WebHosting/Files/Resource"] = _WEB_CLIENT_FILES
        by_path["WebHosting/Distribution/Resource"] = _WEB_CLIENT_DISTRIBUTION
    for name in settings.functions:
        for path, reasons in _EVERY_FUNCTION.items():
            known = by_path.get(f"{construct_id(name)}/{path}", {})
            by_path[f"{construct_id(name)}/{path}"] = {**known, **reasons}
        why = _CALLED[BY_NAME[name].caller]
        by_path[f"{construct_id(name)}/Function/Resource"] |= {"Serverless-LambdaDLQ": why}
    for name in set(names(Caller.SCHEDULE)) & set(settings.functions):
        path = f"{construct_id(name)}/Live/EventInvokeConfig/Resource"
        by_path[path] = {"Serverless-LambdaAsyncFailureDestination": _BY_A_SCHEDULE}
    for route in ROUTES:
        if route.by_key:
            by_path[f"Api/RestApi/Default{route.path}/{route.method}/Resource"] = _PARTNERS_METHOD
    answers = [(HEALTH, "GET"), (HEALTH, HEAD), *((path, "ANY") for path in unknown_paths())]
    for path, method in answers:
        place = f"Api/RestApi/Default{path.rstrip('/')}/{method}/Resource"
        by_path[place] = _OWN_ANSWER
    for path, reasons in by_path.items():
        for rule, reason in reasons.items():
            yield Acknowledgement(path, rule, reason)


def _gate() -> dict[str, dict[str, str]]:
    """Give the findings on the gate of a release."""
    found = {
        f"{construct_id(GATE)}/Function/EventInvokeConfig/Resource": {
            "Serverless-LambdaAsyncFailureDestination": _BY_CLOUDFORMATION
        }
    }
    found[f"{construct_id(GATE)}/Role/DefaultPolicy/Resource"] = {
        f"AwsSolutions-IAM5[Resource::<{_logical_id(name)}.Arn>:*]": _VERSIONS
        for name in names(Caller.API, Caller.QUEUE)
    }
    return found


def _logical_id(function: str) -> str:
    """Name a function as the template does: its path, and the first digits of the path's hash."""
    path = f"{construct_id(function)}/Function/Resource"
    digest = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()
    return f"{construct_id(function)}Function{digest[:8].upper()}"


def _processing(settings: Settings) -> dict[str, dict[str, str]]:
    """Give the findings on the way of a change."""
    stack = stack_name(settings.stage)
    deadlines = f"arn:aws:scheduler:{settings.region}:<AWS::AccountId>"
    deadlines += f":schedule/{stack}-deadlines/*"
    parameters = f"parameter{parameter_prefix(settings.stage)}/{PARTNERS}/*"
    arn = f"arn:aws:ssm:{settings.region}:<AWS::AccountId>:{parameters}"
    by_path = {
        "Processing/PipeDeadLetters/Resource": _PIPE_DEAD_LETTERS,
        "NotifyPartner/Role/DefaultPolicy/Resource": {
            f"AwsSolutions-IAM5[Resource::{arn}]": (
                "One parameter for each partner, which operators add at any time: the prefix is "
                "the partners' own, and the function needs every one of them."
            )
        },
    }
    by_path["ProcessOrder/Role/DefaultPolicy/Resource"] = {
        f"AwsSolutions-IAM5[Resource::{deadlines}]": (
            "One schedule for each order that waits, which process_order makes itself: the group "
            "is the deadlines' own, and nothing else stands in it."
        )
    }
    by_path[f"{construct_id(NOTIFYING)}/Function/Retries/Resource"] = _EVENT_SOURCE_MAPPING
    for queue in QUEUES:
        by_path[f"Processing/{queue.construct_id}/DeadLetters/Resource"] = _DEAD_LETTERS
        mapping = f"{construct_id(queue.feeds)}/Function/{queue.mapping_id}/Resource"
        by_path[mapping] = _EVENT_SOURCE_MAPPING
    return by_path


def acknowledge(stack: Stack, settings: Settings) -> None:
    """Tell cdk-nag which findings stand.

    Raises:
        RuntimeError: when there is no such resource.
    """
    found: dict[str, IConstruct] = {"": stack}  # each call of CDK is a message to Node.js and back
    for path, several in groupby(acknowledgements(settings), attrgetter("path")):
        given = [Acknowledgment(id=rule, reason=reason) for _, rule, reason in several]
        Validations.of(_resource(path, found)).acknowledge(*given)


def _resource(path: str, found: dict[str, IConstruct]) -> IConstruct:
    """Find a resource by its path in the stack, below what is found already."""
    if path not in found:
        above, _, step = path.rpartition("/")
        found[path] = _resource(above, found).node.find_child(step)
    return found[path]

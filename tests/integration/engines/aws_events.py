"""Events in the very form in which AWS sends them, by its documentation and not by our emulator.

Of each form all fields are here, also those that the product does not read.

API Gateway     https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html,
                "Input format of a Lambda function for proxy integration"; header names as AWS was
                recorded to send them: LocalStack, test_apigateway_lambda.snapshot.json,
                test_lambda_aws_proxy_integration, 10-07-2024
SQS             https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, "Standard queue message
                event"
CloudFormation  https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
Cognito         https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
                with https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
Scheduler       https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
Pipes           the record of a stream: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from orders.routes import STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACCOUNT = "111122223333"
_HOST = "id.execute-api.us-east-1.amazonaws.com"


class Caller(NamedTuple):
    """Who calls the API, as API Gateway tells it."""

    identity: dict[str, Any]
    authorizer: dict[str, Any] | None = None


def partner(key_id: str) -> Caller:
    """A partner: API Gateway tells the key, and which it is."""
    return Caller({"apiKey": "the-key-itself-which-is-in-the-header-too", "apiKeyId": key_id})


def customer(subject: str) -> Caller:
    """A customer: API Gateway tells the claims of the token, each as text."""
    claims = {
        "sub": subject,
        "email_verified": "true",
        "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example",
        "cognito:username": subject,
        "aud": "1example23456789",
        "event_id": str(uuid.uuid4()),
        "token_use": "id",
        "auth_time": "1732870000",
        "exp": "Sun Nov 29 23:20:00 UTC 2026",
        "iat": "Sun Nov 29 22:20:00 UTC 2026",
        "email": "customer@example.com",
    }
    return Caller({}, {"claims": claims, "scopes": None})


def request(
    caller: Caller,
    method: str,
    resource: str,
    *,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    **path_parameters: str,
) -> dict[str, Any]:
    """Give the event of an HTTP request."""
    path = resource.format(**path_parameters)
    sent = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "Host": _HOST,
        "User-Agent": "example/1.0",
        "X-Amzn-Trace-Id": "Root=1-65a1b2c3-0123456789abcdef01234567",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        **(headers or {}),
    }
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": _lists(sent),
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": _lists(query) if query else None,
        "pathParameters": path_parameters or None,
        "stageVariables": None,
        "requestContext": _context(caller, method, resource, path),
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def _lists(values: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in values.items()}


def _context(caller: Caller, method: str, resource: str, path: str) -> dict[str, Any]:
    nobody = dict.fromkeys(
        (
            *("accessKey", "accountId", "caller", "principalOrgId", "user", "userArn"),
            *("cognitoAuthenticationProvider", "cognitoAuthenticationType"),
            *("cognitoIdentityId", "cognitoIdentityPoolId"),
        )
    )
    known = {} if caller.authorizer is None else {"authorizer": caller.authorizer}
    return {
        **known,
        "accountId": _ACCOUNT,
        "apiId": "id",
        "deploymentId": "ab1c2d",
        "domainName": _HOST,
        "domainPrefix": "id",
        "extendedRequestId": "JIc3SGXsIAMEbcg=",
        "httpMethod": method,
        "identity": {
            **nobody,
            **caller.identity,
            "sourceIp": "192.0.2.1",
            "userAgent": "example/1.0",
        },
        "path": f"/{STAGE}{path}",
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTime": "29/Nov/2026:22:20:00 +0000",
        "requestTimeEpoch": 1795990800000,
        "resourceId": "123456",
        "resourcePath": resource,
        "stage": STAGE,
    }


def batch(*bodies: str) -> dict[str, Any]:
    """Give the event of some messages of a queue, delivered for the first time."""
    return {"Records": [_message(body) for body in bodies]}


def _message(body: str) -> dict[str, Any]:
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:{_ACCOUNT}:my-queue",
        "awsRegion": "us-east-1",
    }


def inserted(image: dict[str, Any]) -> str:
    """Give the message that tells of a new item: the stream's record, whole, as a pipe hands it on.

    Args:
        image: the item in DynamoDB's typed JSON.
    """
    stream = f"arn:aws:dynamodb:us-east-1:{_ACCOUNT}:table/Orders/stream/2026-11-29T00:00:00.000"
    return json.dumps(
        {
            "eventID": "1",
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1795990800,
                "Keys": {name: image[name] for name in ("orderId", "timestamp")},
                "NewImage": image,
                "SequenceNumber": "111000000000000000000001",
                "SizeBytes": 1024,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": stream,
        }
    )


def custom_resource(
    kind: str, properties: Mapping[str, Any], response_url: str, **more: Any
) -> dict[str, Any]:
    """Give CloudFormation's event for a custom resource."""
    function = f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:create_parameters"
    return {
        "RequestType": kind,
        "ServiceToken": function,
        "ResponseURL": response_url,
        "StackId": f"arn:aws:cloudformation:us-east-1:{_ACCOUNT}:stack/stack-name/guid",
        "RequestId": str(uuid.uuid4()),
        "ResourceType": "Custom::CreatedParameters",
        "LogicalResourceId": "CreatedParameters",
        "ResourceProperties": {"ServiceToken": function, **properties},
        **more,
    }


def scheduled() -> dict[str, Any]:
    """Give the schedule's input: AWS writes the moment in place of its keyword, in UTC."""
    return {"scheduledTime": "2022-03-22T18:59:43Z"}


def tokens(pool: str, person: str, groups: list[str]) -> dict[str, Any]:
    """Give Cognito's event, version 1, before it makes somebody's tokens."""
    return {
        "version": "1",
        "triggerSource": "TokenGeneration_Authentication",
        "region": "us-east-1",
        "userPoolId": pool,
        "userName": person,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23"},
        "request": {
            "userAttributes": {
                "sub": person,
                "email_verified": "true",
                "cognito:user_status": "CONFIRMED",
                "email": "customer@example.com",
            },
            "groupConfiguration": {
                "groupsToOverride": groups,
                "iamRolesToOverride": [],
                "preferredRole": None,
            },
        },
        "response": {"claimsOverrideDetails": None},
    }

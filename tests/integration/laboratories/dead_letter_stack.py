"""A stack with queues, dead-letter queues, a table, a pipe and a topic, and no workers."""

from __future__ import annotations

import json
from typing import Any

from infrastructure import outputs

RAW = {"RawMessageDelivery": True, "Protocol": "sqs", "TopicArn": {"Ref": "Topic"}}


def _arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _queue(dead: str) -> dict[str, Any]:
    policy = {"deadLetterTargetArn": _arn(dead), "maxReceiveCount": 3}
    return {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": policy}}


def _table() -> dict[str, Any]:
    properties = {
        "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def _pipe() -> dict[str, Any]:
    properties = {
        "Source": {"Fn::GetAtt": ["Orders", "StreamArn"]},
        "SourceParameters": {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        "Target": {"Ref": "Topic"},
        "RoleArn": "arn:aws:iam::000000000000:role/pipe",
    }
    return {"Type": "AWS::Pipes::Pipe", "Properties": properties}


def template() -> str:
    """Give the template; its outputs are those of the service."""
    resources = {
        "ProcessingDead": {"Type": "AWS::SQS::Queue"},
        "NotificationsDead": {"Type": "AWS::SQS::Queue"},
        "RestaurantsDead": {"Type": "AWS::SQS::Queue"},
        "PipeDead": {"Type": "AWS::SQS::Queue"},
        "Processing": _queue("ProcessingDead"),
        "Notifications": _queue("NotificationsDead"),
        "Restaurants": _queue("RestaurantsDead"),
        "Orders": _table(),
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {**RAW, "Endpoint": _arn("Processing")},
        },
        "Pipe": _pipe(),
    }
    written = {
        outputs.queue("order_processing"): "Processing",
        outputs.dead_letters("order_processing"): "ProcessingDead",
        outputs.queue("partner_notifications"): "Notifications",
        outputs.dead_letters("partner_notifications"): "NotificationsDead",
        outputs.queue("restaurant_notifications"): "Restaurants",
        outputs.dead_letters("restaurant_notifications"): "RestaurantsDead",
        outputs.PIPE_DEAD_LETTERS: "PipeDead",
        outputs.ORDER_CHANGES_TOPIC: "Topic",
        outputs.ORDERS_TABLE: "Orders",
    }
    values = {name: {"Value": {"Ref": resource}} for name, resource in written.items()}
    return json.dumps({"Resources": resources, "Outputs": values})

"""The types of resources that cost nothing by themselves, each with the reason. Reviewed by people.

A type that is neither here nor priced in `ops.costs.model` fails a test: whoever adds a resource to
the template says what it costs.
"""

from __future__ import annotations

_OF_API = "part of the API, which is paid by request"
_OF_IAM = "AWS does not charge for IAM"
_OF_QUEUE = "a rule of who may send; the queue is paid by request"
_OF_POOL = "part of the user pool, which is paid by customer"
_ALREADY = "counted with what it belongs to: "

FREE = {
    "AWS::ApiGateway::Account": "a setting of the account",
    "AWS::ApiGateway::ApiKey": _OF_API,
    "AWS::ApiGateway::Authorizer": _OF_API,
    "AWS::ApiGateway::BasePathMapping": _OF_API,
    "AWS::ApiGateway::Deployment": _OF_API,
    "AWS::ApiGateway::DomainName": "a Regional domain is free, and so is a public certificate",
    "AWS::ApiGateway::GatewayResponse": _OF_API,
    "AWS::ApiGateway::Method": _OF_API,
    "AWS::ApiGateway::Model": _OF_API,
    "AWS::ApiGateway::RequestValidator": _OF_API,
    "AWS::ApiGateway::Resource": _OF_API,
    "AWS::ApiGateway::UsagePlan": _OF_API,
    "AWS::ApiGateway::UsagePlanKey": _OF_API,
    "AWS::Budgets::Budget": "budgets that only tell are free; those that act are not",
    "AWS::CloudFormation::CustomResource": "CloudFormation bills only third parties' types",
    "AWS::Cognito::UserPoolClient": _OF_POOL,
    "AWS::Cognito::UserPoolGroup": _OF_POOL,
    "AWS::IAM::ManagedPolicy": _OF_IAM,
    "AWS::IAM::Policy": _OF_IAM,
    "AWS::IAM::Role": _OF_IAM,
    "AWS::KMS::Alias": "a name of a key",
    "AWS::Lambda::EventInvokeConfig": "a rule of what is tried again; functions are paid by call",
    "AWS::Lambda::EventSourceMapping": f"{_ALREADY}its polls with the queues",
    "AWS::Lambda::Permission": "a rule of who may call; functions are paid by call",
    "AWS::Lambda::Version": "a name of code; functions are paid by call",
    "AWS::Lambda::Alias": "a name of a version; functions are paid by call",
    "AWS::Logs::LogGroup": f"{_ALREADY}its lines with whoever writes them",
    "AWS::Logs::QueryDefinition": "a saved text; queries are paid when people run them",
    "AWS::SNS::Subscription": f"{_ALREADY}its filter with the topic; deliveries to SQS are free",
    "AWS::SNS::TopicPolicy": "a rule of who may publish; the topic is paid by request",
    "AWS::SQS::QueuePolicy": _OF_QUEUE,
    "AWS::WAFv2::LoggingConfiguration": "logs what is blocked, which is not in the traffic model",
    "AWS::WAFv2::WebACLAssociation": f"{_ALREADY}requests with the web ACL",
    "AWS::XRay::Group": "a filter; traces are paid when they are recorded",
    "AWS::XRay::ResourcePolicy": "a rule of who may send; traces are paid when they are recorded",
    "AWS::XRay::SamplingRule": "a rule; traces are paid when they are recorded",
}
"""Why each type costs nothing."""

FREE_PREFIXES = {"Custom::": "CloudFormation bills only third parties' types"}
"""The same for types whose names begin so."""

"""The way of a change, as the template defines it: pipe, topic, queues, dead letters, workers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from infrastructure.functions import Caller, construct_id, names
from infrastructure.settings import STAGES

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

FOURTEEN_DAYS = 14 * 24 * 60 * 60
ACCOUNT = {"Ref": "AWS::AccountId"}


class Work(NamedTuple):
    """What belongs to one worker."""

    function: str
    queue: str
    dead: str
    filter: dict[str, Any]
    most_at_once: int


PROCESSING = Work(
    "ProcessOrder",
    "ProcessingOrderProcessingQueue",
    "ProcessingOrderProcessingDeadLetters",
    {"dynamodb": {"NewImage": {"status": {"S": ["PLACED"]}}}},
    100,
)
NOTIFICATIONS = Work(
    "NotifyPartner",
    "ProcessingPartnerNotificationsQueue",
    "ProcessingPartnerNotificationsDeadLetters",
    {"dynamodb": {"NewImage": {"partnerId": {"S": [{"anything-but": ["heartbeat"]}]}}}},
    50,
)
PREPARING = {"status": {"S": ["PREPARING"]}}
RESTAURANTS = Work(
    "NotifyPartner",
    "ProcessingRestaurantNotificationsQueue",
    "ProcessingRestaurantNotificationsDeadLetters",
    {
        "dynamodb": {
            "NewImage": {"servedBy": {"S": [{"anything-but": {"prefix": "#"}}]}},
            "$or": [
                {"NewImage": {"status": {"S": [{"anything-but": ["PREPARING", "READY"]}]}}},
                {"NewImage": PREPARING, "OldImage": PREPARING},
                {"OldImage": {"status": {"S": ["READY"]}}},
            ],
        }
    },
    10,
)
WORK = (PROCESSING, NOTIFICATIONS, RESTAURANTS)
RETRIES = "ProcessingPartnerRetries"
PIPE_DEAD = "ProcessingPipeDeadLetters"
LIVE = (*(work.queue for work in WORK), RETRIES)
DEAD = (*(work.dead for work in WORK), PIPE_DEAD)
SECRETS, CUSTOMERS = "PartnerSecrets", "CustomerKey"

by_worker = pytest.mark.parametrize("work", WORK, ids=lambda work: work.queue)
by_queue = pytest.mark.parametrize("queue", [*LIVE, *DEAD])


def id_of(template: Template, kind: str, start: str) -> str:
    """Find the only resource of a type whose id starts so."""
    (found,) = (name for name, _ in template.all(kind) if name.startswith(start))
    return found


def arn(template: Template, kind: str, start: str) -> dict[str, Any]:
    """Refer to a resource by its ARN."""
    return {"Fn::GetAtt": [id_of(template, kind, start), "Arn"]}


def stream(template: Template) -> dict[str, Any]:
    return {"Fn::GetAtt": [id_of(template, "DynamoDB::GlobalTable", "DataOrders"), "StreamArn"]}


def topic(template: Template) -> dict[str, Any]:
    return {"Ref": id_of(template, "SNS::Topic", "Processing")}


def statements(template: Template, start: str) -> list[dict[str, Any]]:
    """Give what a role may do."""
    policy = template.one("IAM::Policy", f"{start}Role")["PolicyDocument"]
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def about_keys(template: Template, start: str, key: str) -> list[dict[str, Any]]:
    """Give the statements of a role on one key."""
    on = arn(template, "KMS::Key", key)
    return [statement for statement in statements(template, start) if statement["Resource"] == on]


def policies_of(template: Template, kind: str, where: str, holder: str) -> list[dict[str, Any]]:
    """Give the statements of the resource policies that a queue or topic has."""
    return [
        statement
        for _, policy in template.all(kind)
        if {"Ref": holder} in policy[where]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def queue_policy(template: Template, queue: str) -> list[dict[str, Any]]:
    name = id_of(template, "SQS::Queue", queue)
    return policies_of(template, "SQS::QueuePolicy", "Queues", name)


def source(template: Template) -> dict[str, Any]:
    parameters = template.one("Pipes::Pipe")["SourceParameters"]
    found: dict[str, Any] = parameters["DynamoDBStreamParameters"]
    return found


def test_every_change_of_an_order_goes_to_the_topic(template: Template) -> None:
    """No change is missed: the pipe begins with the oldest of the orders' stream."""
    pipe = template.one("Pipes::Pipe")
    assert (pipe["Source"], pipe["Target"]) == (stream(template), topic(template))
    assert pipe.get("DesiredState", "RUNNING") == "RUNNING"
    assert source(template)["StartingPosition"] == "TRIM_HORIZON"
    assert "Enrichment" not in pipe


def test_nobody_is_told_what_was_deleted(template: Template) -> None:
    """A deletion, as after an order's time, sends the order to nobody; all other writes go on."""
    parameters = template.one("Pipes::Pipe")["SourceParameters"]
    (only,) = parameters["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


def test_one_bad_change_holds_up_no_other(template: Template) -> None:
    """A change that cannot be told is tried so many times, alone, and is then a dead letter."""
    parameters = source(template)
    assert 1 <= parameters["MaximumRetryAttempts"] <= 100
    assert parameters["OnPartialBatchItemFailure"] == "AUTOMATIC_BISECT"
    assert parameters["DeadLetterConfig"] == {"Arn": arn(template, "SQS::Queue", PIPE_DEAD)}


def test_a_late_change_is_a_dead_letter(template: Template) -> None:
    """What the pipe cannot carry in time is told before the stream forgets it, after 24 hours."""
    assert 12 * 3_600 <= source(template)["MaximumRecordAgeInSeconds"] < 24 * 3_600


def test_a_batch_of_the_pipe_fits_into_one_call(template: Template) -> None:
    """SNS takes ten messages at once, and a pipe with larger batches would lose what is over."""
    assert 1 <= source(template)["BatchSize"] <= 10


def test_no_change_waits_for_others(template: Template) -> None:
    """A partner hears at once: neither the pipe nor a queue gathers a batch before it goes on."""
    window = "MaximumBatchingWindowInSeconds"
    stream = template.one("Pipes::Pipe")["SourceParameters"]["DynamoDBStreamParameters"]
    assert stream.get(window, 0) == 0
    assert stream["BatchSize"] == 1
    mappings = [mapping for _, mapping in template.all("Lambda::EventSourceMapping")]
    assert mappings
    assert all(mapping.get(window, 0) == 0 for mapping in mappings)
    queues = [queue for _, queue in template.all("SQS::Queue")]
    assert all(queue.get("DelaySeconds", 0) == 0 for queue in queues)


def test_the_pipe_logs_its_errors_and_nobodys_order(template: Template) -> None:
    """An operator reads for a week why a change was not told, and finds no customer's data."""
    configuration = template.one("Pipes::Pipe")["LogConfiguration"]
    assert configuration == {
        "CloudwatchLogsLogDestination": {
            "LogGroupArn": arn(template, "Logs::LogGroup", "ProcessingPipeLogs")
        },
        "Level": "ERROR",
    }
    group = template.one("Logs::LogGroup", "ProcessingPipeLogs")
    assert group["RetentionInDays"] == 7
    assert group["LogGroupName"].startswith("/aws/vendedlogs/")


def test_no_other_account_s_pipe_takes_the_role(template: Template) -> None:
    """Somebody else's pipe cannot borrow what ours may do."""
    pipe = template.one("Pipes::Pipe")
    role = template.one("IAM::Role", "ProcessingPipeRole")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (trust["Action"], trust["Effect"]) == ("sts:AssumeRole", "Allow")
    assert trust["Principal"] == {"Service": "pipes.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert pipe["RoleArn"] == arn(template, "IAM::Role", "ProcessingPipeRole")
    assert not {"ManagedPolicyArns", "Policies"} & set(role)


def test_the_pipe_may_do_what_it_does_and_nothing_else(template: Template) -> None:
    """It reads one stream, tells one topic, and buries in one queue."""
    role = statements(template, "ProcessingPipe")
    assert {statement["Effect"] for statement in role} == {"Allow"}
    granted = [
        (action, statement["Resource"])
        for statement in role
        for action in listed(statement["Action"])
        if not action.startswith("kms:")  # of the customer's own key: below
    ]
    reading = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    expected = [
        *((f"dynamodb:{action}", stream(template)) for action in reading),
        ("sns:Publish", topic(template)),
        ("sqs:SendMessage", arn(template, "SQS::Queue", PIPE_DEAD)),
    ]
    assert sorted(granted, key=str) == sorted(expected, key=str)


def test_the_pipe_starts_with_all_its_permissions(template: Template) -> None:
    """A deployment from nothing does not fail because the pipe came before its role's policy."""
    awaited = template.resource("Pipes::Pipe", "Processing")["DependsOn"]
    assert id_of(template, "IAM::Policy", "ProcessingPipeRole") in awaited


def test_the_topic_is_encrypted(template: Template) -> None:
    """What waits in the topic is unreadable on AWS's disks, in every stage."""
    assert template.one("SNS::Topic", "Processing")["KmsMasterKeyId"]


def test_the_topic_refuses_what_comes_without_tls(template: Template) -> None:
    """Nobody publishes in clear text, and nobody outside the account publishes at all."""
    (name,) = (name for name, _ in template.all("SNS::Topic") if name.startswith("Processing"))
    policy = policies_of(template, "SNS::TopicPolicy", "Topics", name)
    assert [(s["Effect"], s["Action"], s["Condition"]) for s in policy] == [
        ("Deny", "sns:Publish", {"Bool": {"aws:SecureTransport": "false"}})
    ]
    assert policy[0]["Principal"] in ("*", {"AWS": "*"})
    assert policy[0]["Resource"] == {"Ref": name}


def test_there_is_no_other_queue(template: Template) -> None:
    """Every queue is one of those that are looked at here."""
    names = [name for name, _ in template.all("SQS::Queue")]
    assert len(names) == len((*LIVE, *DEAD))
    assert all(name.startswith((*LIVE, *DEAD)) for name in names)


@by_queue
def test_no_message_is_lost_over_a_long_weekend(template: Template, queue: str) -> None:
    """Every queue keeps its messages fourteen days, the longest that SQS has."""
    assert template.one("SQS::Queue", queue)["MessageRetentionPeriod"] == FOURTEEN_DAYS


@by_queue
def test_every_queue_is_encrypted(template: Template, queue: str) -> None:
    """Waiting orders and dead letters are unreadable on AWS's disks."""
    properties = template.one("SQS::Queue", queue)
    assert properties.get("SqsManagedSseEnabled") is True or properties.get("KmsMasterKeyId")


@by_queue
def test_every_queue_refuses_what_comes_without_tls(template: Template, queue: str) -> None:
    """Nobody sends or reads in clear text."""
    (denied,) = (s for s in queue_policy(template, queue) if s["Effect"] == "Deny")
    assert denied["Action"] == "sqs:*"
    assert denied["Principal"] in ("*", {"AWS": "*"})
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["Resource"] == arn(template, "SQS::Queue", queue)


@by_queue
def test_only_our_topic_sends_to_a_queue(template: Template, queue: str) -> None:
    """Nobody's topic but ours fills a queue; what pipe and worker send comes by their roles."""
    allowed = [s for s in queue_policy(template, queue) if s["Effect"] == "Allow"]
    if queue in (PIPE_DEAD, RETRIES):
        assert allowed == []
        return
    (statement,) = allowed
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic(template)}}
    assert statement["Resource"] == arn(template, "SQS::Queue", queue)


@by_worker
def test_no_message_is_worked_on_twice_at_once(template: Template, work: Work) -> None:
    """A message stays hidden six times as long as its function may take, as AWS advises."""
    timeout = template.one("Lambda::Function", work.function)["Timeout"]
    assert template.one("SQS::Queue", work.queue)["VisibilityTimeout"] >= 6 * timeout


@by_worker
def test_a_message_that_fails_five_times_is_put_aside(template: Template, work: Work) -> None:
    """An operator finds it among the dead letters of this worker, and of no other."""
    assert template.one("SQS::Queue", work.queue)["RedrivePolicy"] == {
        "deadLetterTargetArn": arn(template, "SQS::Queue", work.dead),
        "maxReceiveCount": 5,
    }


@pytest.mark.parametrize("queue", DEAD)
def test_dead_letters_wait_for_a_person(template: Template, queue: str) -> None:
    """Nothing takes them away by itself."""
    assert "RedrivePolicy" not in template.one("SQS::Queue", queue)
    on = arn(template, "SQS::Queue", queue)
    mappings = template.all("Lambda::EventSourceMapping")
    assert all(mapping["EventSourceArn"] != on for _, mapping in mappings)


@by_worker
def test_each_worker_is_told_what_concerns_it(template: Template, work: Work) -> None:
    """Placed orders are processed, who placed and who serves one hears; what fails is kept."""
    endpoint = arn(template, "SQS::Queue", work.queue)
    (found,) = (s for _, s in template.all("SNS::Subscription") if s["Endpoint"] == endpoint)
    assert found == {
        "Protocol": "sqs",
        "TopicArn": topic(template),
        "Endpoint": endpoint,
        "RawMessageDelivery": True,
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": work.filter,
        "RedrivePolicy": {"deadLetterTargetArn": arn(template, "SQS::Queue", work.dead)},
    }


def test_nothing_else_listens(template: Template) -> None:
    """Orders go to the workers' queues, and only there."""
    assert len(list(template.all("SNS::Subscription"))) == len(WORK)


@by_worker
def test_a_queue_feeds_its_function(template: Template, work: Work) -> None:
    """Ten messages at a time; one that fails comes again alone; a rush stays within bounds."""
    on = arn(template, "SQS::Queue", work.queue)
    mappings = [m for _, m in template.all("Lambda::EventSourceMapping")]
    assert len(mappings) == len(WORK) + 1  # and the retries
    (mapping,) = (m for m in mappings if m["EventSourceArn"] == on)
    assert mapping["FunctionName"] == {"Ref": id_of(template, "Lambda::Alias", work.function)}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    assert mapping.get("Enabled", True) is True
    assert "FilterCriteria" not in mapping  # it would delete what it does not let pass


def test_a_hundred_orders_are_processed_at_once(template: Template) -> None:
    """A burst of a hundred orders waits for nothing of ours."""
    assert most_at_once(template, PROCESSING) == 100


def test_webhooks_leave_functions_for_orders(template: Template) -> None:
    """However slow the partners' servers are, at most fifty functions wait for them."""
    assert 2 <= most_at_once(template, NOTIFICATIONS) <= 50


def most_at_once(template: Template, work: Work, queue: str = "") -> int:
    on = arn(template, "SQS::Queue", queue or work.queue)
    mappings = [m for _, m in template.all("Lambda::EventSourceMapping")]
    (mapping,) = (m for m in mappings if m["EventSourceArn"] == on)
    assert mapping["FunctionName"] == {"Ref": id_of(template, "Lambda::Alias", work.function)}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.get("Enabled", True) is True
    assert "FilterCriteria" not in mapping
    return int(mapping["ScalingConfig"]["MaximumConcurrency"])


def test_retries_have_functions_of_their_own(template: Template) -> None:
    """However many webhooks wait for endpoints that hang, first attempts lose no function."""
    first, retries = (most_at_once(template, NOTIFICATIONS, queue) for queue in ("", RETRIES))
    assert 2 <= retries <= 20
    assert first + retries + most_at_once(template, RESTAURANTS) <= 100


def test_restaurants_have_functions_of_their_own(template: Template) -> None:
    """However many webhooks wait for who placed orders, who serves them is told, and vice versa."""
    assert 2 <= most_at_once(template, RESTAURANTS) <= 10


def test_the_worker_tells_its_queues_apart(template: Template) -> None:
    """Whom it calls follows the queue, and dead letters lie with those of their own queue."""
    known = variables(template, NOTIFICATIONS)
    assert known["RESTAURANTS_QUEUE"] == url(template, RESTAURANTS.queue)
    assert known["RESTAURANTS_DEAD_LETTERS"] == url(template, RESTAURANTS.dead)
    assert known["DEAD_LETTER_QUEUE"] == url(template, NOTIFICATIONS.dead)
    assert "RESTAURANTS_QUEUE" not in variables(template, PROCESSING)


def test_sns_takes_every_filter(template: Template) -> None:
    """No filter has more keys with values, or more combinations of them, than SNS takes.

    https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
    """
    for _, subscription in template.all("SNS::Subscription"):
        keys, combinations = weighed(subscription["FilterPolicy"])
        assert keys <= 5
        assert combinations <= 150


def weighed(policy: dict[str, Any], depth: int = 1) -> tuple[int, int]:
    """Count the keys that have values, and the combinations as AWS's document reckons them."""
    keys, combinations = 0, 1
    for name, value in policy.items():
        if name == "$or":
            parts = [weighed(one, depth) for one in value]
            keys += sum(part[0] for part in parts)
            combinations *= sum(part[1] for part in parts)
        elif isinstance(value, dict):
            inner = weighed(value, depth + 1)
            keys, combinations = keys + inner[0], combinations * inner[1]
        else:
            keys, combinations = keys + 1, combinations * depth * sum(map(_values, value))
    return keys, combinations


def _values(condition: Any) -> int:
    excluded = condition.get("anything-but") if isinstance(condition, dict) else None
    return len(excluded) if isinstance(excluded, list) else 1


def test_retries_hear_of_nothing_but_the_worker(template: Template) -> None:
    """Only who made a first attempt sends there; and what dies there lies with the others."""
    queue = template.one("SQS::Queue", RETRIES)
    dead = arn(template, "SQS::Queue", NOTIFICATIONS.dead)
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == dead
    waits = variables(template, NOTIFICATIONS)["WEBHOOK_WAITS"].split()
    assert queue["RedrivePolicy"]["maxReceiveCount"] == len(waits)
    assert variables(template, NOTIFICATIONS)["RETRIES_QUEUE"] == url(template, RETRIES)


def test_webhooks_are_tried_for_a_day_with_growing_pauses(prod: Template) -> None:
    """An endpoint that was down over night gets all its events; SQS can wait for each."""
    waits = [int(one) for one in variables(prod, NOTIFICATIONS)["WEBHOOK_WAITS"].split()]
    assert waits == sorted(set(waits))
    assert sum(waits) >= 24 * 60 * 60
    assert 1.2 * waits[0] <= 15 * 60  # the longest that a message is delayed
    assert 1.2 * max(waits) <= 12 * 60 * 60 - 60  # the longest that one is hidden, from its receipt
    assert 1.2 * sum(waits) <= FOURTEEN_DAYS / 2  # and after that it is long a dead letter


@by_worker
def test_no_stage_carries_what_is_for_tests(template: Template, work: Work) -> None:
    """Webhooks go to public addresses with public certificates: no stage has the test's doors."""
    assert not {"WEBHOOK_TEST_NETWORKS", "SSL_CERT_FILE"} & set(variables(template, work))


def variables(template: Template, work: Work) -> dict[str, Any]:
    found: dict[str, Any] = template.one("Lambda::Function", work.function)["Environment"]
    return dict(found["Variables"])


def test_operators_find_everything_by_the_outputs(template: Template) -> None:
    """Whoever has the stack's name finds its queues, dead letters, topic and secrets' key."""
    outputs = template.document["Outputs"]
    expected = {
        "OrderChangesTopic": topic(template),
        "OrderChangesPipe": {"Ref": id_of(template, "Pipes::Pipe", "Processing")},
        "OrderProcessingQueue": url(template, PROCESSING.queue),
        "OrderProcessingDeadLetters": url(template, PROCESSING.dead),
        "PartnerNotificationsQueue": url(template, NOTIFICATIONS.queue),
        "PartnerNotificationsDeadLetters": url(template, NOTIFICATIONS.dead),
        "RestaurantNotificationsQueue": url(template, RESTAURANTS.queue),
        "RestaurantNotificationsDeadLetters": url(template, RESTAURANTS.dead),
        "PartnerRetriesQueue": url(template, RETRIES),
        "PipeDeadLetters": url(template, PIPE_DEAD),
        "FlagsParameter": variables(template, PROCESSING)["FLAGS_PARAMETER"],
        "PartnerSecretsKey": arn(template, "KMS::Key", SECRETS),
    }
    assert {name: outputs[name]["Value"] for name in expected} == expected


def url(template: Template, queue: str) -> dict[str, Any]:
    return {"Ref": id_of(template, "SQS::Queue", queue)}


def test_a_key_of_your_own_encrypts_what_waits(hardened: Template) -> None:
    """With `customer_key` the topic and every queue are under your key."""
    key = arn(hardened, "KMS::Key", CUSTOMERS)
    assert hardened.one("SNS::Topic", "Processing")["KmsMasterKeyId"] == key
    for _, queue in hardened.all("SQS::Queue"):
        assert queue["KmsMasterKeyId"] == key
        assert "SqsManagedSseEnabled" not in queue


@pytest.mark.parametrize("stage", STAGES)
def test_without_one_aws_has_the_key(templates: dict[str, Template], stage: str) -> None:
    """No stage pays for a key of its own unless its settings ask for one."""
    template = templates[stage]
    parts = template.one("SNS::Topic", "Processing")["KmsMasterKeyId"]["Fn::Join"][1]
    assert parts[-1] == ":alias/aws/sns"
    assert all(queue["SqsManagedSseEnabled"] for _, queue in template.all("SQS::Queue"))


def test_sns_uses_your_key_for_our_topic_only(hardened: Template) -> None:
    """Your key opens nothing for another topic, be it in your account or in another one."""
    policy = hardened.one("KMS::Key", CUSTOMERS)["KeyPolicy"]["Statement"]
    sns = {"Service": "sns.amazonaws.com"}
    services = [statement for statement in policy if statement["Principal"] == sns]
    name = hardened.one("SNS::Topic", "Processing")["TopicName"]
    # By name: by reference, key and topic would each wait for the other.
    ours = {"Fn::Join": ["", ["arn:aws:sns:us-east-1:", ACCOUNT, f":{name}"]]}
    assert services == [
        {
            "Effect": "Allow",
            "Principal": sns,
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": ours}},
        }
    ]


@by_worker
def test_workers_open_messages_through_sqs_only(hardened: Template, work: Work) -> None:
    """A worker reads and buries messages under your key, and can decrypt nothing by itself."""
    granted = about_keys(hardened, work.function, CUSTOMERS)
    assert all("kms:ViaService" in statement["Condition"]["StringEquals"] for statement in granted)
    of_queues = [s for s in granted if "aws:sqs:arn" in str(s["Condition"])]
    assert {s["Action"] for s in of_queues} == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_pipe_may_use_your_key(hardened: Template) -> None:
    """It can read the stream and write to the topic and the dead letters under it, no more."""
    granted = about_keys(hardened, "ProcessingPipe", CUSTOMERS)
    of_data = {
        next(key for key in s["Condition"]["StringEquals"] if "Context" in key): s["Action"]
        for s in granted
        if s["Action"] != "kms:DescribeKey"
    }
    assert of_data == {
        "kms:EncryptionContext:aws:dynamodb:tableName": "kms:Decrypt",
        "kms:EncryptionContext:aws:sns:topicArn": ["kms:Decrypt", "kms:GenerateDataKey"],
        "kms:EncryptionContext:aws:sqs:arn": ["kms:Decrypt", "kms:GenerateDataKey"],
    }


def test_without_a_key_the_pipe_may_use_none(prod: Template) -> None:
    """There is no permission for keys where there is no key."""
    assert "kms:" not in str(statements(prod, "ProcessingPipe"))


def test_partners_secrets_are_opened_by_their_sender_alone(template: Template) -> None:
    """Only the function that signs webhooks reads secrets, and only through Parameter Store."""
    (reading,) = (s for s in statements(template, "NotifyPartner") if "ssm:" in str(s["Action"]))
    assert reading["Action"] == "ssm:GetParameter"
    secrets = [on for on in reading["Resource"] if tail_of(on) != "flags"]
    assert {tail_of(on) for on in secrets} == {"partners/*", "webhook-signing-key"}
    keys = about_keys(template, "NotifyPartner", SECRETS)
    assert {s["Action"] for s in keys} == {"kms:Decrypt"}
    assert [s["Condition"] for s in keys] == [of_parameter(on) for on in secrets]
    others = set(names(Caller.API, Caller.QUEUE, Caller.DEPLOYMENT)) - {"notify_partner"}
    for start in map(construct_id, others):
        actions = {s["Action"] for s in about_keys(template, start, SECRETS)}
        assert actions <= ({"kms:Encrypt"} if start == "CreateParameters" else set())
    assert about_keys(template, "ProcessingPipe", SECRETS) == []


def tail_of(arn: dict[str, Any]) -> str:
    """Give the name of a parameter below the stage's prefix."""
    return str(arn["Fn::Join"][1][-1]).split("/", 3)[3]


def of_parameter(arn: Any) -> dict[str, Any]:
    """Give the condition that a key is used by Parameter Store, and for one parameter only."""
    through = {"Fn::Join": ["", ["ssm.", {"Ref": "AWS::Region"}, ".amazonaws.com"]]}
    return {
        "StringEquals": {"kms:ViaService": through},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": arn},
    }


def test_the_secrets_key_is_opened_by_nobody_else(template: Template) -> None:
    """The key's own policy names your account, whose roles decide, seen above, and no service.

    But for the alarms of this account, whose topic it encrypts where there is no key of your own.
    """
    account, *services = template.one("KMS::Key", SECRETS)["KeyPolicy"]["Statement"]
    assert "AWS::AccountId" in str(account["Principal"])
    assert "Service" not in account["Principal"]
    has_key = any(name.startswith("CustomerKey") for name, _ in template.all("KMS::Key"))
    assert len(services) == (0 if has_key else 1)
    for alarms in services:
        assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert alarms["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
        assert "alarm:*" in str(alarms["Condition"]["ArnLike"]["aws:SourceArn"])

"""The way of a change: stream ─► pipe ─► topic ─► a queue for each worker, each with dead letters.

Webhooks that a partner does not take at once go on to a queue of retries, with a bound of its own:
so an endpoint that hangs takes no function from others (docs/decisions/0020-webhooks-fairly.md).

An order's item is its own outbox: one write makes both the order and its event. The topic in the
middle lets other teams subscribe a queue of their own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_pipes as pipes
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure.functions import (
    NOTIFICATIONS,
    NOTIFYING,
    PROCESSING,
    QUEUES,
    RESTAURANTS,
    Queue,
    queues_of,
)
from infrastructure.work.deadlines import Deadlines
from infrastructure.work.encryption import READING, YOUR_KEY
from infrastructure.work.function import RETENTION
from infrastructure.work.permissions import (
    allow,
    of_queues,
    of_tables,
    of_this_account,
    of_topic,
    through,
)
from orders.domain.lifecycle import Status
from orders.domain.serving.server_events import OWN_MOVES
from orders.domain.synthetic import HEARTBEAT
from orders.order_changes import TOLD
from orders.settings import MAX_RECEIVES

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_

    from infrastructure.settings import Settings, Worker
    from infrastructure.work.function import Function

KEPT = Duration.days(14)
"""How long a message waits, and a dead letter for an operator: the longest that SQS has. The time
counts from when the message was first sent, in whichever queue it stands."""

VISIBILITY_FACTOR = 6
"""A queue's visibility time-out in time-outs of its function, as AWS advises."""

PIPE_RETRIES = 20
PIPE_RECORD_HOURS = 22
"""How old a change may be that the pipe still carries. The stream drops it after 24 hours without a
word; what is given up before is a dead letter, and two hours are left to read it again."""

PIPE_AT_ONCE = 10
"""How many records of a shard are on their way at once; those of one order stay one after another.

Each alone: all messages of a batch together may have no more bytes for SNS than a single one.
"""

_TAKING = {
    "sqs:ReceiveMessage": "Lambda takes the worker's messages",
    "sqs:DeleteMessage": "Lambda removes what is done",
    "sqs:GetQueueAttributes": "Lambda looks how many wait",
    "sqs:ChangeMessageVisibility": "Postpones what failed",
}
"""What a worker may do to its queue, and why."""

_READING_STREAMS = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)


class Processing(Construct):
    """The pipe, the topic, and the workers' queues."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        orders: dynamodb.TableV2,
        settings: Settings,
        key: kms.IKey | None = None,
    ) -> None:
        """Define them.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            orders: the table whose changes are told.
            settings: the stage's.
            key: encrypts what waits; None for keys that AWS owns.
        """
        super().__init__(scope, construct_id)
        name = f"{Stack.of(self).stack_name}-order-changes"
        self._key = None if key is None else self._admit_topic(key, name)
        self._workers, self._webhooks = settings.workers, settings.webhooks
        # AWS's own key for SNS lets whoever may publish in this account do so.
        topic_key = self._key or kms.Alias.from_alias_name(self, "TopicKey", "alias/aws/sns")
        self.topic = sns.Topic(
            self,
            "OrderChanges",
            topic_name=name,
            enforce_ssl=True,
            master_key=topic_key,
            tracing_config=sns.TracingConfig.ACTIVE,
        )
        self.queues = {queue.name: self._queue(queue) for queue in QUEUES}
        self.deadlines = Deadlines(
            self, "Deadlines", queue=self.queues[PROCESSING.name].live, key=self._key
        )
        self.retries = self._retries()
        self._subscribe(PROCESSING, _changed(status=_texts(Status.PLACED)))
        self._subscribe(NOTIFICATIONS, _changed(partnerId=_none_of(HEARTBEAT)))
        self._subscribe(RESTAURANTS, _served_by_a_partner())
        self.pipe_dead_letters = _queue(self, "PipeDeadLetters", key=self._key)
        self._pipe = self._define_pipe(orders, name)
        self.pipe_name = self._pipe.ref
        self.waits_for_iam: list[Construct] = [self._pipe]
        """What AWS makes only where a role may do its work already."""

    def feed(self, name: str, function: Function) -> None:
        """Let a worker's queues feed its function, and the function postpone and bury messages."""
        batch = self._workers[name].batch_size
        for queue in queues_of(name):
            made = self.queues[queue.name]
            bury = "Buries what no repetition mends"
            function.allow("sqs:SendMessage", on=made.dead.queue_arn, why=bury)
            self._take(function, queue.mapping_id, made.live, self._most_at_once(queue), batch)
        if name == NOTIFYING:
            wait = "Lets webhooks wait where they keep nobody waiting"
            function.allow("sqs:SendMessage", on=self.retries.queue_arn, why=wait)
            self._take(function, "Retries", self.retries, self._webhooks.most_at_once, batch)

    def _most_at_once(self, queue: Queue) -> int:
        if queue is RESTAURANTS:
            return self._webhooks.restaurants_at_once
        return self._workers[queue.feeds].most_at_once

    def _take(
        self, function: Function, construct_id: str, queue: sqs.Queue, most: int, batch: int
    ) -> None:
        for action, why in _TAKING.items():
            function.allow(action, on=queue.queue_arn, why=why)
        # Among the function's own constructs, where it has been since before there was an alias:
        # a second mapping of a queue is refused.
        mapping = function.function.add_event_source_mapping(
            construct_id,
            event_source_arn=queue.queue_arn,
            batch_size=batch,
            max_concurrency=most,
            report_batch_item_failures=True,
        )
        resource = cast("lambda_.CfnEventSourceMapping", mapping.node.default_child)
        resource.function_name = function.called.function_arn
        self.waits_for_iam.append(mapping)
        self._pipe.node.add_dependency(mapping)  # nothing is told before somebody listens

    def _admit_topic(self, key: kms.IKey, name: str) -> kms.IKey:
        """Let SNS use the key for our topic, and give the key as one whose policy is finished.

        CDK would name the topic in the key's policy by reference, as the topic names its key: a
        circle, which CloudFormation refuses. So the topic has a name that is known beforehand.
        """
        topic = Stack.of(self).format_arn(service="sns", resource=name)
        statement = iam.PolicyStatement(
            principals=[iam.ServicePrincipal("sns.amazonaws.com")],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],  # in a key's policy: this key
            conditions={"ArnEquals": {"aws:SourceArn": topic}},
        )
        key.add_to_resource_policy(statement)
        return kms.Key.from_key_arn(self, "Key", key.key_arn)

    def _queue(self, queue: Queue) -> WorkQueue:
        worker = self._workers[queue.feeds]
        return WorkQueue(self, queue.construct_id, worker=worker, key=self._key)

    def _retries(self) -> sqs.Queue:
        """Define the queue of webhooks that wait; its dead letters lie with the others."""
        worker = self._workers[NOTIFYING]
        return _queue(
            self,
            "PartnerRetries",
            key=self._key,
            visibility=Duration.seconds(VISIBILITY_FACTOR * worker.timeout_seconds),
            dead=sqs.DeadLetterQueue(
                queue=self.queues[NOTIFICATIONS.name].dead,
                max_receive_count=len(self._webhooks.waits),
            ),
        )

    def _subscribe(self, to: Queue, policy: _Policy) -> None:
        queue = self.queues[to.name]
        self.topic.add_subscription(
            subscriptions.SqsSubscription(
                queue.live,
                raw_message_delivery=True,
                # What SNS cannot deliver, because somebody broke the queue's policy.
                dead_letter_queue=queue.dead,
                filter_policy_with_message_body=_as_policy({"dynamodb": policy}),
            )
        )

    def _define_pipe(self, orders: dynamodb.TableV2, name: str) -> pipes.CfnPipe:
        """Define it without a name: one that has its own cannot be replaced for another stream."""
        stream = orders.table_stream_arn
        if stream is None:
            raise RuntimeError("the table of orders has no stream")
        role = self._pipe_role(orders.table_name, stream)
        pipe = pipes.CfnPipe(
            self,
            "Pipe",
            description="Tells the topic of every change of an order",
            role_arn=role.role_arn,
            source=stream,
            source_parameters=self._source_parameters(),
            target=self.topic.topic_arn,
            log_configuration=self._log_configuration(name),
        )
        # A pipe checks what it may do when it is made; the role itself it names.
        pipe.node.add_dependency(role.node.find_child("DefaultPolicy"))
        return pipe

    def _source_parameters(self) -> pipes.CfnPipe.PipeSourceParametersProperty:
        dead = pipes.CfnPipe.DeadLetterConfigProperty(arn=self.pipe_dead_letters.queue_arn)
        pattern = json.dumps({"eventName": TOLD})
        return pipes.CfnPipe.PipeSourceParametersProperty(
            # A deletion would send what was deleted to everybody once more.
            filter_criteria=pipes.CfnPipe.FilterCriteriaProperty(
                filters=[pipes.CfnPipe.FilterProperty(pattern=pattern)]
            ),
            dynamo_db_stream_parameters=pipes.CfnPipe.PipeSourceDynamoDBStreamParametersProperty(
                starting_position="TRIM_HORIZON",
                batch_size=1,
                parallelization_factor=PIPE_AT_ONCE,
                maximum_retry_attempts=PIPE_RETRIES,
                maximum_record_age_in_seconds=3_600 * PIPE_RECORD_HOURS,
                on_partial_batch_item_failure="AUTOMATIC_BISECT",
                dead_letter_config=dead,
            ),
        )

    def _log_configuration(self, name: str) -> pipes.CfnPipe.PipeLogConfigurationProperty:
        """Log errors, without the records: those are people's orders."""
        group = logs.LogGroup(
            self,
            "PipeLogs",
            # The name that spares AWS a growing resource policy for each log group.
            log_group_name=f"/aws/vendedlogs/pipes/{name}",
            retention=RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        return pipes.CfnPipe.PipeLogConfigurationProperty(
            cloudwatch_logs_log_destination=pipes.CfnPipe.CloudwatchLogsLogDestinationProperty(
                log_group_arn=group.log_group_arn
            ),
            level="ERROR",
        )

    def _pipe_role(self, orders: str, stream: str) -> iam.Role:
        # The pipe names its role, so the role cannot name the pipe. Within the account nobody gives
        # it to a pipe of their own without iam:PassRole on it.
        trusted = of_this_account("pipes")
        role = iam.Role(self, "PipeRole", assumed_by=trusted, description="Stream to topic")
        dead = self.pipe_dead_letters.queue_arn
        allow(role, *_READING_STREAMS, on=stream, why="Reads the changes of orders")
        allow(role, "sns:Publish", on=self.topic.topic_arn, why="Tells the topic of each change")
        allow(role, "sqs:SendMessage", on=dead, why="Keeps what it could not publish")
        if self._key:
            self._allow_key(role, self._key.key_arn, orders)
        return role

    def _allow_key(self, role: iam.Role, key: str, orders: str) -> None:
        """Let the pipe read what is encrypted, and encrypt what it sends, and nothing else."""
        sending = ("kms:Decrypt", "kms:GenerateDataKey")
        dead = of_queues([self.pipe_dead_letters.queue_arn])
        for actions, conditions in (
            (READING, of_tables([orders])),
            (("kms:DescribeKey",), through("dynamodb")),
            (sending, of_topic(self.topic.topic_arn)),
            (sending, dead),
        ):
            allow(role, *actions, on=key, why=YOUR_KEY, conditions=conditions)


class WorkQueue(Construct):
    """A queue that feeds one worker, and the queue of its dead letters."""

    def __init__(
        self, scope: Construct, construct_id: str, *, worker: Worker, key: kms.IKey | None
    ) -> None:
        """Define both.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            worker: how the queue feeds its function.
            key: encrypts the messages; None for a key that SQS owns.
        """
        super().__init__(scope, construct_id)
        self.dead = _queue(self, "DeadLetters", key=key)
        self.live = _queue(
            self,
            "Queue",
            key=key,
            visibility=Duration.seconds(VISIBILITY_FACTOR * worker.timeout_seconds),
            dead=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=MAX_RECEIVES),
        )


def _queue(
    scope: Construct,
    name: str,
    *,
    key: kms.IKey | None,
    visibility: Duration | None = None,
    dead: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        name,
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=KEPT,
        visibility_timeout=visibility,
        dead_letter_queue=dead,
        removal_policy=RemovalPolicy.DESTROY,
    )


_Policy = dict[str, "list[Any] | _Policy"]
"""A filter policy of SNS: a condition for each key, within keys."""


def _changed(*, before: _Policy | None = None, **after: _Policy) -> _Policy:
    """Look at the order's attributes after a change and, where that matters, before it.

    An attribute that is not there has none of the values, nor any but some: deletions, which leave
    no order, never pass.
    """
    images: _Policy = {"NewImage": after} if after else {}  # type: ignore[dict-item]
    return {**images, "OldImage": before} if before else images


def _texts(*values: str) -> _Policy:
    return {"S": list(values)}


def _none_of(*values: str) -> _Policy:
    return {"S": [{"anything-but": list(values)}]}


def _begins_otherwise(prefix: str) -> _Policy:
    return {"S": [{"anything-but": {"prefix": prefix}}]}


def _served_by_a_partner() -> _Policy:
    """Let pass what concerns a partner that serves the order: not the moves that it makes itself.

    Somebody new who serves it hears where it stands, even while it is prepared or ready: then its
    status stays what it was. SNS takes five keys that have values, and 150 combinations.
    """
    preparing, ready = map(_texts, OWN_MOVES)
    heard = [
        _changed(status=_none_of(*OWN_MOVES)),
        _changed(before={"status": preparing}, status=preparing),
        _changed(before={"status": ready}),  # the next status is heard of in any case
    ]
    return {**_changed(servedBy=_begins_otherwise("#")), "$or": heard}


def _as_policy(policy: _Policy) -> dict[str, sns.FilterOrPolicy]:
    """Give a policy as CDK takes it."""
    return {name: _as_condition(value) for name, value in policy.items()}


def _as_condition(value: list[Any] | _Policy) -> sns.FilterOrPolicy:
    if isinstance(value, dict):
        return sns.FilterOrPolicy.policy(_as_policy(value))
    return sns.FilterOrPolicy.filter(sns.SubscriptionFilter(value))

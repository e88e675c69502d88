"""Faults of the way of a change: pipe, topic, queues and what feeds the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mutation.fault import arn, fault, id_of, queue

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

LIVE, DEAD = "OrderProcessingQueue", "OrderProcessingDeadLetters"
RESTAURANTS = "RestaurantNotifications"


def pipe(template: Template) -> dict[str, Any]:
    return template.one("Pipes::Pipe")


def source(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = pipe(template)["SourceParameters"]["DynamoDBStreamParameters"]
    return found


def subscription(template: Template) -> dict[str, Any]:
    return template.one("SNS::Subscription", "ProcessingOrderProcessing")


def feed(template: Template) -> dict[str, Any]:
    return template.one("Lambda::EventSourceMapping", "ProcessOrder")


@fault
def pipe_to_a_queue(template: Template) -> None:
    """Changes go around the topic, to one worker only."""
    pipe(template)["Target"] = arn(template, "SQS::Queue", f"Processing{LIVE}")


@fault
def pipe_with_a_name_of_its_own(template: Template) -> None:
    """A fixed name: the day the table's stream is another one, no deployment succeeds any more."""
    pipe(template)["Name"] = "food-delivery-orders-prod-order-changes"


@fault
def pipe_that_stands_still(template: Template) -> None:
    """No change is told, and after a day the stream forgets them."""
    pipe(template)["DesiredState"] = "STOPPED"


@fault
def pipe_from_now_on(template: Template) -> None:
    """Changes from before the pipe's start are never told."""
    source(template)["StartingPosition"] = "LATEST"


@fault
def pipe_with_large_batches(template: Template) -> None:
    """SNS takes ten messages at once: the rest of the batch is lost."""
    source(template)["BatchSize"] = 100


@fault
def pipe_that_tries_for_ever(template: Template) -> None:
    """One bad change holds up its shard until the stream forgets everything behind it."""
    source(template)["MaximumRetryAttempts"] = -1


@fault
def pipe_without_dead_letters(template: Template) -> None:
    """A change that cannot be told is lost."""
    del source(template)["DeadLetterConfig"]


@fault
def pipe_that_gives_up_on_all(template: Template) -> None:
    """One bad change takes its whole batch with it."""
    del source(template)["OnPartialBatchItemFailure"]


@fault
def pipe_that_filters(template: Template) -> None:
    """Only new orders are told: no partner hears of a later change."""
    criteria = {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]}
    pipe(template)["SourceParameters"]["FilterCriteria"] = criteria


@fault
def pipe_that_tells_of_deletions(template: Template) -> None:
    """An order whose time is over is sent to everybody once more, with all that it held."""
    del pipe(template)["SourceParameters"]["FilterCriteria"]


@fault
def pipe_with_orders_in_its_log(template: Template) -> None:
    """Addresses and telephone numbers stand in the pipe's log."""
    pipe(template)["LogConfiguration"]["IncludeExecutionData"] = ["ALL"]


@fault
def pipe_of_another_table(template: Template) -> None:
    """The pipe reads a stream that no table has."""
    other = id_of(template, "DynamoDB::GlobalTable", "DataPartners")
    pipe(template)["Source"] = {"Fn::GetAtt": [other, "StreamArn"]}


@fault
def pipe_before_its_permissions(template: Template) -> None:
    """A deployment from nothing fails: the pipe is made before its role has a policy."""
    del template.resource("Pipes::Pipe", "Processing")["DependsOn"]


@fault
def mapping_before_iam_knows_its_role(template: Template) -> None:
    """A deployment from nothing fails now and then: Lambda looks at a role too soon."""
    for name, _ in template.all("Lambda::EventSourceMapping"):
        template.document["Resources"][name].pop("DependsOn", None)


@fault
def messages_in_envelopes(template: Template) -> None:
    """The worker gets SNS's envelope where it expects the change."""
    subscription(template)["RawMessageDelivery"] = False


@fault
def filter_on_another_status(template: Template) -> None:
    """No order is ever confirmed: the filter's word is in the wrong case."""
    image = subscription(template)["FilterPolicy"]["dynamodb"]["NewImage"]
    image["status"] = {"S": ["placed"]}


@fault
def filter_on_attributes(template: Template) -> None:
    """SNS looks at message attributes, of which there are none: nothing passes."""
    subscription(template)["FilterPolicyScope"] = "MessageAttributes"


@fault
def no_filter(template: Template) -> None:
    """The worker is called, and paid, for changes that do not concern it."""
    del subscription(template)["FilterPolicy"]


@fault
def delivery_without_dead_letters(template: Template) -> None:
    """What SNS cannot deliver is lost."""
    del subscription(template)["RedrivePolicy"]


@fault
def subscription_by_e_mail(template: Template) -> None:
    """Every order is sent to somebody's mailbox."""
    subscription(template).update(Protocol="email", Endpoint="somebody@example.com")


@fault
def hidden_too_short(template: Template) -> None:
    """A message comes again while its function still works on it."""
    queue(template, LIVE)["VisibilityTimeout"] = 10


@fault
def no_second_try(template: Template) -> None:
    """SQS refuses a message that may be received no times."""
    queue(template, LIVE)["RedrivePolicy"]["maxReceiveCount"] = 0


@fault
def tries_without_end(template: Template) -> None:
    """A poison message is worked on a thousand times."""
    queue(template, LIVE)["RedrivePolicy"]["maxReceiveCount"] = 1_000


@fault
def its_own_dead_letters(template: Template) -> None:
    """A queue that is its own dead-letter queue refers to itself, which cannot be deployed."""
    own = arn(template, "SQS::Queue", f"Processing{LIVE}")
    queue(template, LIVE)["RedrivePolicy"]["deadLetterTargetArn"] = own


@fault
def dead_letters_of_another(template: Template) -> None:
    """Dead orders lie among dead webhooks, and are redriven to the wrong worker."""
    other = arn(template, "SQS::Queue", "ProcessingPartnerNotificationsDeadLetters")
    queue(template, LIVE)["RedrivePolicy"]["deadLetterTargetArn"] = other


@fault
def no_dead_letters(template: Template) -> None:
    """A poison message comes again until it is forgotten."""
    del queue(template, LIVE)["RedrivePolicy"]


@fault
def dead_letters_in_a_circle(template: Template) -> None:
    """Dead letters go back to the living, for ever."""
    queue(template, DEAD)["RedrivePolicy"] = {
        "deadLetterTargetArn": arn(template, "SQS::Queue", "ProcessingPipeDeadLetters"),
        "maxReceiveCount": 5,
    }


@fault
def dead_letters_that_vanish(template: Template) -> None:
    """Dead letters are gone before anybody looks."""
    queue(template, DEAD)["MessageRetentionPeriod"] = 60


@fault
def retention_above_the_longest(template: Template) -> None:
    """SQS keeps messages fourteen days at most and refuses more."""
    queue(template, LIVE)["MessageRetentionPeriod"] = 15 * 24 * 60 * 60


@fault
def orders_that_wait(template: Template) -> None:
    """Every order is processed fifteen minutes late."""
    queue(template, LIVE)["DelaySeconds"] = 900


@fault
def queue_of_another_kind(template: Template) -> None:
    """A FIFO queue cannot hear a standard topic, and its change replaces the queue."""
    queue(template, LIVE).update(FifoQueue=True, QueueName="orders.fifo")


@fault
def messages_that_do_not_fit(template: Template) -> None:
    """Large orders are refused by the queue."""
    queue(template, LIVE)["MaximumMessageSize"] = 16 * 1024


@fault
def all_or_nothing(template: Template) -> None:
    """One bad message makes nine good ones come again."""
    del feed(template)["FunctionResponseTypes"]


@fault
def feed_that_is_off(template: Template) -> None:
    """The queue fills, and nobody takes from it."""
    feed(template)["Enabled"] = False


@fault
def feed_from_the_dead(template: Template) -> None:
    """The worker takes dead letters, and never what lives."""
    feed(template)["EventSourceArn"] = arn(template, "SQS::Queue", f"Processing{DEAD}")


@fault
def feed_of_another_function(template: Template) -> None:
    """Orders to be processed are told to partners instead."""
    feed(template)["FunctionName"] = {
        "Ref": id_of(template, "Lambda::Function", "NotifyPartnerFunction")
    }


@fault
def feed_one_at_a_time(template: Template) -> None:
    """Lambda refuses a maximum concurrency below two."""
    feed(template)["ScalingConfig"]["MaximumConcurrency"] = 1


@fault
def feed_without_bounds(template: Template) -> None:
    """A rush of webhooks takes the places of new orders."""
    mapping = template.one("Lambda::EventSourceMapping", "NotifyPartnerFunctionQueue")
    del mapping["ScalingConfig"]


@fault
def restaurants_without_bounds(template: Template) -> None:
    """Who serves many orders takes the places of all other functions."""
    mapping = template.one("Lambda::EventSourceMapping", f"NotifyPartnerFunction{RESTAURANTS}")
    del mapping["ScalingConfig"]


@fault
def restaurants_that_nobody_takes(template: Template) -> None:
    """Whoever serves an order never hears of it."""
    mapping = template.one("Lambda::EventSourceMapping", f"NotifyPartnerFunction{RESTAURANTS}")
    mapping["Enabled"] = False


@fault
def restaurants_that_hear_of_all(template: Template) -> None:
    """Every change of every order costs a call, whether a partner serves it or not."""
    del template.one("SNS::Subscription", f"Processing{RESTAURANTS}")["FilterPolicy"]


@fault
def restaurants_of_staff(template: Template) -> None:
    """What staff serve is told, and what partners serve is not."""
    policy = template.one("SNS::Subscription", f"Processing{RESTAURANTS}")["FilterPolicy"]
    policy["dynamodb"]["NewImage"]["servedBy"]["S"] = [{"prefix": "#"}]


@fault
def restaurants_filter_too_complex(template: Template) -> None:
    """SNS refuses a filter of more than 150 combinations."""
    policy = template.one("SNS::Subscription", f"Processing{RESTAURANTS}")["FilterPolicy"]
    policy["dynamodb"]["$or"].append(policy["dynamodb"]["$or"][1])


@fault
def restaurants_among_the_placers_dead(template: Template) -> None:
    """Sent back from among the others, a letter tells who placed the order a second time."""
    other = arn(template, "SQS::Queue", "ProcessingPartnerNotificationsDeadLetters")
    live = queue(template, f"{RESTAURANTS}Queue")
    live["RedrivePolicy"]["deadLetterTargetArn"] = other


@fault
def retries_without_bounds(template: Template) -> None:
    """Partners that hang take the places of all other functions."""
    mapping = template.one("Lambda::EventSourceMapping", "NotifyPartnerFunctionRetries")
    del mapping["ScalingConfig"]


@fault
def retries_that_nobody_takes(template: Template) -> None:
    """A webhook that its partner did not take within a second is never tried again."""
    mapping = template.one("Lambda::EventSourceMapping", "NotifyPartnerFunctionRetries")
    mapping["Enabled"] = False


@fault
def retries_that_die_early(template: Template) -> None:
    """A night's outage of a partner is a night of dead letters."""
    queue = template.one("SQS::Queue", "ProcessingPartnerRetries")
    queue["RedrivePolicy"]["maxReceiveCount"] = 3


@fault
def feed_in_batches_too_large(template: Template) -> None:
    """Above ten messages SQS wants a batching window, and Lambda refuses without."""
    feed(template)["BatchSize"] = 100


@fault
def feed_that_deletes(template: Template) -> None:
    """Messages that the filter does not let pass are deleted, unread."""
    feed(template)["FilterCriteria"] = {"Filters": [{"Pattern": '{"body":{"eventName":["X"]}}'}]}


@fault
def topic_of_another_kind(template: Template) -> None:
    """A pipe cannot publish to a FIFO topic, and its change replaces the topic."""
    template.one("SNS::Topic", "Processing").update(FifoTopic=True, TopicName="orders.fifo")

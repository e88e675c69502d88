"""Faults of the policies that keys, topics, queues and functions have themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mutation.fault import add, arn, fault, fault_in, id_of, remove, resource_policy

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

LIVE_POLICY = "ProcessingOrderProcessingQueuePolicy"
SECRETS, YOURS = "PartnerSecrets", "CustomerKey"


def key_policy(template: Template, start: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = template.one("KMS::Key", start)["KeyPolicy"]["Statement"]
    return found


@fault
def key_for_everybody(template: Template) -> None:
    """Everybody with an AWS account decrypts partners' secrets."""
    key_policy(template, SECRETS)[0]["Principal"] = {"AWS": "*"}


@fault
def key_for_another_account(template: Template) -> None:
    """Somebody else's account decrypts partners' secrets."""
    stranger = {"AWS": "arn:aws:iam::444455556666:root"}
    allowed = {"Effect": "Allow", "Principal": stranger, "Action": "kms:Decrypt", "Resource": "*"}
    key_policy(template, SECRETS).append(allowed)


@fault
def key_for_nobody(template: Template) -> None:
    """Nobody can ever change the key's policy again, nor decrypt what is under it."""
    key_policy(template, SECRETS)[0]["Action"] = "kms:Decrypt"


@fault_in("prod-hardened")
def key_for_any_topic(template: Template) -> None:
    """SNS uses your key for topics of other accounts."""
    del key_policy(template, YOURS)[1]["Condition"]


@fault
def key_that_is_never_renewed(template: Template) -> None:
    """The partners' key stays the same for years."""
    template.one("KMS::Key", SECRETS)["EnableKeyRotation"] = False


@fault
def key_that_goes_with_the_stack(template: Template) -> None:
    """Partners' secrets, which stay, can never be read again."""
    template.resource("KMS::Key", SECRETS)["DeletionPolicy"] = "Delete"


@fault
def key_that_goes_within_a_week(template: Template) -> None:
    """Who deletes the key by mistake has seven days to notice, not thirty."""
    template.one("KMS::Key", SECRETS)["PendingWindowInDays"] = 7


@fault
def key_for_signatures(template: Template) -> None:
    """A key that signs cannot encrypt, and CloudFormation cannot change what a key is for."""
    template.one("KMS::Key", SECRETS)["KeyUsage"] = "SIGN_VERIFY"


@fault
def topic_for_everybody(template: Template) -> None:
    """Anybody publishes orders that never were."""
    (denied,) = resource_policy(template, "SNS::TopicPolicy", "Processing")
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}
    resource_policy(template, "SNS::TopicPolicy", "Processing").append(
        {**allowed, "Resource": denied["Resource"]}
    )


@fault
def topic_that_anybody_hears(template: Template) -> None:
    """Another account subscribes, and hears of every order."""
    (denied,) = resource_policy(template, "SNS::TopicPolicy", "Processing")
    stranger = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sns:Subscribe"}
    resource_policy(template, "SNS::TopicPolicy", "Processing").append(
        {**stranger, "Resource": denied["Resource"]}
    )


@fault
def topic_in_clear_text(template: Template) -> None:
    """Orders may be published without TLS."""
    remove(template, "SNS::TopicPolicy", "Processing")


@fault
def topic_unencrypted(template: Template) -> None:
    """What waits in the topic lies readable on AWS's disks."""
    del template.one("SNS::Topic", "Processing")["KmsMasterKeyId"]


@fault
def queue_for_everybody(template: Template) -> None:
    """Anybody sends the worker orders that never were."""
    allowed = next(
        s
        for s in resource_policy(template, "SQS::QueuePolicy", LIVE_POLICY)
        if "sqs:*" not in str(s)
    )
    allowed["Principal"] = "*"
    del allowed["Condition"]


@fault
def queue_for_any_topic(template: Template) -> None:
    """Any topic, in any account, fills the worker's queue."""
    for statement in resource_policy(template, "SQS::QueuePolicy", LIVE_POLICY):
        if statement["Effect"] == "Allow":
            del statement["Condition"]


@fault
def queue_for_no_topic(template: Template) -> None:
    """The topic may not send to the queue: no order is ever processed."""
    policy = resource_policy(template, "SQS::QueuePolicy", LIVE_POLICY)
    policy[:] = [statement for statement in policy if statement["Effect"] == "Deny"]


@fault
def queue_in_clear_text(template: Template) -> None:
    """Orders may be read from the queue without TLS."""
    policy = resource_policy(template, "SQS::QueuePolicy", LIVE_POLICY)
    policy[:] = [statement for statement in policy if statement["Effect"] == "Allow"]


@fault
def queue_unencrypted(template: Template) -> None:
    """Waiting orders lie readable on AWS's disks."""
    template.one("SQS::Queue", "ProcessingOrderProcessingQueue")["SqsManagedSseEnabled"] = False


@fault
def policy_of_another_queue(template: Template) -> None:
    """One queue has two policies, of which the last counts, and the other queue has none."""
    policy = template.one("SQS::QueuePolicy", LIVE_POLICY)
    other = id_of(template, "SQS::Queue", "ProcessingPartnerNotificationsQueue")
    policy["Queues"] = [{"Ref": other}]


@fault
def permission_without_a_source(template: Template) -> None:
    """Any API of any account calls the function that places orders."""
    permission = template.one("Lambda::Permission", "ApiRestApiordersPOST")
    del permission["SourceArn"]


@fault
def permission_for_any_method(template: Template) -> None:
    """Whatever method somebody adds to the API, it may call the function."""
    permission = template.one("Lambda::Permission", "ApiRestApiordersGETApi")
    permission["SourceArn"]["Fn::Join"][1][-1] = "/*/*"


@fault
def permission_for_everybody(template: Template) -> None:
    """Everybody with an AWS account calls the function, as whoever they like."""
    template.one("Lambda::Permission", "ApiRestApiordersPOST")["Principal"] = "*"


@fault
def permission_for_another_function(template: Template) -> None:
    """API Gateway may not call the function that the method names: a 500 for every POST."""
    permission = template.one("Lambda::Permission", "ApiRestApiordersPOST")
    permission["FunctionName"] = arn(template, "Lambda::Function", "GetOrderFunction")


@fault
def permission_that_is_missing(template: Template) -> None:
    """API Gateway may not call the function: a 500 for every partner's list."""
    remove(template, "Lambda::Permission", "ApiRestApipartnerordersGET")


@fault
def permission_for_a_partner_too_many(template: Template) -> None:
    """Another account may call the function that sends webhooks."""
    stranger = {"Action": "lambda:InvokeFunction", "Principal": "444455556666"}
    function = arn(template, "Lambda::Function", "NotifyPartnerFunction")
    add(template, "Stranger", "Lambda::Permission", {**stranger, "FunctionName": function})


@fault
def bucket_for_everybody(template: Template) -> None:
    """A bucket that anybody reads was added."""
    add(template, "Exports", "S3::Bucket", {"AccessControl": "PublicRead"})

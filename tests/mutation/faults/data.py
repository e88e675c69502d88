"""Faults of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mutation.fault import fault, fault_in, table

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@fault
def key_of_another_type(template: Template) -> None:
    """The table wants numbers where the code writes texts: no order can be placed."""
    table(template, "Orders")["AttributeDefinitions"][0]["AttributeType"] = "N"


@fault
def key_of_another_name(template: Template) -> None:
    """The table of keys has another key than the code writes: no order can be placed."""
    keys = table(template, "IdempotencyKeys")
    keys["KeySchema"][0]["AttributeName"] = "id"
    keys["AttributeDefinitions"][0]["AttributeName"] = "id"


@fault
def table_without_its_sort_key(template: Template) -> None:
    """The table of orders would be replaced, and the code's key has a part too many."""
    del table(template, "Orders")["KeySchema"][1]


@fault
def index_on_an_undeclared_attribute(template: Template) -> None:
    """DynamoDB refuses an index whose key is not among the table's attributes."""
    del table(template, "Orders")["AttributeDefinitions"][2]


@fault
def attribute_that_no_key_uses(template: Template) -> None:
    """DynamoDB refuses a declared attribute that is part of no key."""
    declared = {"AttributeName": "status", "AttributeType": "S"}
    table(template, "Orders")["AttributeDefinitions"].append(declared)


@fault
def index_without_times(template: Template) -> None:
    """A partner's list of orders comes in no order, and pages skip."""
    del table(template, "Orders")["GlobalSecondaryIndexes"][1]["KeySchema"][1]


@fault
def index_of_keys_only(template: Template) -> None:
    """A customer's list shows orders without contents."""
    index = table(template, "Orders")["GlobalSecondaryIndexes"][0]
    index["Projection"] = {"ProjectionType": "KEYS_ONLY"}


@fault
def index_missing_from_the_replica(template: Template) -> None:
    """The index has no read settings in the only Region that it has."""
    del table(template, "Orders")["Replicas"][0]["GlobalSecondaryIndexes"][1]


@fault
def mixed_billing(template: Template) -> None:
    """DynamoDB refuses a table that is provisioned and has on-demand limits."""
    table(template, "Partners")["BillingMode"] = "PROVISIONED"


@fault
def fuse_below_lunch(template: Template) -> None:
    """A hundred orders at one moment are throttled by our own limit."""
    settings = table(template, "Orders")["WriteOnDemandThroughputSettings"]
    settings["MaxWriteRequestUnits"] = 100


@fault_in("dev-provisioned")
def scaling_that_cannot_scale(template: Template) -> None:
    """Provisioned capacity stays at its least, whatever comes."""
    settings = table(template, "Orders")["WriteProvisionedThroughputSettings"]
    settings["WriteCapacityAutoScalingSettings"]["MaxCapacity"] = 5


@fault
def no_point_in_time_recovery(template: Template) -> None:
    """Partners that somebody deletes by mistake are gone for good."""
    recovery = table(template, "Partners")["Replicas"][0]["PointInTimeRecoverySpecification"]
    recovery["PointInTimeRecoveryEnabled"] = False


@fault
def no_stream(template: Template) -> None:
    """Nothing hears of an order: the pipe has no source."""
    del table(template, "Orders")["StreamSpecification"]


@fault
def stream_of_keys_only(template: Template) -> None:
    """The workers get messages without orders in them."""
    table(template, "Orders")["StreamSpecification"]["StreamViewType"] = "KEYS_ONLY"


@fault
def keys_that_never_expire(template: Template) -> None:
    """The records of idempotency keys stay and are paid for ever."""
    del table(template, "IdempotencyKeys")["TimeToLiveSpecification"]


@fault
def expiry_of_another_attribute(template: Template) -> None:
    """DynamoDB looks for an expiry where the code writes none."""
    expiry = table(template, "IdempotencyKeys")["TimeToLiveSpecification"]
    expiry["AttributeName"] = "expires"


@fault
def orders_that_go_with_the_stack(template: Template) -> None:
    """Whoever deletes the stack deletes all orders."""
    template.resource("DynamoDB::GlobalTable", "DataOrders")["DeletionPolicy"] = "Delete"


@fault
def orders_that_go_when_replaced(template: Template) -> None:
    """A change that replaces the table deletes all orders with the old one."""
    template.resource("DynamoDB::GlobalTable", "DataOrders")["UpdateReplacePolicy"] = "Delete"


@fault
def table_without_deletion_protection(template: Template) -> None:
    """One wrong call deletes the partners."""
    table(template, "Partners")["Replicas"][0]["DeletionProtectionEnabled"] = False


@fault
def table_in_another_region(template: Template) -> None:
    """CloudFormation refuses a table without a replica in the stack's own Region."""
    table(template, "Orders")["Replicas"][0]["Region"] = "eu-west-1"


@fault
def table_with_a_name_of_its_own(template: Template) -> None:
    """A fixed name replaces the table, and collides with every other stage of the account."""
    table(template, "Orders")["TableName"] = "orders"


@fault
def table_under_another_id(template: Template) -> None:
    """A construct was renamed: CloudFormation makes a new, empty table of orders."""
    resources = template.document["Resources"]
    (old,) = (name for name in resources if name.startswith("DataOrders"))
    new = old.replace("DataOrders", "DataOrdersTable")
    template.document = _renamed(template.document, old, new)


def _renamed(node: Any, old: str, new: str) -> Any:
    if isinstance(node, dict):
        return {
            new if key == old else key: _renamed(value, old, new) for key, value in node.items()
        }
    if isinstance(node, list):
        return [_renamed(value, old, new) for value in node]
    return new if node == old else node


@fault_in("prod-hardened")
def table_outside_the_key(template: Template) -> None:
    """One table is encrypted by AWS's key, where your own was asked for."""
    table(template, "Partners")["SSESpecification"] = {"SSEEnabled": False}
    del table(template, "Partners")["Replicas"][0]["SSESpecification"]

"""Faults of what roles may do, and of who may take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mutation.fault import (
    allow,
    arn,
    fault,
    fault_in,
    id_of,
    remove,
    statement,
    statements,
    table,
)

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@fault
def every_action_of_dynamodb(template: Template) -> None:
    """A function that reads one order could delete the table."""
    statement(template, "GetOrder", "dynamodb:GetItem")["Action"] = "dynamodb:*"


@fault
def every_action_there_is(template: Template) -> None:
    """Whoever breaks into one function has the account."""
    allow(template, "CreateOrder", "*", "*")


@fault
def every_table_there_is(template: Template) -> None:
    """The function reads every table of the account, other teams' too."""
    statement(template, "GetOrder", "dynamodb:GetItem")["Resource"] = "*"


@fault
def everything_but(template: Template) -> None:
    """NotAction allows whatever it does not name, and all that AWS will ever add."""
    found = statement(template, "GetOrder", "dynamodb:GetItem")
    found["NotAction"] = found.pop("Action")


@fault
def grant_that_is_missing(template: Template) -> None:
    """No order can be placed: the function may not write it."""
    found = statement(template, "CreateOrder", "dynamodb:PutItem")
    found["Action"] = [action for action in found["Action"] if action != "dynamodb:PutItem"]


@fault
def grant_without_the_index(template: Template) -> None:
    """A list asks an index, for which a grant on the table does not count."""
    found = statement(template, "ListOrders", "dynamodb:Query")
    found["Resource"] = arn(template, "DynamoDB::GlobalTable", "DataOrders")


@fault
def grant_on_another_table(template: Template) -> None:
    """Changing an order is refused, and changing a partner is not."""
    found = statement(template, "UpdateOrder", "dynamodb:UpdateItem")
    found["Resource"] = arn(template, "DynamoDB::GlobalTable", "DataPartners")


@fault
def grant_that_nothing_uses(template: Template) -> None:
    """Orders can be deleted, which no code of ours does."""
    orders = arn(template, "DynamoDB::GlobalTable", "DataOrders")
    allow(template, "UpdateOrder", "dynamodb:DeleteItem", orders)


@fault
def grant_with_a_slip(template: Template) -> None:
    """There is no such action: what it was meant to allow is refused."""
    statement(template, "GetOrder", "dynamodb:GetItem")["Action"] = "dynamodb:GetItems"


@fault
def managed_policy_of_an_administrator(template: Template) -> None:
    """A function that lists orders administers the account."""
    role = template.one("IAM::Role", "ListOrdersRole")
    role["ManagedPolicyArns"] = ["arn:aws:iam::aws:policy/AdministratorAccess"]


@fault
def policy_beside_the_policy(template: Template) -> None:
    """A policy within the role itself, where nobody looks, allows reading every secret."""
    allowed = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allowed]}
    role = template.one("IAM::Role", "GetOrderRole")
    role["Policies"] = [{"PolicyName": "More", "PolicyDocument": document}]


@fault
def policy_on_two_roles(template: Template) -> None:
    """What one function may do, another may do too."""
    policy = template.one("IAM::Policy", "UpdateOrderRole")
    policy["Roles"].append({"Ref": id_of(template, "IAM::Role", "GetOrderRole")})


@fault
def policy_on_another_role(template: Template) -> None:
    """A function has no permissions at all, and another one too many."""
    policy = template.one("IAM::Policy", "UpdateOrderRole")
    policy["Roles"] = [{"Ref": id_of(template, "IAM::Role", "GetOrderRole")}]


@fault
def policy_of_an_old_language(template: Template) -> None:
    """The policy language of 2008 knows fewer variables, and reads some as plain text."""
    template.one("IAM::Policy", "GetOrderRole")["PolicyDocument"]["Version"] = "2008-10-17"


@fault
def policy_that_is_gone(template: Template) -> None:
    """The worker may not even read its queue: the deployment fails at its event source."""
    remove(template, "IAM::Policy", "ProcessOrderRole")


@fault
def role_for_everybody(template: Template) -> None:
    """Anybody with an AWS account takes the role, and writes orders."""
    role = template.one("IAM::Role", "CreateOrderRole")
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "*"}


@fault
def role_for_another_account(template: Template) -> None:
    """Somebody's account takes the role of the function that reads secrets."""
    trust = template.one("IAM::Role", "NotifyPartnerRole")["AssumeRolePolicyDocument"]
    stranger = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust["Statement"].append({**stranger, "Principal": {"AWS": "444455556666"}})


@fault
def role_for_another_service(template: Template) -> None:
    """Lambda cannot take the role: CloudFormation refuses the function."""
    role = template.one("IAM::Role", "GetOrderRole")
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}


@fault
def role_for_any_pipe(template: Template) -> None:
    """A pipe of another account borrows what ours may do."""
    role = template.one("IAM::Role", "ProcessingPipeRole")
    del role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]


@fault
def no_logs_allowed(template: Template) -> None:
    """The function's logs are refused: nobody learns why it fails."""
    found = statements(template, "ListOrders")
    found.remove(statement(template, "ListOrders", "logs:PutLogEvents"))


@fault
def no_traces_allowed(template: Template) -> None:
    """X-Ray refuses the function's traces."""
    found = statements(template, "GetOrder")
    found.remove(statement(template, "GetOrder", "xray:PutTraceSegments"))


@fault
def secrets_for_another_function(template: Template) -> None:
    """A function that callers reach reads all partners' secrets."""
    read = statement(template, "NotifyPartner", "ssm:GetParameter")["Resource"]
    allow(template, "GetOrder", "ssm:GetParameter", read)


@fault
def secrets_under_every_name(template: Template) -> None:
    """The sender of webhooks reads every parameter of the account."""
    statement(template, "NotifyPartner", "ssm:GetParameter")["Resource"] = "*"


@fault
def secrets_key_without_its_condition(template: Template) -> None:
    """The function decrypts whatever it likes with the partners' key, not only parameters."""
    del statement(template, "NotifyPartner", "kms:Decrypt")["Condition"]


@fault_in("prod-hardened")
def key_without_its_service(template: Template) -> None:
    """The function decrypts with your key by itself, not only by way of DynamoDB."""
    del statement(template, "GetOrder", "kms:Decrypt")["Condition"]


@fault_in("prod-hardened")
def key_that_may_not_be_used(template: Template) -> None:
    """Tables are under your key and the function may not use it: nothing can be read."""
    found = statements(template, "GetOrder")
    found.remove(statement(template, "GetOrder", "kms:Decrypt"))


@fault
def queue_that_may_not_be_read(template: Template) -> None:
    """Lambda refuses to feed a function that may not read the queue."""
    found = statement(template, "ProcessOrder", "sqs:ReceiveMessage")
    found["Action"] = [action for action in found["Action"] if action != "sqs:ReceiveMessage"]


@fault
def pipe_that_may_not_read(template: Template) -> None:
    """The pipe cannot be made: it may not read its stream."""
    found = statements(template, "ProcessingPipe")
    found.remove(statement(template, "ProcessingPipe", "dynamodb:GetRecords"))


@fault
def pipe_that_may_not_bury(template: Template) -> None:
    """A change that cannot be told is lost, for the pipe may not put it aside."""
    found = statements(template, "ProcessingPipe")
    found.remove(statement(template, "ProcessingPipe", "sqs:SendMessage"))


@fault
def pipe_that_may_read_the_table(template: Template) -> None:
    """The pipe reads the whole table, where the stream is all it needs."""
    statement(template, "ProcessingPipe", "dynamodb:GetRecords")["Resource"] = "*"


@fault
def readers_of_every_parameter(template: Template) -> None:
    """Other services, who may read our facts, read partners' secrets with them."""
    policy = template.one("IAM::ManagedPolicy")["PolicyDocument"]
    policy["Statement"][0]["Resource"] = "*"


@fault
def denial_that_was_meant_to_allow(template: Template) -> None:
    """One word turned around: reading orders is forbidden."""
    statement(template, "GetOrder", "dynamodb:GetItem")["Effect"] = "Deny"


@fault
def table_open_by_its_own_policy(template: Template) -> None:
    """A policy on the table itself lets everybody read it, whatever the roles say."""
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [everybody]}
    table(template, "Orders")["Replicas"][0]["ResourcePolicy"] = {"PolicyDocument": document}

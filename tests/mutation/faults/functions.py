"""Faults of the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tests.mutation.fault import add, arn, fault, function, id_of, remove, variables

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@fault
def handler_that_is_not_there(template: Template) -> None:
    """Every POST ends in a 502: Lambda finds no such module."""
    function(template, "CreateOrder")["Handler"] = "orders.handlers.create_orders.handler"


@fault
def handler_of_another_function(template: Template) -> None:
    """Whoever reads an order changes it instead."""
    function(template, "GetOrder")["Handler"] = "orders.handlers.update_order.handler"


@fault
def runtime_of_another_python(template: Template) -> None:
    """The asset's compiled code does not load: every call ends in a 502."""
    function(template, "GetOrder")["Runtime"] = "python3.12"


@fault
def runtime_that_aws_has_ended(template: Template) -> None:
    """Lambda refuses to make a function for it."""
    function(template, "ProcessOrder")["Runtime"] = "python3.7"


@fault
def another_processor(template: Template) -> None:
    """The asset's extensions are for arm64 and do not load."""
    function(template, "ListOrders")["Architectures"] = ["x86_64"]


@fault
def layer_for_another_processor(template: Template) -> None:
    """A layer for x86-64 in a function on arm64: its extensions do not load."""
    layer = (
        "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:1"
    )
    function(template, "ProcessOrder")["Layers"] = [layer]


@fault
def variable_that_is_missing(template: Template) -> None:
    """The function reads a variable that it does not have: every call fails."""
    del variables(template, "CreateOrder")["IDEMPOTENCY_TABLE"]


@fault
def variable_with_a_slip(template: Template) -> None:
    """A misspelt variable: the worker reads one that is not there."""
    found = variables(template, "ProcessOrder")
    found["DEAD_LETTERS_QUEUE"] = found.pop("DEAD_LETTER_QUEUE")


@fault
def variable_of_another_table(template: Template) -> None:
    """Orders are looked for among the partners."""
    found = variables(template, "GetOrder")
    found["ORDERS_TABLE"] = found["PARTNERS_TABLE"]


@fault
def variable_of_another_queue(template: Template) -> None:
    """One worker buries its dead among the other's."""
    other = variables(template, "NotifyPartner")["DEAD_LETTER_QUEUE"]
    variables(template, "ProcessOrder")["DEAD_LETTER_QUEUE"] = other


@fault
def variable_of_the_other_side(template: Template) -> None:
    """Who placed the orders is told what those should hear who serve them."""
    found = variables(template, "NotifyPartner")
    found["RESTAURANTS_QUEUE"] = found["RETRIES_QUEUE"]


@fault
def variable_of_the_other_side_s_dead(template: Template) -> None:
    """The dead of both sides lie together, and go back to the wrong one."""
    found = variables(template, "NotifyPartner")
    found["RESTAURANTS_DEAD_LETTERS"] = found["DEAD_LETTER_QUEUE"]


@fault
def variable_that_is_no_number(template: Template) -> None:
    """Retries wait for a time that is no number: the worker fails at the first."""
    variables(template, "NotifyPartner")["RETRY_SECONDS"] = "soon"


@fault
def variable_that_aws_reserves(template: Template) -> None:
    """Lambda refuses a variable of its own."""
    variables(template, "GetOrder")["AWS_REGION"] = "us-east-1"


@fault
def environment_above_its_limit(template: Template) -> None:
    """Lambda takes 4 KB of variables and refuses more."""
    variables(template, "GetOrder")["ALLOWED_ORIGINS"] = "https://a.example.com " * 200


@fault
def secret_in_a_variable(template: Template) -> None:
    """Whoever may look at the function reads the signing key."""
    variables(template, "NotifyPartner")["SIGNING_KEY"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@fault
def doors_for_tests_in_production(template: Template) -> None:
    """Webhooks may go to addresses inside the network."""
    variables(template, "NotifyPartner")["WEBHOOK_TEST_NETWORKS"] = "127.0.0.0/8"


@fault
def reservation_of_everything(template: Template) -> None:
    """Lambda keeps 100 executions for the others and refuses to reserve the whole quota."""
    function(template, "CreateOrder")["ReservedConcurrentExecutions"] = 1_000


@fault
def reservation_of_nothing(template: Template) -> None:
    """A reservation of none switches the function off."""
    function(template, "UpdateOrder")["ReservedConcurrentExecutions"] = 0


@fault
def reservation_gone(template: Template) -> None:
    """A rush of anything else in the account takes the places of new orders."""
    del function(template, "CreateOrder")["ReservedConcurrentExecutions"]


@fault
def longer_than_the_gateway_waits(template: Template) -> None:
    """Callers get a 504 and the function goes on: nobody knows whether the order was placed."""
    function(template, "CreateOrder")["Timeout"] = 60


@fault
def no_time_at_all(template: Template) -> None:
    """Lambda refuses a time-out of no seconds."""
    function(template, "GetOrder")["Timeout"] = 0


@fault
def memory_below_the_least(template: Template) -> None:
    """Lambda refuses less than 128 MB."""
    function(template, "GetOrder")["MemorySize"] = 64


@fault
def worker_that_hides_too_short(template: Template) -> None:
    """A worker may take longer than its messages stay hidden: they are worked on twice."""
    function(template, "ProcessOrder")["Timeout"] = 900


@fault
def traces_off(template: Template) -> None:
    """Nobody sees where the time of a request goes."""
    function(template, "CreateOrder")["TracingConfig"] = {"Mode": "PassThrough"}


@fault
def logs_that_go_elsewhere(template: Template) -> None:
    """Lambda makes a log group of its own, which keeps everything for ever."""
    del function(template, "GetOrder")["LoggingConfig"]


@fault
def logs_of_another_function(template: Template) -> None:
    """The function may not write where it is told to: its logs are lost."""
    group = {"Ref": id_of(template, "Logs::LogGroup", "ListOrdersLogs")}
    function(template, "GetOrder")["LoggingConfig"]["LogGroup"] = group


@fault
def log_group_for_ever(template: Template) -> None:
    """Logs are kept, and paid, for ever."""
    del template.one("Logs::LogGroup", "CreateOrderLogs")["RetentionInDays"]


@fault
def log_retention_that_aws_has_not(template: Template) -> None:
    """CloudWatch Logs takes certain numbers of days only."""
    template.one("Logs::LogGroup", "CreateOrderLogs")["RetentionInDays"] = 8


@fault
def role_of_another_function(template: Template) -> None:
    """Who reads an order could change it, for the two functions share a role."""
    function(template, "GetOrder")["Role"] = arn(template, "IAM::Role", "UpdateOrderRole")


@fault
def function_open_to_the_internet(template: Template) -> None:
    """A function URL without authentication goes around API Gateway and all that it checks."""
    target = arn(template, "Lambda::Function", "CreateOrderFunction")
    add(template, "Open", "Lambda::Url", {"AuthType": "NONE", "TargetFunctionArn": target})


@fault
def function_before_its_permissions(template: Template) -> None:
    """The deployment's own function is called before its role has a policy, and fails."""
    waiting = template.resource("Lambda::Function", "CreateParameters")
    waiting["DependsOn"] = [name for name in waiting["DependsOn"] if "Policy" not in name]


@fault
def function_with_a_name_too_long(template: Template) -> None:
    """A function's name has 64 characters at most."""
    function(template, "GetOrder")["FunctionName"] = "food-delivery-orders-" + "get-order-" * 5


@fault
def created_parameters_by_another_function(template: Template) -> None:
    """CloudFormation asks a function that never answers, and waits for it in vain."""
    other = arn(template, "Lambda::Function", "GetOrderFunction")
    _created_parameters(template)["Properties"]["ServiceToken"] = other


@fault
def created_parameters_that_others_do_not_read(template: Template) -> None:
    """The signing key is made where no function looks for it: no webhook is signed."""
    properties = _created_parameters(template)["Properties"]
    properties["SigningKey"] = "/food-delivery/dev/webhook-signing-key"


@fault
def created_parameters_that_go_with_the_stack(template: Template) -> None:
    """The flags and the signing key of prod are deleted with its stack; its tables stay."""
    _created_parameters(template)["DeletionPolicy"] = "Delete"


@fault
def created_parameters_whose_answer_nobody_awaits(template: Template) -> None:
    """CloudFormation gives up before Lambda has called the function again."""
    _created_parameters(template)["Properties"]["ServiceTimeout"] = "60"


def _created_parameters(template: Template) -> dict[str, Any]:
    resources = template.document["Resources"].values()
    (found,) = (each for each in resources if each["Type"] == "Custom::CreatedParameters")
    return cast("dict[str, Any]", found)


@fault
def function_without_its_log_group(template: Template) -> None:
    """The log group is gone: what the function logs is refused."""
    remove(template, "Logs::LogGroup", "ProcessOrderLogs")

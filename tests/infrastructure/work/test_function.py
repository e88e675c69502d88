"""The functions, as the template defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.functions import Caller, construct_id, names
from ops.audit import KEPT_DAYS
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

IDS = {"".join(word.capitalize() for word in name.split("_")): name for name in names()}


def takes_from(queue: str) -> set[tuple[str, str]]:
    """List what a worker does with its queues."""
    names = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
    return {
        *((f"sqs:{name}", f"Processing{queue}Queue") for name in names),
        ("sqs:SendMessage", f"Processing{queue}DeadLetters"),
    }


def functions_of(template: Template) -> dict[str, str]:
    """Give the functions that a stage has; some have neither heartbeat nor second factor."""
    lacks: set[str] = set()
    if not list(template.all("Scheduler::Schedule")):
        lacks.update(names(Caller.SCHEDULE))
    if "LambdaConfig" not in template.one("Cognito::UserPool"):
        lacks.update(names(Caller.SIGN_IN))
    return {start: name for start, name in IDS.items() if name not in lacks}


GRANTS = {
    "CreateOrder": {
        ("dynamodb:GetItem", "DataOrders"),
        ("dynamodb:PutItem", "DataOrders"),
        ("dynamodb:GetItem", "DataIdempotencyKeys"),
        ("dynamodb:PutItem", "DataIdempotencyKeys"),
    },
    "GetOrder": {("dynamodb:GetItem", "DataOrders")},
    "ListOrders": {
        ("dynamodb:Query", "DataOrders/index/by-customer"),
        ("dynamodb:Query", "DataOrders/index/by-partner"),
        ("dynamodb:Query", "DataOrders/index/by-server"),
        ("dynamodb:Scan", "DataOrders"),
    },
    "UpdateOrder": {("dynamodb:UpdateItem", "DataOrders"), ("ssm:GetParameter", "flags")},
    "ProcessOrder": {
        ("dynamodb:UpdateItem", "DataOrders"),
        ("scheduler:CreateSchedule", "deadlines/*"),
        ("iam:PassRole", "ProcessingDeadlinesRole"),
        ("ssm:GetParameter", "flags"),
        *takes_from("OrderProcessing"),
    },
    "NotifyPartner": {
        ("ssm:GetParameter", "partners/*"),
        ("ssm:GetParameter", "webhook-signing-key"),
        ("ssm:GetParameter", "flags"),
        *takes_from("PartnerNotifications"),
        *takes_from("RestaurantNotifications"),
        *((action, "ProcessingPartnerRetries") for action, _ in takes_from("PartnerNotifications")),
    },
    "PlaceHeartbeat": {("apigateway:GET", "apikeys"), ("dynamodb:PutItem", "DataPartners")},
    "CheckSecondFactor": {("cognito-idp:AdminGetUser", "IdentityUserPool")},
    "ReleaseGate": {
        ("dynamodb:PutItem", "DataPartners"),
        # Versions and aliases, and never what is newest.
        *(
            ("lambda:InvokeFunction", f"{construct_id(name)}Function:*")
            for name in names(Caller.API, Caller.QUEUE)
        ),
    },
    "CreateParameters": {("ssm:PutParameter", name) for name in ("flags", "webhook-signing-key")},
}
GRANTS_OF_STAGES_THAT_GO = {
    "CreateParameters": {
        ("ssm:DeleteParameters", name) for name in ("flags", "webhook-signing-key")
    }
}
PARTNERS_GRANTS = {("dynamodb:GetItem", "DataPartners"), ("dynamodb:Scan", "DataPartners")}
TABLES = {"ORDERS_TABLE", "IDEMPOTENCY_TABLE", "PARTNERS_TABLE"}
OF_REQUESTS = {*TABLES, "IDEMPOTENCY_HOURS", "ALLOWED_ORIGINS", "PERSON_THROTTLE"}
OF_DEADLINES = {"ACCEPT_MINUTES", "ACCEPT_LEAD_MINUTES"}
OF_QUOTES = {"PRICE_QUOTES", "PRICE_KEYS"}
OF_A_QUEUE = {"STAGE", "DEAD_LETTER_QUEUE", "RETRY_SECONDS"}
VARIABLES = {
    **dict.fromkeys(names(Caller.API), OF_REQUESTS),
    "create_order": {*OF_REQUESTS, *OF_DEADLINES, *OF_QUOTES, "STAGE"},
    "update_order": {*OF_REQUESTS, *OF_DEADLINES, *OF_QUOTES, "STAGE", "FLAGS_PARAMETER"},
    "process_order": {
        *("ORDERS_TABLE", "FLAGS_PARAMETER"),
        *("DEADLINES_GROUP", "DEADLINES_QUEUE", "DEADLINES_ROLE"),
        *OF_A_QUEUE,
    },
    "notify_partner": {
        *("PARTNERS_PREFIX", "SIGNING_KEY_PARAMETER", "FLAGS_PARAMETER"),
        *("RETRIES_QUEUE", "WEBHOOK_WAITS"),
        *("RESTAURANTS_QUEUE", "RESTAURANTS_DEAD_LETTERS"),
        *OF_A_QUEUE,
    },
    "create_parameters": set(),
    "release_gate": set(),
    "check_second_factor": set(),
    "place_heartbeat": {"API_URL", "HEARTBEAT_KEY_ID", "PARTNERS_TABLE"},
}


def test_each_operation_has_a_function(template: Template) -> None:
    """Every operation runs on arm64 and Python 3.13, traced, with its own handler and time-out."""
    for start, name in functions_of(template).items():
        function = template.one("Lambda::Function", start)
        assert function["Handler"] == f"orders.handlers.{name}.handler"
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
        assert function["TracingConfig"] == {"Mode": "Active"}
        # Nobody waits for these but a deployment.
        longest = {"create_parameters": 90, "release_gate": 170}.get(name, 29)
        assert 1 <= function["Timeout"] <= longest


def test_who_tells_partners_has_twice_the_processor(template: Template) -> None:
    """A webhook waits half as long for a processor; a stage may say otherwise for each worker."""
    memory = {
        name: template.one("Lambda::Function", start)["MemorySize"]
        for start, name in functions_of(template).items()
    }
    assert memory.pop("notify_partner") == 512
    assert set(memory.values()) == {256}


def test_there_is_no_other_function(template: Template) -> None:
    """Nothing runs that is not named here."""
    assert len(list(template.all("Lambda::Function"))) == len(functions_of(template))


def test_placing_has_reserved_what_is_let_through(template: Template) -> None:
    """No other function can take the environments that two full bursts of orders need."""
    reserved = template.one("Lambda::Function", "CreateOrder")["ReservedConcurrentExecutions"]
    limits = template.one("ApiGateway::Stage")["MethodSettings"]
    bursts = [limit["ThrottlingBurstLimit"] for limit in limits if limit["HttpMethod"] == "POST"]
    assert len(bursts) == 2
    assert 2 * 100 <= sum(bursts) <= reserved == 300


def test_each_function_has_a_role_of_its_own(template: Template) -> None:
    """No role is shared, and none has a managed policy."""
    roles = [str(function["Role"]) for _, function in template.all("Lambda::Function")]
    assert len(set(roles)) == len(functions_of(template))
    for start in functions_of(template):
        assert "ManagedPolicyArns" not in template.one("IAM::Role", f"{start}Role")


def resource_name(resource: Any) -> str:
    """Name what a policy's resource refers to, such as `DataOrders/index/by-partner`."""
    if isinstance(resource, dict) and "Fn::Join" in resource:
        *heads, tail = resource["Fn::Join"][1]
        if ":parameter/" in str(tail):
            return str(tail.split("/", 3)[3])
        if ":schedule/" in str(tail):  # in a group whose name begins with that of the stack
            return str(tail.rpartition("-")[2])
        if str(heads[0]).endswith("/"):  # and the id of one of these
            return str(heads[0]).rpartition(":")[2].strip("/")
        return f"{resource_name(heads[0])}{tail}"
    if isinstance(resource, dict):
        return str(resource["Fn::GetAtt"][0])[:-8]  # without the hash of eight characters
    return str(resource)


def grants_of(policy: dict[str, Any]) -> set[tuple[str, str]]:
    """List a policy's (action, resource) pairs."""
    pairs = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        actions, resources = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            for resource in resources if isinstance(resources, list) else [resources]:
                pairs.add((action, resource_name(resource)))
    return pairs


@pytest.mark.parametrize("start", IDS)
def test_a_function_may_do_what_it_does_and_nothing_else(template: Template, start: str) -> None:
    """Each role holds exactly the actions and resources that its operation uses."""
    if start not in functions_of(template):
        assert not [name for name, _ in template.all("IAM::Policy") if name.startswith(start)]
        return
    policies = [policy for name, policy in template.all("IAM::Policy") if name.startswith(start)]
    granted = {pair for policy in policies for pair in grants_of(policy)}
    goes = template.resource("DynamoDB::GlobalTable", "DataOrders")["DeletionPolicy"] == "Delete"
    assert start in GRANTS, "tests/infrastructure/work/test_function.py, GRANTS"
    # For the tables' own key, where there is one: test_encryption.py
    assert {(action, on) for action, on in granted if not action.startswith("kms:")} == {
        *GRANTS[start],
        *(GRANTS_OF_STAGES_THAT_GO.get(start, ()) if goes else ()),
        *(PARTNERS_GRANTS if IDS[start] in names(Caller.API) else ()),
        ("logs:CreateLogStream", f"{start}Logs"),
        ("logs:PutLogEvents", f"{start}Logs"),
        # X-Ray has no resources to name
        ("xray:PutTelemetryRecords", "*"),
        ("xray:PutTraceSegments", "*"),
    }


def test_every_log_group_keeps_a_week(template: Template) -> None:
    """No log is kept for ever, and none outlives the stack unnoticed.

    Who did what is kept for ninety days: by commands, and by operators who move orders.
    """
    groups = dict(template.all("Logs::LogGroup"))
    firewalls = len(list(template.all("WAFv2::LoggingConfiguration")))
    # The access logs, the pipe's and that of commands.
    assert len(groups) == len(functions_of(template)) + firewalls + 3
    kept = {name[:-8]: group["RetentionInDays"] for name, group in groups.items()}
    audited = {"AuditLog", "UpdateOrderLogs"}
    assert {name for name, days in kept.items() if days == KEPT_DAYS} == audited
    assert {days for name, days in kept.items() if name not in audited} == {7}
    assert template.document["Outputs"]["AuditLogGroup"]["Value"]["Ref"].startswith("AuditLog")


def test_every_function_writes_to_its_own_log_group(template: Template) -> None:
    """Lambda makes no log group of its own: those would be kept for ever."""
    for start in functions_of(template):
        target = template.one("Lambda::Function", start)["LoggingConfig"]["LogGroup"]["Ref"]
        assert target.startswith(f"{start}Logs")


def test_the_environment_names_the_tables_and_holds_no_secret(template: Template) -> None:
    """Configuration comes as environment variables; there is nothing in them to hide."""
    for start, name in functions_of(template).items():
        variables = template.one("Lambda::Function", f"{start}Function")["Environment"]["Variables"]
        optional = variables.keys() & {"ORDER_RETENTION_DAYS"}
        assert set(variables) - optional == {LOG_LEVEL, *VARIABLES[name]}


def test_only_placing_knows_how_long_orders_are_kept(
    dev: Template, prod: Template, hardened: Template
) -> None:
    """Where orders are kept for ever nothing is said of it; elsewhere what places them is told."""
    for template in (dev, prod):
        assert "ORDER_RETENTION_DAYS" not in str(template.document)
    told = {
        start: function["Environment"]["Variables"].get("ORDER_RETENTION_DAYS")
        for start in functions_of(hardened)
        for function in [hardened.one("Lambda::Function", f"{start}Function")]
    }
    assert {start: days for start, days in told.items() if days} == {"CreateOrder": "730"}

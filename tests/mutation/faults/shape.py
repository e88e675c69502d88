"""Faults of the template itself, whatever it describes, and of what watches the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mutation.fault import (
    add,
    arn,
    fault,
    fault_in,
    function,
    id_of,
    queue,
    remove,
    variables,
)

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


@fault
def reference_to_nothing(template: Template) -> None:
    """CloudFormation refuses a reference to what is not there."""
    variables(template, "GetOrder")["ORDERS_TABLE"] = {"Ref": "Orders"}


@fault
def attribute_of_nothing(template: Template) -> None:
    """CloudFormation refuses an attribute of what is not there."""
    function(template, "GetOrder")["Role"] = {"Fn::GetAtt": ["GetOrderRole", "Arn"]}


@fault
def attribute_that_is_none(template: Template) -> None:
    """A role has no such attribute: the deployment fails at once."""
    name = id_of(template, "IAM::Role", "GetOrderRole")
    function(template, "GetOrder")["Role"] = {"Fn::GetAtt": [name, "RoleArn"]}


@fault
def text_with_a_reference_to_nothing(template: Template) -> None:
    """A `${}` in a text names what is not there."""
    template.one("SSM::Parameter", "ParametersApiUrl")["Value"] = {"Fn::Sub": "https://${Api}/"}


@fault
def order_of_nothing(template: Template) -> None:
    """A resource waits for one that is not there."""
    template.resource("SQS::Queue", "ProcessingOrderProcessingQueue")["DependsOn"] = ["Policy"]


@fault
def circle(template: Template) -> None:
    """Two resources wait for each other: CloudFormation refuses the template."""
    name = id_of(template, "Lambda::Function", "GetOrderFunction")
    template.resource("IAM::Role", "GetOrderRole")["DependsOn"] = [name]


@fault
def property_that_is_none(template: Template) -> None:
    """A property that the resource does not have is refused."""
    queue(template, "OrderProcessingQueue")["VisibilityTimeoutSeconds"] = 90


@fault
def property_that_is_missing(template: Template) -> None:
    """A function without a role is refused."""
    del function(template, "GetOrder")["Role"]


@fault
def value_of_another_kind(template: Template) -> None:
    """A text where a number is wanted."""
    function(template, "GetOrder")["Timeout"] = "ten seconds"


@fault
def word_that_is_none(template: Template) -> None:
    """DynamoDB knows no such billing mode."""
    template.one("DynamoDB::GlobalTable", "DataOrders")["BillingMode"] = "PAY_PER_USE"


@fault
def word_that_is_none_in_the_pipe(template: Template) -> None:
    """Pipes knows no such log level."""
    template.one("Pipes::Pipe")["LogConfiguration"]["Level"] = "WARN"


@fault
def type_that_is_none(template: Template) -> None:
    """CloudFormation knows no such type."""
    template.resource("SQS::Queue", "ProcessingPipeDeadLetters")["Type"] = "AWS::SQS::DeadQueue"


@fault
def one_name_for_two(template: Template) -> None:
    """Two parameters of one name: the second is refused, and the deployment rolls back."""
    name = template.one("SSM::Parameter", "ParametersTablesOrders")["Name"]
    template.one("SSM::Parameter", "ParametersTablesPartners")["Name"] = name


@fault
def name_of_another_stage(template: Template) -> None:
    """Prod's topic has dev's name: in one account the second stage cannot be deployed."""
    template.one("SNS::Topic", "Processing")["TopicName"] = "food-delivery-orders-dev-order-changes"


@fault
def value_of_another_stage(template: Template) -> None:
    """Prod's functions read dev's flags."""
    for name in ("UpdateOrder", "ProcessOrder", "NotifyPartner"):
        variables(template, name)["FLAGS_PARAMETER"] = "/food-delivery/dev/flags"


@fault
def output_that_is_gone(template: Template) -> None:
    """Operators' commands no longer find the table."""
    del template.document["Outputs"]["OrdersTable"]


@fault
def output_of_another_thing(template: Template) -> None:
    """Operators restore, and purge, another table than they think."""
    outputs = template.document["Outputs"]
    outputs["OrdersTable"] = outputs["PartnersTable"]


@fault
def secret_in_the_template(template: Template) -> None:
    """Whoever may read parameters, or the template, reads the signing key."""
    name = "/food-delivery/prod/signing-key"
    value = {"Name": name, "Type": "String", "Value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    add(template, "Key", "SSM::Parameter", value)


@fault
def secure_string(template: Template) -> None:
    """CloudFormation cannot make a SecureString."""
    template.one("SSM::Parameter", "ParametersApiUrl")["Type"] = "SecureString"


@fault
def parameter_above_its_limit(template: Template) -> None:
    """A standard parameter has 4 KB at most."""
    template.one("SSM::Parameter", "ParametersApiOrigins")["Value"] = (
        "https://a.example.com," * 200 + "https://b.example.com"
    )


@fault
def more_resources_than_a_stack_has(template: Template) -> None:
    """A stack has 500 resources at most."""
    for number in range(400):
        add(template, f"More{number}", "SNS::Topic", {})


@fault
def more_than_a_template_holds(template: Template) -> None:
    """A template has 1 MB at most."""
    template.document["Metadata"] = {"Notes": "x" * 1_000_000}


@fault
def tag_that_aws_keeps_for_itself(template: Template) -> None:
    """AWS refuses tags that begin with its own name."""
    function(template, "GetOrder")["Tags"].append({"Key": "aws:stage", "Value": "prod"})


@fault
def thing_without_tags(template: Template) -> None:
    """The bill cannot be split, and the budget does not see it."""
    del queue(template, "OrderProcessingQueue")["Tags"]


@fault
def key_of_the_account(template: Template) -> None:
    """Whoever sees the template knows the account."""
    topic = "arn:aws:sns:us-east-1:123456789012:somebody"
    template.document["Outputs"]["OrderChangesTopic"]["Value"] = topic


@fault
def api_key_in_the_template(template: Template) -> None:
    """A partner's key stands in the template, for everybody to read."""
    add(template, "Demo", "ApiGateway::ApiKey", {"Value": "demo-0123456789012345678901"})


@fault
def rule_of_another_api(template: Template) -> None:
    """X-Ray's rule is for every API of the account."""
    template.one("XRay::SamplingRule", "TracingRule")["SamplingRule"]["ResourceARN"] = "*"


@fault
def every_request_traced(template: Template) -> None:
    """Traces cost more than the requests themselves."""
    template.one("XRay::SamplingRule", "TracingRule")["SamplingRule"]["FixedRate"] = 1


@fault
def alarm_on_what_nobody_counts(template: Template) -> None:
    """The alarm never fires: its metric's name has a slip."""
    add(
        template,
        "Alarm",
        "CloudWatch::Alarm",
        {
            "Namespace": "FoodDelivery/Orders",
            "MetricName": "OrderCreated",
            "Dimensions": [
                {"Name": "service", "Value": "orders"},
                {"Name": "stage", "Value": "prod"},
            ],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "LessThanOrEqualToThreshold",
        },
    )


@fault
def alarm_on_what_is_gone(template: Template) -> None:
    """The alarm never fires: it looks at a queue by a name that no queue has."""
    add(
        template,
        "Alarm",
        "CloudWatch::Alarm",
        {
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": [{"Name": "QueueName", "Value": "order-processing-dead"}],
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
        },
    )


@fault
def alarm_on_a_share_in_percent(template: Template) -> None:
    """An average of errors is at most 1: an alarm above 5 never fires."""
    name = {"Ref": id_of(template, "Lambda::Function", "CreateOrderFunction")}
    add(
        template,
        "Alarm",
        "CloudWatch::Alarm",
        {
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": name}],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
        },
    )


@fault
def dashboard_that_is_no_json(template: Template) -> None:
    """CloudWatch refuses a dashboard with a comma too many."""
    add(template, "Dashboard", "CloudWatch::Dashboard", {"DashboardBody": '{"widgets": [,]}'})


@fault
def dashboard_of_nothing(template: Template) -> None:
    """A dashboard's widget has no size and no kind: CloudWatch refuses it."""
    body = '{"widgets": [{"x": 0, "y": 0, "properties": {}}]}'
    add(template, "Dashboard", "CloudWatch::Dashboard", {"DashboardBody": body})


@fault_in("prod-hardened")
def budget_with_a_name_of_its_own(template: Template) -> None:
    """A fixed name: whoever changes whom the budget tells cannot deploy it."""
    template.one("Budgets::Budget")["Budget"]["BudgetName"] = "food-delivery-orders-prod"


@fault_in("prod-hardened")
def budget_that_tells_nobody(template: Template) -> None:
    """Money is spent, and nobody hears of it."""
    del template.one("Budgets::Budget")["NotificationsWithSubscribers"]


@fault
def metrics_of_the_firewall_off(template: Template) -> None:
    """Nobody sees what the firewall blocks."""
    acl = template.one("WAFv2::WebACL")
    acl["VisibilityConfig"]["CloudWatchMetricsEnabled"] = False


@fault
def asset_of_another_bucket(template: Template) -> None:
    """The function runs whatever somebody else puts into their bucket."""
    function(template, "GetOrder")["Code"]["S3Bucket"] = "somebodys-public-bucket"


@fault
def code_in_the_template(template: Template) -> None:
    """A forgotten stand-in answers instead of the handler."""
    function(template, "GetOrder")["Code"] = {"ZipFile": "def handler(event, context): return {}"}


@fault
def queue_that_a_person_must_empty(template: Template) -> None:
    """A second, unwatched queue was added, which nothing reads."""
    add(template, "Spare", "SQS::Queue", {"SqsManagedSseEnabled": True})


@fault
def subscriber_from_elsewhere(template: Template) -> None:
    """Every order is sent to somebody's server."""
    topic = {"Ref": id_of(template, "SNS::Topic", "Processing")}
    endpoint = "https://collector.example.net/orders"
    properties = {"TopicArn": topic, "Protocol": "https", "Endpoint": endpoint}
    add(template, "Elsewhere", "SNS::Subscription", properties)


@fault
def parameters_that_nobody_makes(template: Template) -> None:
    """The flags and the signing key are never made: workers find none."""
    created = template.document["Resources"]
    (name,) = (name for name, r in created.items() if r["Type"] == "Custom::CreatedParameters")
    del created[name]


@fault
def fact_that_lies(template: Template) -> None:
    """Other services subscribe to a queue where a topic was promised."""
    other = arn(template, "SQS::Queue", "ProcessingOrderProcessingQueue")
    template.one("SSM::Parameter", "ParametersTopicsOrderChanges")["Value"] = other


@fault
def pipe_that_is_gone(template: Template) -> None:
    """Nothing tells the topic of any order."""
    remove(template, "Pipes::Pipe")

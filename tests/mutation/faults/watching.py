"""Faults of what watches the service: alarms, dashboard and heartbeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mutation.fault import arn, fault, id_of, remove, resource_policy, variables

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def alarm(template: Template, start: str) -> dict[str, Any]:
    return template.one("CloudWatch::Alarm", f"Alarms{start}")


def schedule(template: Template) -> dict[str, Any]:
    return template.one("Scheduler::Schedule", "Heartbeat")


@fault
def alarm_that_tells_nobody(template: Template) -> None:
    """The alarm fires, and nobody hears of it."""
    del alarm(template, "NoOrders")["AlarmActions"]


@fault
def alarm_that_is_silenced(template: Template) -> None:
    """The alarm fires, and its actions are switched off."""
    alarm(template, "PipeDeadLetters")["ActionsEnabled"] = False


@fault
def alarm_that_is_gone(template: Template) -> None:
    """Dead orders lie there until somebody happens to look."""
    remove(template, "CloudWatch::Alarm", "AlarmsOrderProcessingDeadLetters")


@fault
def alarm_that_looks_the_other_way(template: Template) -> None:
    """The alarm is on while there are no dead letters, and off when there are."""
    alarm(template, "PipeDeadLetters")["ComparisonOperator"] = "LessThanThreshold"


@fault
def alarm_of_another_queue(template: Template) -> None:
    """One queue's dead letters are told twice, and the other's never."""
    other = alarm(template, "PartnerNotificationsDeadLetters")["Dimensions"]
    alarm(template, "OrderProcessingDeadLetters")["Dimensions"] = other


@fault
def alarm_on_orders_of_all_stages(template: Template) -> None:
    """The metric has no stage: nobody writes it, or every stage of the account does."""
    for query in alarm(template, "PipeSilent")["Metrics"]:
        metric = query.get("MetricStat", {}).get("Metric", {})
        if metric.get("MetricName") == "OrdersCreated":
            metric["Dimensions"] = [{"Name": "service", "Value": "orders"}]


@fault
def function_that_counts_for_another_stage(template: Template) -> None:
    """Prod's orders are counted as dev's: its own alarms see none."""
    variables(template, "CreateOrder")["STAGE"] = "dev"


@fault
def alarms_in_the_clear(template: Template) -> None:
    """What alarms say rests unencrypted."""
    del template.one("SNS::Topic", "Alarms")["KmsMasterKeyId"]


@fault
def alarms_that_nobody_can_encrypt(template: Template) -> None:
    """CloudWatch may not use the topic's key, and no alarm is heard."""
    policy = template.one("KMS::Key", "PartnerSecrets")["KeyPolicy"]
    policy["Statement"] = [s for s in policy["Statement"] if "Service" not in s["Principal"]]


@fault
def who_did_what_for_a_week(template: Template) -> None:
    """A month later nobody knows who has shut a partner out."""
    template.one("Logs::LogGroup", "AuditLog")["RetentionInDays"] = 7


@fault
def firewall_that_counts_for_all_stages(template: Template) -> None:
    """What dev's firewall blocks shows as blocked in prod."""
    template.one("WAFv2::WebACL")["VisibilityConfig"]["MetricName"] = "Firewall"


@fault
def alarm_on_a_slip(template: Template) -> None:
    """The metric's name has a slip: no order is ever missed, whatever happens."""
    for query in alarm(template, "NoOrders")["Metrics"]:
        if "MetricStat" in query:
            query["MetricStat"]["Metric"]["MetricName"] = "OrderCreated"


@fault
def alarm_that_takes_silence_for_health(template: Template) -> None:
    """No heartbeat is no data, and no data is no alarm."""
    alarm(template, "HeartbeatFailing")["TreatMissingData"] = "notBreaching"


@fault
def alarms_for_everybody(template: Template) -> None:
    """Anybody publishes alarms that never were."""
    (topic,) = (name for name, _ in template.all("SNS::Topic") if name.startswith("Alarms"))
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish"}
    policy = resource_policy(template, "SNS::TopicPolicy", "Alarms")
    policy.append({**allowed, "Resource": {"Ref": topic}})


@fault
def heart_that_stands_still(template: Template) -> None:
    """No order of the service's own is placed: a quiet night and a broken service look alike."""
    schedule(template)["State"] = "DISABLED"


@fault
def heart_that_beats_once_a_day(template: Template) -> None:
    """A broken service is noticed the day after."""
    schedule(template)["ScheduleExpression"] = "rate(1 day)"


@fault
def heart_of_another_function(template: Template) -> None:
    """The schedule calls what lists orders, and no heartbeat is placed."""
    schedule(template)["Target"]["Arn"] = arn(template, "Lambda::Function", "ListOrdersFunction")


@fault
def heartbeat_without_its_key(template: Template) -> None:
    """The heartbeat's key is on no plan: API Gateway refuses it."""
    remove(template, "ApiGateway::UsagePlanKey")


@fault
def dashboard_with_a_comma_too_many(template: Template) -> None:
    """CloudWatch refuses the service's own dashboard."""
    body = template.one("CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    body[0] = body[0].replace("[", "[,", 1)


@fault
def dashboard_of_another_function(template: Template) -> None:
    """The dashboard shows one function's figures under another one's name."""
    old = id_of(template, "Lambda::Function", "CreateOrderFunction")
    new = id_of(template, "Lambda::Function", "GetOrderFunction")
    body = template.one("CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    body[:] = [{"Ref": new} if part == {"Ref": old} else part for part in body]

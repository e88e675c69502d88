"""What ministack 1.5.33 does otherwise than AWS, put right inside its process: a module a service.

Each patch has a test that fails once ministack no longer needs it. What can be mended from outside,
over AWS's own APIs, is not here but in local/copy/dropped_properties.py.

    api_key_identity    who calls: requestContext.identity.apiKeyId
    api_key_switch      a key that is switched off by UpdateApiKey is off
    client_path         requestContext.path as the client sent it
    header_lines        multiValueHeaders with each line of a header
    group_claims        a token's groups are joined by commas
    unknown_routes      with a token an unknown route is refused for its signature
    header_case         names of required headers are compared with case
    unchecked_types     a body is checked only where its media type has a model
    mock_answers        mock integrations tell the request's id and the stage's variables
    function_failures   a function that fails is answered through the gateway responses
    qualified_functions a version and an alias have their function's reservation and an ARN
    qualified_permissions a version and an alias are permitted by their own ARN
    function_queue      no more than some functions at a time; the others wait
    whole_batches       an answer that reports an unknown message fails its whole batch
    quick_functions     functions start with nothing but their own code
    whole_logs          what a run has written is told with it, not with a later one
    steady_saving       state is saved every few seconds, not only on a clean stop
    state_before_work   pipes and mappings begin when all state is back after a restart
    kept_streams        changes that a pipe has not yet delivered survive a restart
    read_units          reads are charged by the size of what they read
    record_sizes        a stream's records say how large they are
    typed_arithmetic    an update that adds a number and a text is refused
    traced_stages       requests begin a trace, or continue theirs, and X-Ray is told
    traced_functions    functions are told where in a trace they are, and X-Ray of them
    traced_messages     topics and queues hand the trace of a message on
    figures_by_minute   CloudWatch keeps figures by the minute, for some hours
    gateway_figures     AWS/ApiGateway: requests, errors, latency
    access_logs         a stage's access log is written
    function_figures    AWS/Lambda: every run of a function, whoever called it
    queue_figures       AWS/SQS: what is in each queue, how old, what came and went
    batch_permissions   a batch of messages needs the permission for one
    schedule_groups     a schedule is permitted in its group
    table_figures       AWS/DynamoDB: latency, refusals, consumed capacity
    topic_figures       AWS/SNS: what topics publish
    pipe_figures        AWS/EventBridge/Pipes: what pipes carry
    log_pages           FilterLogEvents gives pages, not the first of them alone
    log_figures         AWS/Logs, and metrics of log lines in the embedded metric format
    updated_tables      a stack changes its tables in place, with what is in them
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.inside.patches import (
    api_gateway,
    api_gateway_metrics,
    cloudformation,
    cloudwatch,
    cloudwatch_logs,
    dynamodb,
    lambda_,
    persistence,
    pipes,
    scheduler,
    sns,
    sqs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATCHES: dict[str, Callable[[], None]] = {
    patch.__name__: patch
    for patch in (
        api_gateway.api_key_identity,
        api_gateway.api_key_switch,
        api_gateway.client_path,
        api_gateway.header_lines,
        api_gateway.group_claims,
        api_gateway.unknown_routes,
        api_gateway.header_case,
        api_gateway.unchecked_types,
        api_gateway.mock_answers,
        api_gateway.function_failures,
        lambda_.qualified_functions,
        lambda_.function_queue,
        lambda_.whole_batches,
        lambda_.quick_functions,
        lambda_.whole_logs,
        persistence.steady_saving,
        persistence.state_before_work,
        dynamodb.kept_streams,
        dynamodb.read_units,
        dynamodb.record_sizes,
        dynamodb.typed_arithmetic,
        api_gateway.traced_stages,
        lambda_.traced_functions,
        sns.traced_messages,
        cloudwatch.figures_by_minute,
        api_gateway_metrics.gateway_figures,
        api_gateway_metrics.access_logs,
        lambda_.function_figures,
        sqs.queue_figures,
        sqs.batch_permissions,
        scheduler.schedule_groups,
        lambda_.qualified_permissions,
        dynamodb.table_figures,
        sns.topic_figures,
        pipes.pipe_figures,
        cloudwatch_logs.log_pages,
        cloudwatch_logs.log_figures,
        cloudformation.updated_tables,
    )
}
"""All patches by name, in the order in which they are applied: a later one wraps an earlier one."""

NOT_KEPT = tuple(name for name in PATCHES if name != persistence.steady_saving.__name__)
"""All but what saves every few seconds what many requests leave: for a copy that ends for good."""

FOR_DEPLOYMENTS: dict[str, Callable[[], None]] = {
    patch.__name__: patch
    for patch in (
        cloudformation.placeholders,
        cloudformation.adopted_tables,
        cloudformation.known_replacements,
    )
}
"""Those that only a whole template needs, by name."""


def apply(names: Iterable[str]) -> None:
    """Apply patches by name, before ministack starts to serve."""
    for name in names:
        {**PATCHES, **FOR_DEPLOYMENTS}[name]()

"""Claims about Lambda, the pipe, topics and queues, and the heartbeat's schedule."""

from __future__ import annotations

from ops.proof.claim import RECORDINGS, Claim, Known

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
_SCHEDULER = "https://docs.aws.amazon.com/scheduler/latest"
_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
_TYPES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference"
_SNS = "https://docs.aws.amazon.com/sns/latest/dg"

CLAIMS = (
    Claim(
        id="an-environment-a-request",
        says="Lambda starts an environment for each call that finds none free.",
        said=("local/inside/patches/lambda_.py#function_queue", "docs/performance/scale.md"),
        expected="A hundred calls at once are a hundred environments, within a second or two.",
        look="`make load` with a burst on a cold stage; count coldStart in the log.",
        sources=(
            f"{_LAMBDA}/lambda-concurrency.html",
            f"{_LAMBDA}/scaling-behavior.html",
            f"{_LAMBDA}/gettingstarted-limits.html",
        ),
        patches=("function_queue",),
    ),
    Claim(
        id="an-answer-names-its-version",
        says="Invoke says which version has run in X-Amz-Executed-Version, for an alias, too.",
        said=("orders/release_gate/invoking.py", "docs/decisions/0035-releases-and-their-gate.md"),
        expected="The gate's log names under `live` the versions that aliases point to.",
        look="A deployment that changes code; the gate's log.",
        sources=("https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html",),
    ),
    Claim(
        id="nothing-but-our-code",
        says="A function starts with Python, its asset and the runtime's modules, nothing else.",
        said=("local/inside/patches/lambda_.py#quick_functions", "docs/performance/README.md"),
        expected="All functions start; none misses a module.",
        look="Call each once, and look for an error of the import in its log.",
        sources=(f"{_LAMBDA}/lambda-python.html",),
        patches=("quick_functions",),
    ),
    Claim(
        id="bytecode-is-used",
        says="Compiled bytecode in the asset is used as it is, and starts take half the time.",
        said=("docs/performance/README.md",),
        expected="Init Duration is below that of an asset without bytecode by half.",
        look="Deploy both, start each ten times, compare the REPORT lines.",
        sources=("https://docs.python.org/3/library/py_compile.html",),
    ),
    Claim(
        id="init-has-a-processor",
        says="A start has a whole processor whatever the memory; later its share grows with it.",
        said=("docs/performance/scale.md",),
        expected="Init Duration hardly depends on the memory's size.",
        look="`MemorySize` of 128, 256 and 1,024, ten starts each.",
        sources=(f"{_LAMBDA}/configuration-memory.html",),
    ),
    Claim(
        id="logs-of-a-run",
        says="All that a run has written is in its log group, in order.",
        said=("local/inside/patches/lambda_.py#whole_logs",),
        expected="A line for each request and message, in the stream of its environment.",
        look="Send a thousand requests, and count the lines.",
        sources=(f"{_LAMBDA}/monitoring-cloudwatchlogs.html",),
        patches=("whole_logs",),
    ),
    Claim(
        id="functions-are-traced",
        says="_X_AMZN_TRACE_ID names the trace, the parent and whether it is sampled.",
        said=("local/inside/patches/lambda_.py#traced_functions", "docs/tracing.md"),
        expected="Our subsegments stand below the function's segment.",
        look="`orders trace` of an order that was placed with Sampled=1.",
        sources=(
            f"{_LAMBDA}/services-xray.html",
            "https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html",
        ),
        patches=("traced_functions",),
    ),
    Claim(
        id="function-metrics",
        says="AWS/Lambda counts runs, errors, throttles and what runs at once, by FunctionName for "
        "all versions together, and with Resource for what was called: `name:live`.",
        said=(
            *("local/inside/patches/lambda_.py#function_figures", "docs/metrics.md"),
            "infrastructure/watching/aws_metrics.py",
        ),
        expected="A refused call is a throttle and no invocation, under both sets of dimensions.",
        look="Reserve one, call the alias ten times at once, get the metrics of both.",
        sources=(
            f"{_LAMBDA}/monitoring-metrics-types.html",
            f"{_LAMBDA}/monitoring-metrics-view.html",
        ),
        patches=("function_figures",),
    ),
    Claim(
        id="versions-share-a-reservation",
        says="All versions of a function share its reserved concurrency, and a call by an alias "
        "has the alias in its ARN.",
        said=(
            "local/inside/patches/lambda_.py#qualified_functions",
            "docs/architecture.md#versions-and-the-alias-live",
        ),
        expected="Of ten calls of an alias at once, with one reserved, nine are refused.",
        look="Reserve one, call the alias and a version at once.",
        sources=(
            f"{_LAMBDA}/configuration-concurrency.html",
            f"{_LAMBDA}/configuration-aliases.html",
        ),
        patches=("qualified_functions",),
    ),
    Claim(
        id="a-version-is-what-was-there",
        says="PublishVersion takes $LATEST as it is, on the revision that was read; it gives the "
        "last version again where nothing has changed since.",
        said=("ops/live/function_variables.py", "infrastructure/work/function.py"),
        expected="A changed variable is in the new version alone; a second call makes no other.",
        look="`orders logs level DEBUG`, read $LATEST and what `live` points to, publish twice.",
        sources=(
            f"{_LAMBDA}/configuration-versions.html",
            "https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html",
        ),
    ),
    Claim(
        id="an-alias-moves-at-once",
        says="After UpdateAlias each further call meets the other version, within seconds.",
        said=("ops/live/function_variables.py", "docs/operations.md#more-lines-in-the-log"),
        expected="No call meets the version of before ten seconds later.",
        look="Call ten times a second while `orders logs level` runs; the levels of the lines.",
        sources=("https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html",),
    ),
    Claim(
        id="a-mapping-takes-an-alias",
        says="A mapping's FunctionName changes in place to an alias; nothing is delivered twice "
        "for it, nor is the mapping made anew.",
        said=("infrastructure/work/processing.py",),
        expected="UPDATE_COMPLETE of each mapping without a replacement, messages go on.",
        look="Deploy over the release before, with orders being placed; the stack's events.",
        sources=(
            f"{_LAMBDA}/configuration-aliases.html",
            f"{_TYPES}/aws-resource-lambda-eventsourcemapping.html",
        ),
    ),
    Claim(
        id="partial-batches",
        says="Of a batch only those messages come back that the function names; all, if it names "
        "none of them.",
        said=(
            "orders/consumer.py",
            "docs/reliability.md",
            "local/inside/patches/lambda_.py#whole_batches",
        ),
        patches=("whole_batches",),
        expected="One bad message of ten is tried again alone.",
        look="Send nine orders' changes and one poison message to the queue.",
        sources=(
            f"{_LAMBDA}/services-sqs-errorhandling.html",
            f"{_LAMBDA}/services-sqs-configure.html",
            f"{RECORDINGS}/lambda_/event_source_mapping/test_lambda_integration_sqs.snapshot.json",
        ),
        known=Known.RECORDED,
    ),
    Claim(
        id="no-window-waits-for-a-batch",
        says="Without a batching window a queue's worker is called as soon as a message is there.",
        said=("simulation/deliveries.py", "docs/performance/webhooks.md"),
        expected="From topic to worker it is 30 ms by half, and 94 by nineteen in twenty.",
        look="Traces of an hour's orders: from the pipe's call to the worker's segment.",
        sources=(
            f"{_LAMBDA}/services-sqs-parameters.html",
            "https://docs.aws.amazon.com/streams/latest/dev/building-consumers.html",
        ),
    ),
    Claim(
        id="a-queue-begins-with-five",
        says="Of a queue Lambda has five batches in hand at first, and five more each second.",
        said=("simulation/webhooks.py", "docs/decisions/0020-webhooks-fairly.md"),
        expected="ConcurrentExecutions of notify_partner grows so under a thousand messages.",
        look="Set a partner's webhook to an address that hangs, place a thousand orders of it.",
        sources=(f"{_LAMBDA}/services-sqs-scaling.html",),
    ),
    Claim(
        id="retries-take-no-place",
        says="A second queue of a function has its own bound; it takes none of the first's places.",
        said=("infrastructure/work/processing.py", "docs/decisions/0020-webhooks-fairly.md"),
        expected="While a partner hangs, others' webhooks come as soon as ever.",
        look="As above, and place orders of another partner: `milliseconds` and times in the log.",
        sources=(f"{_LAMBDA}/services-sqs-scaling.html",),
    ),
    Claim(
        id="retries-are-shared-fairly",
        says="A standard queue takes MessageGroupId, and serves the group first that has least.",
        said=("orders/consumer.py", "docs/decisions/0020-webhooks-fairly.md"),
        expected="SendMessageBatch takes each entry; of two partners' retries the few come first.",
        look="Two addresses that hang, a thousand orders of one and ten of the other; the log.",
        sources=(f"{_SQS}/sqs-fair-queues.html",),
    ),
    Claim(
        id="a-batch-needs-the-permission-for-one",
        says="SendMessageBatch and ChangeMessageVisibilityBatch need the permission for one.",
        said=("local/inside/patches/sqs.py#batch_permissions", "docs/security/permissions.md"),
        expected="Webhooks that fail go to the retries; no AccessDenied in the log.",
        look="Set a partner's webhook to a closed port, place an order, read the log.",
        sources=(f"{_SQS}/sqs-api-permissions-reference.html",),
        patches=("batch_permissions",),
    ),
    Claim(
        id="hidden-for-hours",
        says="A message can be hidden for up to twelve hours from its receipt, and delayed for 15 "
        "minutes; each receipt counts for the redrive policy.",
        said=("infrastructure/settings.py", "docs/webhooks.md"),
        expected="A webhook that nobody takes has eight lines `retry` or `dead` within 30 hours.",
        look="Set a webhook to a closed port, place an order, wait; the log by eventId.",
        sources=(f"{_SQS}/sqs-visibility-timeout.html",),
    ),
    Claim(
        id="pipe-one-record-a-message",
        says="The pipe publishes each record of the stream as a message of its own, whole.",
        said=("docs/decisions/0010-outbox.md", "docs/architecture.md"),
        expected="A message's body is the stream's record, as `orders.order_changes` reads it.",
        look="Subscribe a queue to the topic without raw delivery, place an order.",
        sources=(f"{_PIPES}/eb-pipes-dynamodb.html", f"{_PIPES}/eb-pipes-targets-specifics.html"),
    ),
    Claim(
        id="pipe-role-and-retries",
        says="A pipe tries a record again and sends its place to the dead-letter queue in the end.",
        said=("docs/runbooks/stuck-pipe.md", "docs/reliability.md"),
        expected="Dead letters after 20 tries, in the form that `orders dlq show pipe` reads; "
        "after a redrive the order is confirmed.",
        look="Deny sns:Publish to the pipe's role, place an order, allow it again, redrive.",
        sources=(
            f"{_PIPES}/eb-pipes-permissions.html",
            f"{_PIPES}/eb-pipes-batching-concurrency.html",
        ),
    ),
    Claim(
        id="pipe-metrics",
        says="AWS/EventBridge/Pipes counts executions and failures by PipeName.",
        said=("local/inside/patches/pipes.py#pipe_figures", "docs/metrics.md"),
        expected="Invocations as many as changes; ExecutionFailed where the target refuses.",
        look="As above, then get the metrics.",
        sources=(f"{_PIPES}/eb-pipes-monitoring.html",),
        patches=("pipe_figures",),
    ),
    Claim(
        id="stream-to-worker-in-seconds",
        says="From the write to the worker it takes a second or two.",
        said=("docs/performance/scale.md",),
        expected="p95 of StreamLatency below two seconds.",
        look="The metric StreamLatency after a load test.",
        sources=(f"{_PIPES}/eb-pipes-dynamodb.html",),
    ),
    Claim(
        id="filter-on-bodies",
        says="A subscription's filter looks into the message's body, four keys deep.",
        said=("docs/decisions/0010-outbox.md", "infrastructure/work/processing.py#_changed"),
        expected="process_order hears of placed orders alone, notify_partner of partners' alone.",
        look="Place one order of a customer and one of a partner; read both workers' logs.",
        sources=(
            f"{_SNS}/sns-message-filtering.html",
            f"{RECORDINGS}/sns/test_sns_filter_policy.snapshot.json",
        ),
    ),
    Claim(
        id="filter-by-either",
        says="A filter takes anything but a prefix, and `$or` of conditions on several keys.",
        said=(
            "docs/decisions/0032-webhooks-to-restaurants.md",
            "infrastructure/work/processing.py#_served_by_a_partner",
        ),
        expected="The deployment takes the filter; who serves hears of PLACED, and not of READY.",
        look="Bind a restaurant to a partner, move an order of it; read notify_partner's log.",
        sources=(
            f"{_SNS}/subscription-filter-policy-constraints.html",
            f"{RECORDINGS}/sns/test_sns_filter_policy.snapshot.json",
        ),
    ),
    Claim(
        id="traces-through-messages",
        says="SNS hands the tracing header on, and SQS gives it to the worker as AWSTraceHeader.",
        said=("local/inside/patches/sns.py#traced_messages", "docs/tracing.md"),
        expected="A message with Sampled=1 has one trace through topic, queue and worker.",
        look="Publish one by a traced client.",
        sources=(f"{_SNS}/sns-active-tracing.html", f"{_LAMBDA}/services-xray.html"),
        patches=("traced_messages",),
    ),
    Claim(
        id="topic-metrics",
        says="AWS/SNS counts what a topic publishes, filters out and delivers, by TopicName.",
        said=("local/inside/patches/sns.py#topic_figures",),
        expected="NumberOfMessagesPublished as many as changes.",
        look="Place a hundred orders, get the metrics.",
        sources=(f"{_SNS}/sns-monitoring-using-cloudwatch.html",),
        patches=("topic_figures",),
    ),
    Claim(
        id="queue-metrics",
        says="AWS/SQS tells each minute what is in a queue in use, and how old the oldest is.",
        said=("local/inside/patches/sqs.py#queue_figures", "docs/metrics.md"),
        expected="A dead letter is in ApproximateNumberOfMessagesVisible within 18 minutes.",
        look="Send a poison message; wait for the alarm.",
        sources=(f"{_SQS}/sqs-available-cloudwatch-metrics.html",),
        patches=("queue_figures",),
    ),
    Claim(
        id="schedule-calls",
        says="EventBridge Scheduler calls the heartbeat at its rate, and tries once more.",
        said=("docs/operations.md#the-heartbeat",),
        expected="Twelve runs an hour.",
        look="Invocations of place_heartbeat after an hour.",
        sources=(
            "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html",
            "https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html",
        ),
    ),
    Claim(
        id="one-shots-come-and-go",
        says="EventBridge Scheduler sends a one-shot's message within a minute of its time, takes "
        "each name once, and deletes the schedule when it has run.",
        said=("orders/deadlines.py", "docs/decisions/0029-answering-in-time.md"),
        expected="An order that nobody answers is REJECTED within a minute of its acceptBy. The "
        "group of deadlines holds those that are to come, and no others.",
        look="Bind a restaurant, place an order there, wait; list the group's schedules.",
        sources=(
            f"{_SCHEDULER}/APIReference/API_CreateSchedule.html",
            f"{_SCHEDULER}/UserGuide/schedule-types.html",
            f"{_SCHEDULER}/UserGuide/managing-schedule-delete.html",
            f"{_SCHEDULER}/UserGuide/managing-targets-templated.html",
        ),
    ),
    Claim(
        id="schedules-are-permitted-in-their-group",
        says="CreateSchedule is permitted for a schedule by the name of its group.",
        said=("local/inside/patches/scheduler.py#schedule_groups", "docs/security/permissions.md"),
        expected="process_order logs `waiting` with acceptBy, and no AccessDeniedException.",
        look="Bind a restaurant, place an order there, read the log.",
        sources=(f"{_SCHEDULER}/UserGuide/security_iam_service-with-iam.html",),
        patches=("schedule_groups",),
    ),
    Claim(
        id="queues-redrive-themselves",
        says="SQS moves dead letters back with StartMessageMoveTask, as long as they are kept.",
        said=("docs/operations.md#dead-letters", "docs/runbooks/dead-letters.md"),
        expected="All of them are processed; their age counts from when they were first sent.",
        look="`orders dlq redrive processing` after some poison was mended.",
        sources=(
            f"{_SQS}/sqs-configure-dead-letter-queue-redrive.html",
            f"{RECORDINGS}/sqs/test_sqs_move_task.snapshot.json",
        ),
        known=Known.RECORDED,
    ),
    Claim(
        id="postponed-by-the-worker",
        says="A worker may postpone a message it was given, and it comes back when it said.",
        said=("orders/consumer.py", "docs/reliability.md"),
        expected="A webhook that failed is tried again after the pauses of docs/webhooks.md.",
        look="A partner that answers 503 five times; the times in its log.",
        sources=(f"{_SQS}/sqs-visibility-timeout.html",),
    ),
    Claim(
        id="asynchronous-calls-are-repeated",
        says="An asynchronous call that fails is made again after one minute and after two.",
        said=("infrastructure/work/parameters.py", "orders/custom_resource.py"),
        expected="Three runs of create_parameters where its answer is not taken.",
        look="Call it asynchronously with a response URL that answers 503.",
        sources=(f"{_LAMBDA}/invocation-async-error-handling.html",),
    ),
    Claim(
        id="no-change-no-record",
        says="A write that changes nothing makes no record in the stream.",
        said=("docs/engines.md",),
        expected="An UpdateItem that sets what is there is heard of by nobody.",
        look="Set an order's note to what it is, by hand; the topic's metrics.",
        sources=(
            "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html",
            f"{RECORDINGS}/dynamodb/test_dynamodb.snapshot.json",
        ),
        known=Known.RECORDED,
    ),
)

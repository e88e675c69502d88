"""Claims about CloudWatch and X-Ray."""

from __future__ import annotations

from ops.proof.claim import Claim

_CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring"
_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs"
_LOGS_API = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference"
_XRAY = "https://docs.aws.amazon.com/xray/latest/devguide"

CLAIMS = (
    Claim(
        id="minutes-of-figures",
        says="CloudWatch keeps AWS's figures by the minute, each period beginning at a full one.",
        said=("local/inside/patches/cloudwatch.py#figures_by_minute", "docs/dashboard.md"),
        expected="GetMetricData with 60 s has a value for each minute of traffic.",
        look="Send requests for ten minutes, then ask.",
        sources=(f"{_CLOUDWATCH}/cloudwatch_concepts.html",),
        patches=("figures_by_minute",),
    ),
    Claim(
        id="embedded-metrics",
        says="A log line in the embedded metric format becomes metrics of its dimensions.",
        said=("local/inside/patches/cloudwatch_logs.py#log_figures", "docs/metrics.md"),
        expected="OrdersCreated counts the orders of this stage, and AWS/Logs the bytes.",
        look="Place ten orders, get both metrics.",
        sources=(
            f"{_CLOUDWATCH}/CloudWatch_Embedded_Metric_Format_Specification.html",
            f"{_LOGS}/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html",
        ),
        patches=("log_figures",),
    ),
    Claim(
        id="log-pages",
        says="A log of more lines than fit into an answer is read by pages, each with a token.",
        said=("local/inside/patches/cloudwatch_logs.py#log_pages", "ops/costs/readings.py"),
        expected="10,001 lines come in two pages, each line once.",
        look="Write 10,001 lines to a group, and read them with the paginator.",
        sources=(f"{_LOGS_API}/API_FilterLogEvents.html",),
        patches=("log_pages",),
    ),
    Claim(
        id="alarms-and-missing-data",
        says="Missing data is treated as an alarm says; of DynamoDB's metrics it is ignored.",
        said=("cloudwatch/alarms.py", "docs/alarms.md"),
        expected="In each situation of docs/alarms.md the alarms that it names, and no other.",
        look="`pipe stands` and `dead letters`, played on a stage; the alarms' histories.",
        sources=(f"{_CLOUDWATCH}/alarms-and-missing-data.html",),
    ),
    Claim(
        id="alarm-on-contributors",
        says="An alarm may watch INSIGHT_RULE_METRIC of a rule that is there.",
        said=("infrastructure/watching/contributor_insights.py",),
        expected="partner-failing leaves INSUFFICIENT_DATA, and fires for a partner that is gone.",
        look="A webhook to a server that is not there, 25 tries.",
        sources=(f"{_CLOUDWATCH}/ContributorInsights-RuleSyntax.html",),
    ),
    Claim(
        id="sampling-where-it-begins",
        says="X-Ray decides once for a trace, where it begins; our rules hold for API Gateway.",
        said=("docs/tracing.md#sampling-and-price",),
        expected="A tenth of a thousand requests is recorded in prod.",
        look="Send a thousand, count the traces of the stage.",
        sources=(f"{_XRAY}/xray-console-sampling.html",),
    ),
    Claim(
        id="workers-decide-themselves",
        says="No decision reaches the worker, so Lambda samples by its own rate.",
        said=("docs/tracing.md#sampling-and-price", "docs/costs.md"),
        expected="Nearly each order has a trace with the annotation requestTraceId.",
        look="Place a hundred orders a second apart, ask X-Ray for the annotation.",
        sources=(
            "https://docs.aws.amazon.com/cdk/api/v2/python/aws_cdk.aws_sns/TracingConfig.html",
            "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
        ),
    ),
    Claim(
        id="tracing-policies",
        says="X-Ray takes five resource policies in an account and Region.",
        said=("ops/release/before/checks_on_aws.py#tracing_policies",),
        expected="The sixth is refused: LimitExceeded or PolicyCountLimitExceeded.",
        look="`orders doctor`; nothing is gained by filling the account.",
        sources=("https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html",),
    ),
    Claim(
        id="thirty-days-of-traces",
        says="X-Ray keeps traces for 30 days, and links the trace of a message with its cause.",
        said=("docs/operations.md", "docs/tracing.md"),
        expected="`orders trace` draws request and worker as one way.",
        look="`orders trace` of an order of yesterday.",
        sources=(f"{_XRAY}/xray-tracelinking.html", f"{_XRAY}/xray-concepts.html"),
    ),
    Claim(
        id="dashboard-and-queries",
        says="CloudWatch draws the dashboard's widgets and runs the saved queries.",
        said=("docs/dashboard.md", "docs/metrics.md"),
        expected="No widget says `No data available` after an hour of load, no query fails.",
        look="The console, an hour after `make load`.",
        sources=(f"{_CLOUDWATCH}/CloudWatch-Dashboard-Body-Structure.html",),
    ),
)

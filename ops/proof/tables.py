"""Claims about DynamoDB and its streams."""

from __future__ import annotations

from ops.proof.claim import RECORDINGS, Claim, Known

_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"

_API = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference"
_RECORDED = f"{RECORDINGS}/dynamodb/test_dynamodb.snapshot.json"

CLAIMS = (
    Claim(
        id="transaction-is-whole",
        says="A transaction writes all or nothing; one of two that meet is cancelled.",
        said=("docs/reliability.md", "docs/architecture.md"),
        expected="A hundred POSTs with one key: one order, a hundred equal answers.",
        look="Send them at once, then scan for the note.",
        sources=(f"{_GUIDE}/transaction-apis.html", _RECORDED),
        known=Known.RECORDED,
    ),
    Claim(
        id="failed-condition-tells-the-item",
        says="A failed condition returns the item as it is, when asked to.",
        said=("docs/architecture.md",),
        expected="404, 409 and 412 are told apart in one round trip.",
        look="PATCH with a stale If-Match, from a wrong status, of a stranger's order.",
        sources=(f"{_API}/API_UpdateItem.html", _RECORDED),
        known=Known.RECORDED,
    ),
    Claim(
        id="stream-keeps-a-day",
        says="A stream keeps each change for 24 hours, whatever reads it.",
        said=(
            "local/inside/patches/dynamodb.py#kept_streams",
            "docs/runbooks/stuck-pipe.md",
            "infrastructure/work/processing.py#PIPE_RECORD_HOURS",
        ),
        expected="A pipe that stood for some hours catches up.",
        look="Stop the pipe, place an order, start it an hour later.",
        sources=(f"{_GUIDE}/Streams.html",),
        patches=("kept_streams", "steady_saving", "state_before_work"),
    ),
    Claim(
        id="table-metrics",
        says="AWS/DynamoDB has units, throttles and latency by table, index and operation.",
        said=("local/inside/patches/dynamodb.py#table_figures", "docs/metrics.md"),
        expected="The units of an order's placing are those of `orders spent`.",
        look="Place a hundred orders, and compare with `orders spent --hours 1`.",
        sources=(f"{_GUIDE}/metrics-dimensions.html",),
        patches=("table_figures",),
    ),
    Claim(
        id="units-by-size",
        says="A read takes a unit each 4 KB, a write each 1 KB, a transaction twice as many.",
        said=("docs/performance/cost.md", "local/inside/patches/dynamodb.py#read_units"),
        expected="readUnits of a large order's line in the log are its size by 4 KB, rounded up.",
        look="Place an order of 30 KB, GET it, and read the log.",
        sources=(f"{_GUIDE}/CapacityUnitCalculations.html",),
        patches=("read_units",),
    ),
    Claim(
        id="sizes-of-records",
        says="A stream's record says how large its keys and images are.",
        said=("local/inside/patches/dynamodb.py#record_sizes",),
        expected="SizeBytes grows with the order.",
        look="A subscription without raw delivery, two orders.",
        sources=(
            f"{_API}/API_streams_StreamRecord.html",
            _RECORDED,
        ),
        known=Known.RECORDED,
        patches=("record_sizes",),
    ),
    Claim(
        id="numbers-are-added-to-numbers",
        says="An update that adds to a number what is none is refused.",
        said=("local/inside/patches/dynamodb.py#typed_arithmetic",),
        expected="ValidationException: An operand in the update expression has an incorrect data "
        "type.",
        look="UpdateItem with `SET #v = note + :one` on a test table.",
        sources=(
            f"{_GUIDE}/Expressions.UpdateExpressions.html",
            "https://github.com/aws/aws-sdk-js-v3/issues/6069",
        ),
        patches=("typed_arithmetic",),
    ),
    Claim(
        id="on-demand-from-the-start",
        says="A new table on demand serves 4,000 write units a second at once.",
        said=("docs/performance/scale.md",),
        expected="A hundred orders in a second are not throttled on a new stage.",
        look="`make load` with a burst, right after the first deployment.",
        sources=(f"{_GUIDE}/on-demand-capacity-mode.html",),
    ),
    Claim(
        id="burst-capacity",
        says="Provisioned tables keep up to five minutes of unused capacity for bursts.",
        said=("docs/performance/scale.md",),
        expected="A burst after a quiet quarter of an hour is served above the provisioned rate.",
        look="`make load` on a stage with provisioned capacity.",
        sources=(f"{_GUIDE}/burst-adaptive-capacity.html",),
    ),
    Claim(
        id="partition-limits",
        says="A partition takes 1,000 write units and 3,000 read units a second.",
        said=("docs/performance/scale.md",),
        expected="The table splits before that under a growing load; nothing to see at ours.",
        look="`aws dynamodb describe-stream` for the number of shards, after a load test.",
        sources=(f"{_GUIDE}/bp-partition-key-design.html", f"{_GUIDE}/ServiceQuotas.html"),
    ),
    Claim(
        id="thirty-five-days",
        says="A table is restored, into a new one, to any second of the last 35 days.",
        said=("docs/runbooks/restore.md", "SECURITY.md"),
        expected="All orders of a minute ago are in the copy; it has no stream and no TTL.",
        look="The runbook's steps 2 and 3.",
        sources=(f"{_GUIDE}/PointInTimeRecovery.html",),
    ),
    Claim(
        id="expired-is-deleted",
        says="What has expired is deleted within days, for nothing, and the stream tells of it.",
        said=("docs/operations.md#the-heartbeat", "docs/costs.md"),
        expected="No idempotency record older than three days; nobody hears of a heartbeat's end.",
        look="Scan after a week.",
        sources=(f"{_GUIDE}/TTL.html",),
    ),
    Claim(
        id="protected-tables",
        says="A table with deletion protection cannot be deleted, by CloudFormation neither.",
        said=("SECURITY.md", "docs/operations.md#deploying"),
        expected="DELETE_FAILED or a table that is kept; no item is gone.",
        look="`aws dynamodb delete-table` on a stage that keeps its data.",
        sources=(f"{_GUIDE}/WorkingWithTables.Basics.html",),
    ),
    Claim(
        id="fuse-of-a-table",
        says="A table on demand throttles above its maximum throughput, by best effort.",
        said=("docs/decisions/0002-on-demand-or-provisioned.md",),
        expected="Throttles near 4,000 write units a second, and 503 with Retry-After.",
        look="`make load` above it, on a stage with a low `max_write_units`.",
        sources=(f"{_GUIDE}/on-demand-capacity-mode-max-throughput.html",),
    ),
)

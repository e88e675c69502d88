"""Claims about what AWS bills; each price has its own source in ops/costs/prices.py."""

from __future__ import annotations

from ops.proof.claim import Claim

_STREAMS = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "CostOptimization_StreamsUsage.html"
)

CLAIMS = (
    Claim(
        id="stream-reads-are-billed",
        says="A pipe's reads of the stream are charged, 2.5 million a month apart.",
        said=("docs/costs.md", "ops/costs/model.py#_stream"),
        expected="8 dollars a month and stage on the bill's line DynamoDB Streams; nothing, if AWS "
        "counts pipes as Lambda.",
        look="The bill after two days; SampleCount of SuccessfulRequestLatency for GetRecords.",
        sources=(_STREAMS,),
    ),
    Claim(
        id="bill-is-the-model-s",
        says="A month's bill is what `orders cost` says for the month's traffic.",
        said=("README.md#what-it-costs", "docs/costs.md"),
        expected="Each service within a tenth, at the traffic that `orders spent` counts.",
        look="Cost Explorer by the tag `stage`, beside `orders spent` of the same day.",
        sources=("https://docs.aws.amazon.com/cost-management/latest/userguide/ce-what-is.html",),
    ),
    Claim(
        id="sign-in-is-billed-by-people",
        says="Cognito bills people who signed in or renewed a token in the month.",
        said=("docs/costs.md#sign-in",),
        expected="As many monthly active users as people, on the plan Essentials.",
        look="The bill after a month.",
        sources=("https://aws.amazon.com/cognito/pricing/",),
    ),
    Claim(
        id="budget-by-tag",
        says="A budget filtered by the tag `stage` sees what the stage costs, a day late.",
        said=("docs/costs.md#the-budget",),
        expected="The budget's spending is the tagged part of the bill.",
        look="Two days after the tag was activated.",
        sources=(
            "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create.html",
        ),
    ),
)

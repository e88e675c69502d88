"""Claims about CloudFormation, the CDK and IAM's pace."""

from __future__ import annotations

from ops.proof.claim import Claim

_CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring"
_GUIDE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide"
_TYPES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference"
_SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide"

CLAIMS = (
    Claim(
        id="template-is-taken",
        says="CloudFormation makes the template of each stage, and takes an update of it.",
        said=("README.md", "docs/operations.md#deploying"),
        expected="CREATE_COMPLETE, then UPDATE_COMPLETE after a changed setting.",
        look="`make deploy` twice.",
        sources=(f"{_GUIDE}/stacks.html",),
    ),
    Claim(
        id="a-version-for-each-change",
        says="A version is made where a function's code or configuration changes, and one whose "
        "deployment failed is deleted again.",
        said=(
            "infrastructure/work/function.py",
            "docs/architecture.md#versions-and-the-alias-live",
        ),
        expected="A changed setting: one version more. A failed update: none more.",
        look="Deploy with a changed `memory_mb`, then with a gate that refuses; list the versions.",
        sources=(
            f"{_GUIDE}/aws-attribute-deletionpolicy.html",
            f"{_TYPES}/aws-resource-lambda-version.html",
        ),
    ),
    Claim(
        id="the-parameter-remembers-releases",
        says="Each deployment that changes the parameter `release` is a version of its history.",
        said=("infrastructure/settings.py",),
        expected="GetParameterHistory has one more entry after each deployment of another commit.",
        look="Deploy two commits, get the history of /food-delivery/<stage>/release.",
        sources=(f"{_SSM}/sysman-paramstore-versions.html",),
    ),
    Claim(
        id="shown-is-executed",
        says="What the change set shows is what is executed, replacements included.",
        said=("docs/operations.md#deploying", "ops/release/change_set.py"),
        expected="A replacement is asked about before it happens, and only then happens.",
        look="Rename a table in a copy of the settings, deploy, say no.",
        sources=(f"{_GUIDE}/using-cfn-updating-stacks-changesets.html",),
    ),
    Claim(
        id="one-logging-role",
        says="API Gateway has one logging role in an account and Region; the last one set is used.",
        said=("ops/release/checks_on_aws.py#logging_role",),
        expected="Access logs of two stages in one account are written.",
        look="Deploy both, ask both.",
        sources=(
            "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
        ),
    ),
    Claim(
        id="what-was-kept-is-imported",
        says="A stack is made of tables, pool, client, group and keys that another has kept.",
        said=(
            "local/inside/patches/cloudformation.py#adopted_tables",
            "docs/operations.md#a-stage-comes-back",
        ),
        expected="IMPORT_COMPLETE, then the old orders, people and keys in the new stage.",
        look="`orders destroy` of a stage that keeps its data, then `orders deploy --adopt`.",
        sources=(
            f"{_GUIDE}/resource-import-supported-resources.html",
            f"{_GUIDE}/import-resources.html",
        ),
        patches=("adopted_tables",),
    ),
    Claim(
        id="a-refused-release-goes-back",
        says="A custom resource whose update has failed gets another one, with the old properties "
        "and those that failed in OldResourceProperties, while the stack goes back.",
        said=(
            "orders/release_gate/plan.py#goes_back",
            "docs/decisions/0035-releases-and-their-gate.md",
        ),
        expected="UPDATE_ROLLBACK_COMPLETE; the gate's log has `nothing new` as its last line.",
        look="Deploy a copy of the service that answers 200 for 201; the stack's events.",
        sources=(
            f"{_GUIDE}/crpg-ref-requesttypes.html",
            "https://github.com/aws/aws-cdk/pull/29581",
        ),
    ),
    Claim(
        id="a-reason-is-shown",
        says="The Reason of a custom resource's answer, of 4,096 bytes in all, stands in the "
        "stack's events.",
        said=("orders/custom_resource.py", "docs/decisions/0035-releases-and-their-gate.md"),
        expected="UPDATE_FAILED of the gate with its whole sentence in the events.",
        look="As above.",
        sources=(f"{_GUIDE}/crpg-ref-responses.html",),
    ),
    Claim(
        id="aliases-wait-for-the-gate",
        says="CloudFormation updates no alias before the gate has answered, and all of them after.",
        said=("infrastructure/work/release.py", "docs/decisions/0035-releases-and-their-gate.md"),
        expected="A refused release leaves each alias where it was; its versions are kept.",
        look="As above; `orders status`.",
        sources=(f"{_GUIDE}/aws-attribute-dependson.html",),
    ),
    Claim(
        id="iam-spreads-in-seconds",
        says="A role's policy may not hold yet, for up to 16 seconds after it was made.",
        said=("docs/operations.md", "orders/custom_resource.py"),
        expected="Ten first deployments in a row, none of which fails.",
        look="Deploy and destroy a stage ten times.",
        sources=(
            "https://github.com/aws/aws-cdk/issues/37675",
            "https://github.com/aws/aws-cdk/issues/37939",
            "https://github.com/aws/aws-cdk/issues/31211",
            "https://github.com/hashicorp/terraform-provider-aws/issues/40572",
        ),
    ),
    Claim(
        id="heard-by-cloudformation",
        says="CloudFormation waits for an answer at the response URL until its time is over.",
        said=("orders/custom_resource.py",),
        expected="CREATE_COMPLETE although the first answer was refused with 503.",
        look="Cannot be brought about on AWS; read the function's log of each deployment.",
        sources=(f"{_GUIDE}/crpg-ref-responses.html",),
    ),
    Claim(
        id="protected-before-it-is-made",
        says="The CDK protects a stack before its first change set, so a rollback leaves it.",
        said=("docs/decisions/0019-a-stage-comes-back.md",),
        expected="ROLLBACK_COMPLETE with termination protection; `orders deploy` lifts it, asked.",
        look="Deploy with a wrong certificate, then `orders deploy` again.",
        sources=("https://github.com/aws/aws-cdk-cli/blob/main/packages/aws-cdk/README.md",),
    ),
    Claim(
        id="names-are-not-replaced",
        says="A resource with a name of its own cannot be replaced.",
        said=("docs/emulator.md#still-different",),
        expected="An update of a budget's addresses, and a new stream, go through.",
        look="Change `alarm_emails` twice.",
        sources=(
            f"{_GUIDE}/aws-properties-name.html",
            "https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/365",
        ),
    ),
    Claim(
        id="stages-share-no-metric",
        says="A metric is its namespace, name and dimensions, in an account and Region.",
        said=("docs/metrics.md",),
        expected="An order in dev changes no figure of prod in the same account.",
        look="Two stages in one account, an order in one, both metrics.",
        sources=(f"{_CLOUDWATCH}/cloudwatch_concepts.html",),
    ),
    Claim(
        id="kept-but-on-creation",
        says="RetainExceptOnCreate deletes what a failed creation has made, and keeps it later.",
        said=("docs/decisions/0019-a-stage-comes-back.md",),
        expected="No pages' client after a first failure; the same client after a deletion.",
        look="As protected-before-it-is-made; list-user-pool-clients.",
        sources=(f"{_GUIDE}/aws-attribute-deletionpolicy.html",),
    ),
    Claim(
        id="names-that-cloudformation-makes",
        says="CloudFormation names a pipe and a budget that have no name, and Ref is the name.",
        said=(
            "infrastructure/work/processing.py#_define_pipe",
            "infrastructure/watching/budget.py",
        ),
        expected="The output OrderChangesPipe is what describe-pipe knows.",
        look="The stack's outputs after the first deployment.",
        sources=(f"{_GUIDE}/aws-resource-pipes-pipe.html",),
    ),
    Claim(
        id="an-index-more-keeps-the-table",
        says="CloudFormation adds one index to a table in an update, and keeps its items.",
        said=(
            "local/inside/patches/cloudformation.py#updated_tables",
            "infrastructure/work/data.py#Data",
        ),
        expected="UPDATE_COMPLETE, the orders of before, and the new index finds those it is for.",
        look="Deploy the last release, place an order, deploy this one, bind its restaurant.",
        sources=(
            f"{_GUIDE}/aws-resource-dynamodb-globaltable.html",
            "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html",
        ),
        patches=("updated_tables",),
    ),
)

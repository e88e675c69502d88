"""Claims about CloudFormation, the CDK and IAM's pace."""

from __future__ import annotations

from ops.proof.claim import Claim

_BOTO = "https://botocore.amazonaws.com/v1/documentation/api/latest/reference/services"
_CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring"
_GUIDE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide"
_REFERENCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference"
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
        said=("ops/release/before/checks_on_aws.py#logging_role",),
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
        says="A stack can be protected before it is made, and a rollback then leaves it.",
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
    Claim(
        id="drift-sees-no-code",
        says="Drift detection does not look at a function's code: one uploaded by hand is hidden.",
        said=("ops/live/differences.py", "docs/releasing.md#drift"),
        expected="IN_SYNC for the function, and `orders drift` names its code.",
        look="update-function-code of one function by hand, then `orders drift`.",
        sources=(
            "https://github.com/go-to-k/cdk-real-drift/issues/646",
            "https://github.com/go-to-k/cdk-real-drift/pull/1260",
        ),
    ),
    Claim(
        id="drift-looks-at-what-is-set",
        says="Drift detection looks at what the template sets, and at types that support it.",
        said=("ops/live/drift.py#UNSEEN", "docs/releasing.md#drift"),
        expected="NOT_CHECKED for each other type; a tag by hand of a set list is found.",
        look="`orders drift`, and what it says that was not looked at.",
        sources=(
            "https://docs.aws.amazon.com/goto/WebAPI/cloudformation/DetectStackDrift",
            f"{_REFERENCE}/API_StackResourceDriftInformation.html",
        ),
    ),
    Claim(
        id="hundred-releases-are-remembered",
        says="Parameter Store keeps a parameter's hundred newest versions, and deletes older ones.",
        said=("ops/live/history.py#KEPT", "docs/releasing.md#releases"),
        expected="After 101 releases, number 1 is gone from `orders releases`, and nothing fails.",
        look="101 put-parameter of a parameter of your own, then get-parameter-history.",
        sources=(f"{_BOTO}/ssm/client/exceptions/ParameterMaxVersionLimitExceeded.html",),
    ),
    Claim(
        id="watched-is-in-progress",
        says="While alarms are watched the stack is in progress, and all its resources are done.",
        said=("ops/live/deployed.py#Stack", "docs/releasing.md#status"),
        expected="UPDATE_IN_PROGRESS for 15 minutes after the last resource's event, then cleanup.",
        look="`orders status` each minute during a deployment that changes one function.",
        sources=(f"{_REFERENCE}/API_RollbackConfiguration.html",),
    ),
    Claim(
        id="new-key-is-let-in-late",
        says="API Gateway may refuse a new API key with 403 for some seconds.",
        said=("ops/live/smoke.py",),
        expected="The step `key` of `orders smoke` takes seconds, and ends well.",
        look="`orders smoke` of a stage without a heartbeat.",
        sources=("https://github.com/moduspwnens/boa-chat/issues/1",),
    ),
    Claim(
        id="alarms-take-it-back",
        says="CloudFormation takes an update back when a rollback trigger goes to ALARM, for some "
        "minutes after all resources are done, too.",
        said=("ops/release/triggers.py", "docs/releasing.md#what-happens-then"),
        expected="UPDATE_ROLLBACK_COMPLETE, and the aliases where they were, within a minute.",
        look="`aws cloudwatch set-alarm-state --state-value ALARM` of api-errors-fast meanwhile.",
        sources=(
            f"{_GUIDE}/using-cfn-rollback-triggers.html",
            f"{_REFERENCE}/API_RollbackConfiguration.html",
        ),
    ),
    Claim(
        id="a-missing-trigger-fails",
        says="A rollback trigger that does not exist fails the whole update.",
        said=("ops/release/triggers.py",),
        expected="UPDATE_ROLLBACK_COMPLETE with a deleted alarm among the triggers.",
        look="Delete one of the five alarms between change set and execution.",
        sources=(
            f"{_REFERENCE}/API_RollbackTrigger.html",
            "https://github.com/aws/aws-cdk/issues/5170",
        ),
    ),
    Claim(
        id="triggers-are-remembered",
        says="A stack keeps its rollback triggers for later updates; an empty list forgets them.",
        said=("ops/release/triggers.py#Triggers",),
        expected="`orders rollback` goes through while an alarm of the release fires.",
        look="Set an alarm to ALARM after a deployment, then `orders rollback`.",
        sources=(f"{_REFERENCE}/API_RollbackConfiguration.html",),
    ),
    Claim(
        id="cancelled-while-watched",
        says="CancelUpdateStack takes an update back while its alarms are watched.",
        said=("ops/release/rolling_back.py#cancelled", "docs/releasing.md#what-happens-then"),
        expected="UPDATE_ROLLBACK_COMPLETE at once, not after the minutes are over.",
        look="`orders rollback` while `orders deploy` says that alarms are watched.",
        sources=(
            f"{_GUIDE}/using-cfn-rollback-triggers.html",
            f"{_REFERENCE}/API_CancelUpdateStack.html",
        ),
    ),
    Claim(
        id="made-by-a-failed-update-goes",
        says="With RetainExceptOnCreate a failed update deletes what it has made, kept types too.",
        said=("ops/release/change_set.py#execute", "docs/decisions/0036-there-and-back.md"),
        expected="A version more before, none more after an update that the gate refused.",
        look="Deploy a release that the gate refuses; list-versions-by-function.",
        sources=(
            f"{_REFERENCE}/API_ExecuteChangeSet.html",
            f"{_GUIDE}/aws-attribute-deletionpolicy.html",
        ),
    ),
    Claim(
        id="an-outdated-change-set",
        says="Executing one change set deletes the stack's others: they cannot be executed later.",
        said=("ops/release/change_set.py#execute",),
        expected="Of two operators who agreed at once, one is told that the other was quicker.",
        look="Two `orders deploy` to their questions, then y in both.",
        sources=(f"{_REFERENCE}/API_ExecuteChangeSet.html",),
    ),
    Claim(
        id="which-change-replaces",
        says="A change set says that an API, its stage and its plans stay where their variables, "
        "throttles or quotas change.",
        said=(
            "local/inside/patches/cloudformation.py#known_replacements",
            "ops/release/change_set.py",
        ),
        expected="Replacement False for stage and plans when only the commit differs.",
        look="Deploy two commits; `orders deploy` asks nothing about losses.",
        sources=(
            f"{_TYPES}/aws-resource-apigateway-stage.html",
            f"{_TYPES}/aws-resource-apigateway-usageplan.html",
        ),
        patches=("known_replacements",),
    ),
)

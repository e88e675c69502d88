"""`orders deploy`, `rollback` and `destroy`, against an emulator in the place of AWS.

The emulator takes the alarms that would take a release back, and watches none of them: that they
are asked for, tests/unit/ops/release/test_deploying.py says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from documents.stateful_changes import released
from infrastructure import outputs
from infrastructure.asset import READY
from infrastructure.settings import stack_name
from infrastructure.stateful import BEFORE, DECLARED, FOLDER, HOLDS, declared
from local.copy import environment
from local.copy.deployment import Deployment
from local.copy.emulator import launch
from local.copy.synthesis import build_asset
from local.inside.patches import FOR_DEPLOYMENTS, PATCHES
from local.inside.refused_resources import without_refused
from ops.reach.clients import ACCOUNT, REGION, clients
from ops.reach.layout import Layout, free_port
from ops.release.account import BOOTSTRAP_VERSION
from ops.release.change_set import CHANGE_SET
from orders.settings import BY_SERVER
from project.checkout import ROOT
from project.release import parsed
from tests.integration import stacks
from tests.shared.examples import order
from tests.shared.stream_records import customers_order, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

STACK = stack_name("dev")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """An empty account."""
    layout = Layout(tmp_path_factory.mktemp("cloud"), free_port())
    whole = [*PATCHES, *FOR_DEPLOYMENTS]
    emulator = launch(environment.ready() or environment.make(), layout, patches=whole)
    emulator.wait_until_healthy()
    yield layout
    emulator.stop()


@pytest.fixture(scope="module")
def client(cloud: Layout) -> Callable[[str], Any]:
    return clients(cloud.url)


@pytest.fixture
def bootstrapped(client: Callable[[str], Any]) -> None:
    client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    client("s3").create_bucket(Bucket=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}")


def orders(url: str, *arguments: str, answer: str = "", **variables: str) -> tuple[int, str]:
    """Run the command as an operator does; give its exit code and all that it said."""
    mine = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    mine["AWS_MAX_ATTEMPTS"] = "1"
    mine[READY] = str(build_asset(environment.ready() or environment.make()).path)
    mine["CDK_VALIDATION"] = "false"  # tests/infrastructure/test_checkers.py asks a newer edition
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **mine, **variables},
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def test_account_that_is_not_prepared(cloud: Layout) -> None:
    """An account without the CDK's bucket and roles: I am told the one command that makes them."""
    code, said = orders(cloud.url, "deploy", "--yes")
    assert code == 1
    assert f"cdk bootstrap aws://{ACCOUNT}/{REGION}" in said


@pytest.mark.usefixtures("bootstrapped")
def test_deploy_and_destroy(cloud: Layout, client: Callable[[str], Any]) -> None:
    """Dev is deployed once I agree, again without a change, and removed once I type its name."""
    # Where there is no Python of the runtime's version, it asks about that first.
    code, said = orders(cloud.url, "deploy", answer="y\ny\n")
    assert code == 0, said
    assert f"account {ACCOUNT}, {REGION}" in said
    assert len(client("dynamodb").list_tables()["TableNames"]) == 3

    code, said = orders(cloud.url, "deploy", "--yes")
    assert (code, "Nothing has changed" in said) == (0, True), said

    code, said = orders(cloud.url, "destroy", answer="prod\n")
    assert (code, "Nothing was changed" in said) == (1, True)
    assert len(client("dynamodb").list_tables()["TableNames"]) == 3

    code, said = orders(cloud.url, "destroy", answer="dev\n")
    assert code == 0, said
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert "nothing to remove" in orders(cloud.url, "destroy", "--yes")[1]


@pytest.mark.usefixtures("bootstrapped")
def test_change_that_loses_a_table(cloud: Layout, client: Callable[[str], Any]) -> None:
    """A change that would replace a table with an empty one is not made by --yes alone."""
    cloudformation = client("cloudformation")
    table = {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "old", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "old", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "Replicas": [{"Region": REGION}],
        },
    }
    template = {"Resources": {"DataOrders20A4E13F": table, "Gone": table}}
    stacks.make(cloudformation, STACK, json.dumps(template))
    try:
        code, said = orders(cloud.url, "deploy", "--yes")
        assert code == 2
        assert "Gone (AWS::DynamoDB::GlobalTable) would be deleted" in said
        assert "DataOrders20A4E13F (AWS::DynamoDB::GlobalTable)" in said
        assert "--lose-data" in said
        left = cloudformation.list_change_sets(StackName=STACK)["Summaries"]
        assert not any(item["ChangeSetName"].startswith(CHANGE_SET) for item in left)
    finally:
        stacks.end(cloudformation, STACK)


GOOD, BETTER, BAD = ("a" * 40, "b" * 40, "c" * 40)
MODULE = "orders/handlers/create_order.py"


@pytest.fixture
def asset(tmp_path: Path) -> Callable[[str, str], str]:
    """Give the place of an asset whose order module ends otherwise."""
    built = build_asset(environment.ready() or environment.make()).path

    def make(name: str, more: str) -> str:
        shutil.copytree(built, tmp_path / name)
        (tmp_path / name / f"{MODULE}c").unlink()  # a source takes the place of its bytecode
        (tmp_path / name / MODULE).write_text((ROOT / MODULE).read_text() + more)
        return str(tmp_path / name)

    return make


def as_program(url: str, *arguments: str, **variables: str) -> dict[str, Any]:
    """Run the command as a pipeline does; give the object that it prints."""
    mine = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--yes", "--json"],
        cwd=ROOT,
        env={**os.environ, **mine, "CDK_VALIDATION": "false", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return {**told, "code": done.returncode, "said": done.stderr}


def assembled(folder: Path, **variables: str) -> Path:
    """Build an assembly elsewhere, and zip it."""
    made = {"CDK_OUTDIR": str(folder / "cdk.out"), "STAGE": "dev", "CDK_VALIDATION": "false"}
    environment_of_it = {**os.environ, **made, **variables}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment_of_it, check=True)
    return Path(shutil.make_archive(str(folder / "assembly"), "zip", folder, "cdk.out"))


def runs(client: Callable[[str], Any]) -> str:
    """Say which commit the stage's output and its parameter both name."""
    _, told = state_of(client, STACK)
    noted = client("ssm").get_parameter(Name="/food-delivery/dev/release")["Parameter"]["Value"]
    commit: str = parsed(told[outputs.RELEASE]).commit
    assert parsed(noted).commit == commit
    return commit


def holding(client: Callable[[str], Any], stack: str) -> set[str]:
    """Name what CloudFormation made for a stack that holds data, by its physical id."""
    pages = client("cloudformation").get_paginator("list_stack_resources")
    return {
        f"{item['LogicalResourceId']}: {item['PhysicalResourceId']}"
        for page in pages.paginate(StackName=stack)
        for item in page["StackResourceSummaries"]
        if item["ResourceType"] in HOLDS
    }


class Earlier(NamedTuple):
    """Dev as an earlier release has deployed it."""

    outputs: dict[str, str]
    means_to_lose: set[str]
    """What the releases since have declared, by logical ids."""


@pytest.fixture(params=[FOLDER, BEFORE], ids=["last", "before"])
def earlier(request: pytest.FixtureRequest, client: Callable[[str], Any]) -> Iterator[Earlier]:
    """Dev as it was last released, and as it was before that; it does not outlive the test."""
    asset = build_asset(environment.ready() or environment.make())
    deployment = Deployment(client, STACK)
    template, _ = without_refused(released("dev", request.param))
    deployment.deploy(json.dumps(template), {"asset.zip": asset.path})
    since = {FOLDER, request.param}
    meant = {name for at in since for name, _ in declared("dev", at / DECLARED.name)}
    yield Earlier(deployment.outputs(), meant)
    stacks.end(client("cloudformation"), STACK)


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("bootstrapped")
def test_over_an_earlier_release(
    cloud: Layout, client: Callable[[str], Any], earlier: Earlier
) -> None:
    """This version finds all orders of those before it: no index less, and nothing made anew.

    What they placed can be served: it is found in the index once somebody serves it.
    """
    dynamodb, table = client("dynamodb"), earlier.outputs[outputs.ORDERS_TABLE]
    old = [customers_order(order(restaurantId="rest-1"), "ann") for _ in range(3)]
    for item in old:
        dynamodb.put_item(TableName=table, Item=typed(item))
    before, indexes = holding(client, STACK), indexes_of(dynamodb, table)

    # The emulator cannot tell beforehand what would be replaced: whether it was is seen below.
    code, said = orders(cloud.url, "deploy", "--yes", "--lose-data")
    assert code == 0, said
    assert indexes_of(dynamodb, table) == indexes | {BY_SERVER}
    lost = {line.partition(":")[0] for line in before - holding(client, STACK)}
    assert lost == earlier.means_to_lose
    found = dynamodb.scan(TableName=table)["Items"]
    own = [str(item) for item in found if item["customerId"]["S"] == "ann"]  # and no smoke test's
    assert sorted(own) == sorted(str(typed(item)) for item in old)

    code, said = orders(cloud.url, "restaurants", "bind", "rest-1", "--to", "staff", "--yes")
    assert (code, "3 orders" in said) == (0, True), said
    served = dynamodb.query(
        TableName=table,
        IndexName=BY_SERVER,
        KeyConditionExpression="servedBy = :staff",
        ExpressionAttributeValues={":staff": {"S": "#rest-1"}},
    )
    assert {item["orderId"]["S"] for item in served["Items"]} == {item["orderId"] for item in old}


def indexes_of(dynamodb: Any, table: str) -> set[str]:
    """Name a table's indexes."""
    described = dynamodb.describe_table(TableName=table)["Table"]
    return {index["IndexName"] for index in described["GlobalSecondaryIndexes"]}


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("bootstrapped")
def test_there_and_back(
    cloud: Layout, client: Callable[[str], Any], asset: Callable[[str, str], str], tmp_path: Path
) -> None:
    """A pipeline deploys a release, a bad one is refused whole, and one command goes back.

    An assembly that was built elsewhere is what is deployed, and is told by its own commit.
    """
    first = as_program(cloud.url, "deploy", RELEASE_COMMIT=GOOD, ORDERS_ASSET=asset("1", ""))
    try:
        assert (first["result"], first["code"]) == ("deployed", 0), first["said"]
        better = {"RELEASE_COMMIT": BETTER, "ORDERS_ASSET": asset("2", "# better\n")}
        packed = assembled(tmp_path, **better)
        second = as_program(cloud.url, "deploy", "--assembly", str(packed))
        assert (second["result"], second["code"]) == ("deployed", 0), second["said"]
        commits = {side: each["commit"] for side, each in second["release"].items()}
        assert commits == {"from": GOOD, "to": BETTER}
        assert second["changes"]["customers"] == ["new code: all functions"]

        crash = asset("3", "\n\ndef handler(*_: object) -> None:\n    raise ValueError\n")
        third = as_program(cloud.url, "deploy", RELEASE_COMMIT=BAD, ORDERS_ASSET=crash)
        assert (third["result"], third["code"]) == ("rolled-back", 1), third["said"]
        assert runs(client) == BETTER

        back = as_program(cloud.url, "rollback")
        assert (back["result"], back["code"]) == ("back", 0), back["said"]
        assert (runs(client), back["release"]["to"]["commit"]) == (GOOD, GOOD)
        assert "Trying it through its front door" in back["said"]
        again = as_program(cloud.url, "rollback")
        assert (again["result"], again["code"]) == ("refused", 1)
        assert "no release before" in again["whatToDo"]
    finally:
        stacks.end(client("cloudformation"), STACK)


PROD = stack_name("prod")
IN_THE_WAY = "/food-delivery/prod/api/url"
"""A parameter that somebody else has made; with it, prod's first deployment fails."""

ORDER = {"orderId": {"S": "o"}, "timestamp": {"S": "2026-11-29T20:00:00.000Z"}}


def state_of(client: Callable[[str], Any], stack: str) -> tuple[str, dict[str, str]]:
    """Give the status of a stack, and its outputs."""
    found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    told = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    return found["StackStatus"], told


def unlock(client: Callable[[str], Any], stack: str) -> None:
    client("cloudformation").update_termination_protection(
        StackName=stack, EnableTerminationProtection=False
    )


def signing_key(client: Callable[[str], Any]) -> str:
    """Give the key that signs webhooks; whoever cannot open it gets an error."""
    name = "/food-delivery/prod/webhook-signing-key"
    found = client("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(found["Parameter"]["Value"])


@pytest.fixture
def prod(client: Callable[[str], Any]) -> Iterator[str]:
    """The name of a stack of prod that does not outlive the test."""
    yield PROD
    unlock(client, PROD)
    stacks.end(client("cloudformation"), PROD)


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("bootstrapped")
def test_prod_comes_back(cloud: Layout, client: Callable[[str], Any], prod: str) -> None:
    """A first deployment that failed is tried again; a stage that was removed comes back whole.

    Tables with their orders, people, the pages' client and the signing key are what they were.
    """
    client("ssm").put_parameter(Name=IN_THE_WAY, Value="x", Type="String")
    code, said = orders(cloud.url, "deploy", "--stage", "prod", "--yes", "--unheard")
    assert (code, state_of(client, prod)[0]) == (1, "ROLLBACK_COMPLETE"), said
    assert "The first deployment failed" in said
    kept = client("dynamodb").list_tables()["TableNames"]
    client("ssm").delete_parameter(Name=IN_THE_WAY)

    code, said = orders(cloud.url, "deploy", "--stage", "prod", answer="prod\ny\ny\ny\ny\n")
    assert (code, state_of(client, prod)[0]) == (0, "UPDATE_COMPLETE"), said
    assert client("dynamodb").list_tables()["TableNames"] == kept
    _, before = state_of(client, prod)
    client("dynamodb").put_item(TableName=before["OrdersTable"], Item=ORDER)
    key = signing_key(client)

    unlock(client, prod)
    code, said = orders(cloud.url, "destroy", "--stage", "prod", "--yes")
    assert code == 0, said
    assert f"(AWS::Cognito::UserPool): {before['UserPoolId']}" in said
    assert "orders deploy --stage prod --adopt" in said

    code, said = orders(cloud.url, "deploy", "--stage", "prod", "--yes", "--adopt", "--unheard")
    assert code == 0, said
    _, after = state_of(client, prod)
    same = ("OrdersTable", "IdempotencyTable", "PartnersTable", "UserPoolId", "UserPoolClientId")
    for name in (*same, "PartnerSecretsKey"):
        assert after[name] == before[name], name
    found = client("dynamodb").get_item(TableName=after["OrdersTable"], Key=ORDER)
    assert found["Item"] == ORDER
    assert signing_key(client) == key


@pytest.mark.usefixtures("prod")
def test_protected_stage(cloud: Layout, client: Callable[[str], Any]) -> None:
    """Prod is not removed by mistake: I am told what protects it, and that its tables are kept."""
    queue = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    stacks.make(client("cloudformation"), PROD, queue, EnableTerminationProtection=True)
    code, said = orders(cloud.url, "destroy", "--stage", "prod", "--yes")
    assert code == 1
    assert "signing key of this stage are kept" in said
    assert "--no-enable-termination-protection" in said


def test_unknown_stage(cloud: Layout) -> None:
    """A stage that does not exist is named with those that do."""
    code, said = orders(cloud.url, "deploy", "--stage", "test")
    assert (code, "no stage 'test'. There are dev, " in said) == (2, True)


def test_no_credentials(cloud: Layout, tmp_path: Any) -> None:
    """Without credentials I am told how to get some."""
    nowhere = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    code, said = orders(cloud.url, "deploy", **nowhere)
    assert (code, "There are no AWS credentials" in said) == (1, True)


def test_unknown_profile(cloud: Layout) -> None:
    """A profile that does not exist is told in a sentence."""
    code, said = orders(cloud.url, "deploy", AWS_PROFILE="no-such-profile")
    assert (code, "no-such-profile" in said) == (1, True)


def test_no_aws() -> None:
    """A network without AWS is told in a sentence."""
    code, said = orders(f"http://127.0.0.1:{free_port()}", "destroy")
    assert (code, "cannot be reached" in said) == (1, True)

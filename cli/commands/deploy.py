"""`make deploy` and `make destroy`: a stage to an AWS account, and out of it again.

    credentials ─► asset ─► CDK CLI ─► bootstrap ─► quota ─► diff ─► losses ─► deploy

Whatever would fail half-way or lose data is found before anything is changed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import outputs
from infrastructure.asset import AssetError, build_for_aws
from infrastructure.checked import SettingError
from infrastructure.settings import Settings, settings_of, stack_name
from ops.reach.errors import OperatorError
from ops.release import cdk
from ops.release.account import Account, check_bootstrap, check_concurrency, sign_in
from ops.release.change_set import CHANGE_SET, changes_of, drop, losses, stack_of
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_NEVER_ASK = ("--require-approval", "never")  # we have asked


@dataclass(frozen=True)
class Command:
    """What was asked for."""

    settings: Settings
    yes: bool
    lose_data: bool

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.settings.stage

    @property
    def stack(self) -> str:
        """The stack's name."""
        return stack_name(self.stage)

    def agree(self, question: str) -> None:
        """Go on only if the operator says yes, or has said so beforehand.

        Raises:
            OperatorError: otherwise.
        """
        if not self.yes and _ask(f"{question} [y/N] ").lower() not in ("y", "yes"):
            raise OperatorError("Nothing was changed.")


def deploy(command: Command) -> None:
    """Deploy a stage.

    Raises:
        OperatorError: when it cannot or must not go on.
    """
    account = _account(command)
    _check_bytecode(command)
    cdk.install()
    check_bootstrap(account, cdk.bootstrap_command(account.account_id, account.region))
    check_concurrency(account, command.stack, command.settings.reserved_concurrency)
    cdk.synthesize(command.stage)
    if not cdk.run("diff", command.stack):
        raise OperatorError("The CDK cannot compare the stage with what is deployed.")
    if stack_of(account.client("cloudformation"), command.stack):
        _update(command, account)
    else:
        command.agree(f"Deploy stage {command.stage}?")
        _deploy(command, *_NEVER_ASK)
    _show_outputs(command, account)


def destroy(command: Command) -> None:
    """Remove a stage.

    Raises:
        OperatorError: when it cannot or must not go on.
    """
    account = _account(command)
    stack = stack_of(account.client("cloudformation"), command.stack)
    if stack is None:
        print(f"There is no stack {command.stack}: nothing to remove.")
        return
    if command.settings.keep_data:
        print("The tables of this stage are kept when it goes; delete them by hand if you mean to.")
    if stack.get("EnableTerminationProtection"):
        raise OperatorError(
            f"{command.stack} is protected. Switch its termination protection off first:\n"
            "  aws cloudformation update-termination-protection --no-enable-termination-protection"
            f" --stack-name {command.stack} --region {account.region}"
        )
    if not command.yes and _ask(f"Type {command.stage} to remove it: ") != command.stage:
        raise OperatorError("Nothing was changed.")
    cdk.install()
    template = cdk.synthesize(command.stage) / f"{command.stack}.template.json"
    if not cdk.run("destroy", command.stack, "--force"):
        raise OperatorError("The removal failed; what CloudFormation said stands above.")
    for name in _kept(template):
        print(f"Kept, as the template says: {name}")


def _account(command: Command) -> Account:
    account = sign_in(command.settings.region)
    print(f"Stage {command.stage}: account {account.account_id}, {account.region}")
    print(f"As {account.caller}")
    return account


def _check_bytecode(command: Command) -> None:
    warning = build_for_aws(ROOT / "build" / "asset-aws").warning()
    if warning:
        print(warning)
        command.agree("Go on without?")


def _update(command: Command, account: Account) -> None:
    """Let CloudFormation say what it would do, look at that, and have it do exactly that."""
    cloudformation = account.client("cloudformation")
    prepare = ("--method", "prepare-change-set", "--change-set-name", CHANGE_SET)
    if not cdk.run("deploy", command.stack, *_NEVER_ASK, *prepare):
        raise OperatorError("CloudFormation refuses the change; what it said stands above.")
    changes = changes_of(cloudformation, command.stack)
    if not changes:
        drop(cloudformation, command.stack)
        print("Nothing has changed.")
        return
    try:
        _check_losses(command, list(losses(changes)))
        command.agree(f"Deploy stage {command.stage}?")
    except OperatorError:
        drop(cloudformation, command.stack)
        raise
    execute = ("--method", "execute-change-set", "--change-set-name", CHANGE_SET)
    _deploy(command, *_NEVER_ASK, *execute)


def _check_losses(command: Command, lost: list[str]) -> None:
    if not lost:
        return
    listed = "\n".join(f"  {loss}" for loss in lost)
    print(f"This change loses data:\n{listed}")
    if command.settings.keep_data:
        raise OperatorError(f"Stage {command.stage} keeps its data, so this is not deployed.")
    if command.lose_data:
        return
    if command.yes or _ask(f"Type {command.stage} to lose it: ") != command.stage:
        raise OperatorError("Nothing was changed. (--lose-data goes on without asking.)")


def _deploy(command: Command, *options: str) -> None:
    if not cdk.run("deploy", command.stack, *options, "--progress", "events"):
        raise OperatorError(
            "The deployment failed, and CloudFormation goes back to what was there; the first "
            "resource with FAILED above says why."
        )


def _show_outputs(command: Command, account: Account) -> None:
    stack = stack_of(account.client("cloudformation"), command.stack) or {}
    found = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    print(f"Stage {command.stage} is deployed: {found.get(outputs.API_URL, command.stack)}")


def _kept(template: Path) -> list[str]:
    """Name what stays on AWS when the stack is gone."""
    resources: dict[str, Any] = json.loads(template.read_text())["Resources"]
    return [
        f"{name} ({resource['Type']})"
        for name, resource in resources.items()
        if resource.get("DeletionPolicy", "").startswith("Retain")
    ]


def _ask(question: str) -> str:
    """Ask the operator; whoever cannot be asked has said nothing."""
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""


def main() -> None:
    """Run the command; exit with 1 when it cannot go on."""
    about = __doc__.partition("\n")[0]
    parser = argparse.ArgumentParser(prog="cli.commands.deploy", description=about)
    parser.add_argument("command", choices=("deploy", "destroy"))
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--lose-data", action="store_true", help="not even before data is lost")
    given = parser.parse_args()
    try:
        command = Command(settings_of(given.stage), given.yes, given.lose_data)
        (deploy if given.command == "deploy" else destroy)(command)
    except (OperatorError, SettingError, AssetError) as error:
        sys.exit(f"make {given.command}: {error}")
    except ClientError as error:
        details = error.response["Error"]
        sys.exit(f"make {given.command}: AWS refuses {error.operation_name}: {details['Message']}")
    except BotoCoreError as error:
        sys.exit(f"make {given.command}: AWS cannot be reached: {error}")
    except KeyboardInterrupt:
        sys.exit(f"\nmake {given.command}: interrupted; AWS finishes what it has begun.")


if __name__ == "__main__":
    main()

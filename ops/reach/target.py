"""Which deployment a command is about: a stage on AWS, or the local run."""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as NoConnection

from infrastructure.outputs import usage_plan
from infrastructure.settings import settings_of, stack_name
from ops.reach import endpoints as endpoints_document
from ops.reach.errors import OperatorError
from ops.reach.layout import layout_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.reach.endpoints import Endpoints

DEFAULT_STAGE = "dev"
_LOCAL, _LOCAL_CURE = "the local run", "make run"


@dataclass(frozen=True)
class Target:
    """A deployment, and the clients that reach it."""

    name: str
    """As people call it: `stage dev`, `the local run`."""
    stack: str
    client: Callable[[str], Any]
    outputs: Mapping[str, str]
    cure: str
    """The command that deploys it again."""

    @property
    def option(self) -> str:
        """How a command names it."""
        return "--local" if self.name == _LOCAL else f"--stage {self.stage}"

    @property
    def stage(self) -> str:
        """The name of the stage; the local run is of one, too."""
        return self.stack.removeprefix(stack_name(""))

    def output(self, name: str) -> str:
        """Give an output of the stack.

        Raises:
            OperatorError: when the stack was deployed before there was such an output.
        """
        try:
            return self.outputs[name]
        except KeyError:
            raise OperatorError(
                f"The stack {self.stack} has no output {name}: what is deployed is older than "
                f"this command. Deploy it again: {self.cure}"
            ) from None


def on_aws(stage: str) -> Target:
    """Find a stage.

    Raises:
        SettingError: when there is no such stage.
        OperatorError: when it is not deployed.
    """
    settings, stack = settings_of(stage), stack_name(stage)
    client, cure = _clients(settings.region), f"make deploy STAGE={stage}"
    outputs = _outputs(client, stack)
    if outputs is None:
        raise OperatorError(
            f"Stage {stage} is not deployed: this account has no stack {stack} in "
            f"{settings.region}. Is AWS_PROFILE the right one? To deploy it: {cure}"
        )
    return Target(f"stage {stage}", stack, client, outputs, cure)


def on_this_machine() -> Target:
    """Find the local run: the one of LOCAL_PORT, or else the one that started last.

    Raises:
        LocalError: when LOCAL_PORT is no port.
        OperatorError: when it is not running.
    """
    from ops.reach.clients import clients  # noqa: PLC0415 - boto3; its --help is quick without

    endpoints, cure = endpoints_on_this_machine(), _LOCAL_CURE
    client, stack = clients(endpoints.aws_endpoint_url), endpoints.stack_name
    try:
        outputs = _outputs(client, stack)
    except NoConnection:
        raise OperatorError(
            f"The local run does not answer at {endpoints.aws_endpoint_url}; it must have been "
            f"killed. Start it again: {cure}"
        ) from None
    if outputs is None:
        raise OperatorError(f"The local run has no stack {stack}. Start it again: {cure}")
    own = {usage_plan(name): plan_id for name, plan_id in endpoints.usage_plans.items()}
    return Target(_LOCAL, stack, client, {**outputs, **own}, cure)


def traces_on_aws(stage: str) -> Any:
    """Give a client of X-Ray for a stage; whether that is deployed is not asked.

    Raises:
        SettingError: when there is no such stage.
    """
    return _clients(settings_of(stage).region)("xray")


def traces_on_this_machine() -> Any:
    """Give a client of the local run's X-Ray.

    Raises:
        LocalError: when LOCAL_PORT is no port.
        OperatorError: when it is not running.
    """
    from ops.reach.clients import clients  # noqa: PLC0415 - boto3; its --help is quick without

    return clients(endpoints_on_this_machine().traces_url)("xray")


def endpoints_on_this_machine() -> Endpoints:
    """Read where the local run is: the one of LOCAL_PORT, or else the one that started last.

    Raises:
        LocalError: when LOCAL_PORT is no port.
        OperatorError: when it is not running.
    """
    layout = layout_from_environment()
    named = os.environ.get("LOCAL_PORT", "").strip()
    endpoints = endpoints_document.read(layout.endpoints if named else layout.latest_endpoints)
    if endpoints is None:
        where = f" at {layout.url}" if named else ""
        start = f"LOCAL_PORT={named} {_LOCAL_CURE}" if named else _LOCAL_CURE
        latest = endpoints_document.read(layout.latest_endpoints)
        other = (
            f"\nOr take the one at {latest.aws_endpoint_url}: unset LOCAL_PORT" if latest else ""
        )
        raise OperatorError(
            f"No local run is running{where}. Start it in another terminal: {start}{other}"
        )
    return endpoints


def runs_on_this_machine() -> bool:
    """Tell whether there is a local run to ask."""
    with contextlib.suppress(OperatorError):
        endpoints_on_this_machine()
        return True
    return False


def _outputs(client: Callable[[str], Any], stack: str) -> dict[str, str] | None:
    """Read the outputs of a stack; None when there is no such stack."""
    try:
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return {item["OutputKey"]: item["OutputValue"] for item in described.get("Outputs", [])}


def _clients(region: str) -> Callable[[str], Any]:
    """Give a factory of clients, with the credentials of whoever asks."""
    import boto3  # noqa: PLC0415 - its --help is quick without
    from botocore.config import Config  # noqa: PLC0415 - boto3 takes long

    retries: Any = {"mode": "standard", "total_max_attempts": 5}
    config = Config(connect_timeout=5, read_timeout=30, retries=retries)
    session = boto3.Session(region_name=region)

    @functools.cache
    def client(service: str) -> Any:
        factory: Any = session.client  # its stubs want the name as a literal
        return factory(service, config=config)

    return client

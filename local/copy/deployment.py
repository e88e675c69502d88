"""Deployment to the emulator: the template goes through CloudFormation, as it would on AWS."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.reach.clients import ACCOUNT, REGION
from ops.reach.errors import LocalError
from ops.release.states import REMAINS
from ops.release.watching import pauses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
_BOOTSTRAP_VERSION = ("/cdk-bootstrap/hnb659fds/version", "30")
_WAIT_SECONDS = 240.0  # the release gate alone may take three minutes of them
_POLL_SECONDS = 0.25
_LONGEST_REASON = 1_000

_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
# After an update that failed the stack is as it was before, and so is its template.
_USABLE = {*_DONE, "UPDATE_ROLLBACK_COMPLETE"}


class Deployment:
    """The stack in the emulator."""

    def __init__(self, client: Callable[[str], Any], stack_name: str) -> None:
        """Address the stack, which need not exist yet."""
        self._cloudformation = client("cloudformation")
        self._s3 = client("s3")
        self._ssm = client("ssm")
        self._stack = stack_name

    def is_current(self, template: str) -> bool:
        """Tell whether exactly this template is deployed."""
        if self._status() not in _USABLE:
            return False
        deployed = self._cloudformation.get_template(StackName=self._stack)["TemplateBody"]
        return bool(_parsed(deployed) == _parsed(template))

    def deploy(self, template: str, files: dict[str, Path]) -> None:
        """Create or update the stack.

        A stack takes one change at a time: one that is still busy is waited for.

        Raises:
            LocalError: with the reason of the first resource that failed.
        """
        url = self._provide(template, files)
        status = self._wait()
        if status in REMAINS:
            self._cloudformation.delete_stack(StackName=self._stack)
            self._wait()
            status = None
        self._submit("create_stack" if status is None else "update_stack", url)
        final = self._wait()
        if final not in _DONE:
            raise LocalError(f"{self._failure()} The stack is {final}.")

    def outputs(self) -> dict[str, str]:
        """Give the stack's outputs."""
        stack = self._cloudformation.describe_stacks(StackName=self._stack)["Stacks"][0]
        return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}

    def physical_ids(self) -> dict[str, str]:
        """Give the resources' ids by their names in the template."""
        found = self._cloudformation.describe_stack_resources(StackName=self._stack)
        return {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in found["StackResources"]
            if item.get("PhysicalResourceId")
        }

    def _provide(self, template: str, files: dict[str, Path]) -> str:
        """Put in place what `cdk bootstrap` and the CDK CLI would: version, bucket and files.

        Returns:
            The template's URL: it is too long to be sent in the request itself.
        """
        name, version = _BOOTSTRAP_VERSION
        self._ssm.put_parameter(Name=name, Value=version, Type="String", Overwrite=True)
        with contextlib.suppress(self._s3.exceptions.BucketAlreadyOwnedByYou):
            self._s3.create_bucket(Bucket=_BOOTSTRAP_BUCKET)
        for key, folder in files.items():
            provide(self._s3, key, folder)
        key = f"{hashlib.sha256(template.encode()).hexdigest()}.json"
        self._s3.put_object(Bucket=_BOOTSTRAP_BUCKET, Key=key, Body=template.encode())
        return f"https://s3.{REGION}.amazonaws.com/{_BOOTSTRAP_BUCKET}/{key}"

    def _submit(self, operation: str, url: str) -> None:
        try:
            getattr(self._cloudformation, operation)(
                StackName=self._stack,
                TemplateURL=url,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            )
        except ClientError as error:
            message = error.response["Error"]["Message"]
            if "No updates are to be performed" not in message:
                raise LocalError(
                    f"The emulator refuses the template: {message[:_LONGEST_REASON]}"
                ) from None

    def _status(self) -> str | None:
        try:
            stacks = self._cloudformation.describe_stacks(StackName=self._stack)["Stacks"]
        except ClientError:
            return None
        status = str(stacks[0]["StackStatus"])
        return None if status == "DELETE_COMPLETE" else status

    def _wait(self) -> str | None:
        deadline, waits = time.monotonic() + _WAIT_SECONDS, pauses(_POLL_SECONDS)
        while (status := self._status()) and status.endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise LocalError(f"The stack is still {status} after {_WAIT_SECONDS:.0f} s.")
            time.sleep(next(waits))
        return status

    def _failure(self) -> str:
        """Say why the last operation failed, as its first event of failure does."""
        events = self._cloudformation.describe_stack_events(StackName=self._stack)["StackEvents"]
        own = itertools.takewhile(lambda event: not _is_start(event), events)  # newest first
        failed = [event for event in own if event["ResourceStatus"].endswith("_FAILED")]
        for event in [*self._validation_errors(), *reversed(failed)]:
            reason = event.get("ValidationStatusReason") or event.get("ResourceStatusReason")
            if reason:
                where = f"{event['LogicalResourceId']} ({event['ResourceType']})"
                return f"{where} failed: {reason.rstrip('.')}."
        return "The deployment failed."

    def _validation_errors(self) -> list[dict[str, Any]]:
        """Give what CloudFormation has found before it began; other events do not tell it."""
        events = self._cloudformation.describe_events(StackName=self._stack)["OperationEvents"]
        last = events[0].get("OperationId") if events else None  # newest first
        return [
            event
            for event in events
            if event.get("OperationId") == last and event["EventType"] == "VALIDATION_ERROR"
        ]


def provide(s3: Any, key: str, folder: Path) -> dict[str, str]:
    """Put a folder where functions take their code from; gives that place in Lambda's words."""
    s3.put_object(Bucket=_BOOTSTRAP_BUCKET, Key=key, Body=zipped(folder))
    return {"S3Bucket": _BOOTSTRAP_BUCKET, "S3Key": key}


def zipped(folder: Path) -> bytes:
    """Zip a folder, stored as it is: each function environment unpacks it anew."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                # Dated 1980, as the CDK CLI does: ordinary bytecode would be stale here too.
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _is_start(event: dict[str, Any]) -> bool:
    return bool(event.get("ResourceStatusReason") == "User Initiated")


def _parsed(template: Any) -> Any:
    return json.loads(template) if isinstance(template, str) else template

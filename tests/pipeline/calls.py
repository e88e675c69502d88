"""What commands ask of AWS: each process that has this on its path writes its calls down.

Python runs a `sitecustomize` that it finds on its path. This one listens where botocore makes every
call, and notes in whose name it was: the pipeline's role, or a role that it has assumed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

OWN_KEY = "AKIAPIPELINE00000000"
"""The access key of the role that the pipeline begins with."""

_LISTENER = """
import json, os
from botocore import client

_make = client.BaseClient._make_api_call

def _noted(self, operation, given):
    credentials = self._request_signer._credentials
    said = {
        "service": self.meta.service_model.signing_name,
        "operation": operation,
        "own": credentials is None or credentials.access_key == os.environ["OWN_KEY"],
        "step": os.environ.get("STEP", ""),
    }
    with open(os.environ["CALLS"], "a") as file:
        file.write(json.dumps(said) + "\\n")
    return _make(self, operation, given)

client.BaseClient._make_api_call = _noted
"""

IAM_NAMES = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "apigateway:GetAccount": "apigateway:GET",
    "apigateway:GetApiKey": "apigateway:GET",
    "apigateway:GetApiKeys": "apigateway:GET",
    "apigateway:CreateApiKey": "apigateway:POST",
    "apigateway:CreateUsagePlanKey": "apigateway:POST",
    "apigateway:DeleteApiKey": "apigateway:DELETE",
    "apigateway:DeleteUsagePlanKey": "apigateway:DELETE",
    "monitoring:DescribeAlarms": "cloudwatch:DescribeAlarms",
}
"""Operations whose permission is not called like them."""


class Call(NamedTuple):
    """A call of AWS by a step's command."""

    step: str
    action: str
    """The permission that it takes, such as `cloudformation:DescribeStacks`."""
    own: bool
    """Whether it is in the pipeline's own role, and not in one of the CDK's that it took."""


def listen(folder: Path) -> dict[str, str]:
    """Make the listener in a folder; gives the variables by which processes load it."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_LISTENER)
    calls = folder / "calls.jsonl"
    calls.touch()
    return {"PYTHONPATH": str(folder), "CALLS": str(calls), "OWN_KEY": OWN_KEY}


def heard(variables: dict[str, str]) -> set[Call]:
    """Read what was written down; each call once."""
    with open(variables["CALLS"], encoding="utf-8") as lines:  # noqa: PTH123 - a variable's text
        said = [json.loads(line) for line in lines]
    return {Call(one["step"], _action(one), one["own"]) for one in said}


def _action(said: dict[str, str]) -> str:
    name = f"{said['service']}:{said['operation']}"
    return IAM_NAMES.get(name, name)

"""What a deployment would change, for whoever may only look: no change set, no role of the CDK's.

The CDK compares what is synthesized here with the template that CloudFormation gives. That takes
`cloudformation:DescribeStacks` and `GetTemplate`, and no permission on anything that holds data.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.reach.errors import OperatorError
from ops.release import cdk, deploying

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.release.account import Place

_NOTHING: dict[str, Any] = {"Resources": {}}


def deployed(place: Place) -> dict[str, Any]:
    """Give the template that a stage runs; one without resources where there is no stack."""
    if deploying.stack(place) is None:
        return _NOTHING
    cloudformation = place.client("cloudformation")
    answer = cloudformation.get_template(StackName=place.stack, TemplateStage="Original")
    body = answer["TemplateBody"]  # boto3 has read JSON already, and leaves YAML as a text
    return json.loads(body) if isinstance(body, str) else dict(body)


def show(place: Place, told: Callable[[str], None]) -> None:
    """Have the CDK print what differs.

    Args:
        place: the stage and its account.
        told: is told what takes its time.

    Raises:
        OperatorError: when it cannot be told.
    """
    cdk.install(told)
    before = deployed(place)
    assembly = cdk.synthesize(place.settings.stage)
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "deployed.json"
        template.write_text(json.dumps(before))
        if not cdk.run("diff", place.stack, "--template", str(template), assembly=assembly):
            raise OperatorError("The CDK cannot compare the stage with what is deployed.")

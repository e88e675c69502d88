"""What can be foreseen is told in a sentence."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ProfileNotFound

from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError
from tests.shared.dead_letters import refused


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refused("AccessDeniedException"), "Use a role that may"),
        (refused("ExpiredToken"), "aws sso login"),
        (refused("ThrottlingException"), "Wait a minute"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "being deployed or destroyed"),
        (refused("InternalError", "oops"), "AWS refuses ReceiveMessage: oops."),
        (NoCredentialsError(), "There are no AWS credentials"),
        (ProfileNotFound(profile="p"), "set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="https://x"), "cannot be reached"),
        (OSError(28, "No space left on device", "f"), "f: No space left on device"),
        (OperatorError("as it is"), "as it is"),
    ],
)
def test_failures(error: Exception, said: str) -> None:
    """Each failure that can be foreseen is told in a sentence, with what to do."""
    assert said in str(explain(error))

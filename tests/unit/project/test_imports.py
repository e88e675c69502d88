"""What starting a function costs: the modules that importing its handler loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infrastructure.functions import Caller, names

# Each costs more start-up than everything that the handlers do import (docs/decisions/0040).
TOO_SLOW = {
    *("boto3", "botocore", "pydantic", "aws_xray_sdk", "s3transfer", "requests", "urllib3"),
    *("aws_lambda_powertools", "pydynox"),
}
NOT_FOR_LAMBDA = {
    *("aws_cdk", "constructs", "jsii"),
    *("project", "cloudwatch", "infrastructure", "ops", "local", "cli", "documents"),
}


def modules_after(statement: str) -> set[str]:
    """Name the modules that a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", names())
def test_a_handler_loads_no_slow_library(name: str) -> None:
    """Importing a handler loads neither boto3 nor pydantic, Powertools or the X-Ray SDK."""
    loaded = modules_after(f"import orders.handlers.{name}")
    assert ("orders.dynamodb" in loaded) == (name not in names(Caller.DEPLOYMENT, Caller.SIGN_IN))
    packages = {module.partition(".")[0] for module in loaded}
    assert not packages & (TOO_SLOW | NOT_FOR_LAMBDA)


def test_the_template_needs_no_database() -> None:
    """Synthesizing loads neither the store nor what works on queues: it is about their names."""
    loaded = modules_after("import infrastructure.service")
    assert {module.partition(".")[0] for module in loaded} >= {"aws_cdk", "orders"}
    assert not loaded & {"orders.store", "orders.dynamodb", "orders.consumer", "orders.aws_api"}


def test_the_domain_needs_nothing_of_aws() -> None:
    """The rules of an order can be read and run without AWS, HTTP or a store."""
    loaded = modules_after("import orders.domain.changes")
    packages = {module.partition(".")[0] for module in loaded}
    assert not packages & (TOO_SLOW | NOT_FOR_LAMBDA | {"_ssl"})
    assert {module for module in loaded if module.startswith("orders.")} == {
        "orders.domain",
        "orders.named_tuple",
        *(
            f"orders.domain.{name}"
            for name in (
                *("changes", "checks", "ids", "iso", "lifecycle"),
                *("money", "order", "reasons", "serving", "serving.servers", "synthetic"),
            )
        ),
    }

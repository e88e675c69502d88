"""Every output of the stack has one name, and that stands in one module."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from infrastructure import outputs
from infrastructure.functions import QUEUES, names
from infrastructure.settings import STAGES
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.infrastructure.conftest import Template

ONCE = {
    value
    for name, value in vars(outputs).items()
    if isinstance(value, str) and re.fullmatch("[A-Z][A-Z_]*", name)
}
NAMES = {
    *ONCE,
    *(outputs.usage_plan(name) for name in STAGES["prod"].plans),
    *(named(queue.name) for queue in QUEUES for named in (outputs.queue, outputs.dead_letters)),
    *(outputs.function(name) for name in names()),
}
HOME = "infrastructure/outputs.py"
HOUSES = (
    *("bench", "cli", "cloudwatch", "documents", "infrastructure", "load", "local", "ops"),
    *("orders", "project", "simulation"),
)
SOMETHING_ELSE = {
    ("infrastructure/work/processing.py", "'PipeDeadLetters'"): "the id of a construct",
    ("local/copy/dropped_properties.py", "'RestApiId'"): "a property of CloudFormation's resources",
    ("load/people.py", "'UserPoolId'"): "a parameter of Cognito's",
    ("orders/handlers/check_second_factor.py", "'UserPoolId'"): "a parameter of Cognito's",
    ("ops/customers/people.py", "'UserPoolId'"): "a parameter of Cognito's",
    ("ops/partners/staff.py", "'UserPoolId'"): "a parameter of Cognito's",
    ("ops/release/leftovers.py", "'UserPoolId'"): "a parameter of Cognito's",
    ("local/inside/patches/cloudformation.py", "'RestApiId'"): "a property of a stage's",
    ("ops/release/customers_see.py", "f'{construct_id(row.name)}Function'"): "a logical id",
    ("documents/openapi/schemas.py", "f'Order{name}'"): "the name of a schema",
}
SHORTEST = len("Queue")
"""What a text of parts must hold of a name itself, besides what is put in."""


def test_the_module_knows_what_the_stack_has(hardened: Template) -> None:
    """There is no output without a name here, and no name that a full stack does not have."""
    assert set(hardened.document["Outputs"]) == NAMES


def test_plans_are_found_by_their_outputs() -> None:
    """What names a plan's output is undone by what reads it, and other outputs are of no plan."""
    for name in STAGES["prod"].plans:
        assert outputs.usage_plan_of(outputs.usage_plan(name)) == name
    assert not [name for name in ONCE if outputs.usage_plan_of(name) is not None]


def test_a_reader_needs_no_cdk() -> None:
    """Commands answer at once: what they read the names from does not load aws_cdk."""
    code = "import sys, infrastructure.outputs; sys.exit('aws_cdk' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def named(tree: ast.AST) -> Iterator[ast.expr]:
    """Give each text of a module that is a name, or becomes one by what is put in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield node
        elif isinstance(node, ast.JoinedStr):
            written = [
                str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values
            ]
            if len("".join(written)) >= SHORTEST and _becomes(written):
                yield node


def _becomes(written: list[str]) -> bool:
    """Tell whether parts become a name, with something in place of those that are empty."""
    first, *_, last = ["", *written] if len(written) == 1 else written
    near = [name for name in NAMES if name.startswith(first) and name.endswith(last)]
    pattern = "".join(re.escape(part) or r"\w+" for part in written) if near else ""
    return any(re.fullmatch(pattern, name) for name in near)


def strays(source: str) -> list[tuple[int, str]]:
    """Give what a module writes that is, or can become, the name of an output, with its lines."""
    return [(node.lineno, ast.unparse(node)) for node in named(ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    ['o["OrdersTable"]', 'f"{q}Queue"', 'f"{q}DeadLetters"', 'f"{f}Function"', 'f"UsagePlan{p}"'],
)
def test_a_stray_name_is_found(source: str) -> None:
    """Written out or put together, a name is found."""
    assert strays(source)


def modules() -> Iterator[Path]:
    """Give the modules of the product."""
    for house in HOUSES:
        yield from (ROOT / house).rglob("*.py")
    yield ROOT / "app.py"


def test_no_other_module_writes_a_name() -> None:
    """Whoever renames an output does so in one place, and every reader follows."""
    found = [
        f"{place}:{line}: {text}"
        for path in modules()
        if (place := str(path.relative_to(ROOT))) != HOME
        for line, text in strays(path.read_text())
        if (place, text) not in SOMETHING_ELSE
    ]
    assert not found


def test_every_exception_is_one() -> None:
    """No name is let pass that nobody writes any more."""
    for place, text in SOMETHING_ELSE:
        assert text in {found for _, found in strays((ROOT / place).read_text())}, place

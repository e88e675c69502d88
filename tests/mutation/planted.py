"""All faults, and a template with one of them planted."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tests.infrastructure.conftest import Template
from tests.mutation.fault import REGISTERED

if TYPE_CHECKING:
    from tests.mutation.fault import Fault

AREAS = (
    *("data", "functions", "permissions", "policies"),
    *("api", "processing", "people", "watching", "shape"),
)
"""The modules of faults, in the order in which they are planted."""

for _area in AREAS:
    import_module(f"tests.mutation.faults.{_area}")

FAULTS = {fault.name: fault for fault in REGISTERED}
"""All faults by their names."""


class NotPlantedError(Exception):
    """A fault that changes nothing: the mutation is wrong, not the template."""


def planted(fault: Fault, document: dict[str, Any]) -> dict[str, Any]:
    """Give a template's document with a fault in it; the document itself stays as it is.

    Raises:
        NotPlantedError: when the fault finds no place, or leaves all as it was.
    """
    template = Template(copy.deepcopy(document))
    try:
        fault.plant(template)
    except (KeyError, IndexError, ValueError, StopIteration) as error:
        raise NotPlantedError(f"{fault.name} finds no place: {error!r}") from error
    if template.document == document:
        raise NotPlantedError(f"{fault.name} changes nothing")
    return template.document

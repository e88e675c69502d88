"""What lets the checks of `make check` judge a template, again and again, in one process.

The checks are collected once. Each round swaps the templates beneath their fixtures, and ends at
the first check that fails.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from infrastructure.synth import synthesize
from tests.infrastructure.conftest import GIVEN, VARIANTS, Template
from tests.mutation.planted import planted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.mutation.fault import Fault

CHECKS = ("tests/infrastructure",)
"""Where the checks are."""

LAST = ("test_costs", "test_stateful_changes", "test_checkers", "test_alarms")
"""Modules that are asked when no assertion found anything: they say less about what is wrong."""

OPTIONS = "-q -s --no-header --no-summary --tb=no --assert=plain -p no:cacheprovider".split()

SLOW = ("test_alarms_fire_as_the_table_says", "test_cfn_lint_is_content")
"""What is asked after all others: it takes seconds."""

PLANTING = "test_faults_in_alarms_are_caught"
"""What plants faults itself: it fails with the table of alarms, and says nothing of a template."""


class Verdict(NamedTuple):
    """What became of one fault."""

    fault: Fault
    found_by: str | None
    """The check that found it, and None for a fault that survived."""


class Judge:
    """The plugin that gives the templates and asks the checks."""

    def __init__(
        self, folder: Path, faults: Iterable[Fault], tell: Callable[[Verdict], None]
    ) -> None:
        """Synthesize the templates.

        Args:
            folder: where they are written.
            faults: what to plant, one at a time.
            tell: is told each verdict when it is reached.

        Raises:
            NotPlantedError: when a fault changes nothing.
        """
        self.faults, self._tell = tuple(faults), tell
        self.verdicts: list[Verdict] = []
        self.asked = 0
        asset = folder / "asset"
        asset.mkdir(parents=True)
        (asset / "code.py").write_text("")
        self.paths = {
            name: synthesize(settings, asset=asset, out=folder / name, validates=False)
            for name, settings in VARIANTS.items()
        }
        self.templates = {name: Template(read(path)) for name, path in self.paths.items()}
        for fault in self.faults:  # a fault that cannot be planted is told before anything is asked
            planted(fault, self.templates[fault.variant].document)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks that read nothing but templates, the quick ones first."""
        items[:] = sorted(filter(reads_templates, items), key=rank)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Ask the checks about the templates as they are, then about each fault."""
        self.asked = len(session.items)
        for variant in {fault.variant for fault in self.faults}:
            quick = [item for item in session.items if not item.name.startswith(SLOW)]
            found = self._ask(quick, variant)
            if found is not None:
                raise pytest.UsageError(f"{found} fails before anything is planted")
        for fault in self.faults:
            self._judge(session.items, fault)
        return True

    def _judge(self, items: list[pytest.Item], fault: Fault) -> None:
        template = self.templates[fault.variant]
        whole = template.document
        template.document = planted(fault, whole)
        self._write(fault.variant)
        verdict = Verdict(fault, self._ask(items, fault.variant))
        template.document = whole
        self._write(fault.variant)
        self.verdicts.append(verdict)
        self._tell(verdict)

    def _write(self, variant: str) -> None:
        self.paths[variant].write_text(json.dumps(self.templates[variant].document, indent=1))

    def _ask(self, items: list[pytest.Item], variant: str) -> str | None:
        """Name the first check that fails; those about other variants would say what they said."""
        # Whatever comes next, nothing stays set up of this module, nor of its folder.
        above = sorted(items, key=lambda item: len(item.path.parts))
        for item in items:
            if looks_at(item) in (None, variant):
                after = next(other for other in above if other.path != item.path)
                reports = runtestprotocol(item, log=False, nextitem=after)
                if any(report.failed for report in reports):
                    return item.name.partition("[")[0]
        return None


def read(path: Path) -> dict[str, Any]:
    """Read a template."""
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def reads_templates(item: pytest.Item) -> bool:
    """Tell the checks of templates that are given: cdk-nag's look at constructs, not at them."""
    names = set(getattr(item, "fixturenames", ()))
    given = names & {"templates", "paths"} and "services" not in names
    synthesizes = item.get_closest_marker("synthesizes") is not None
    return bool(given) and not synthesizes and not item.name.startswith(PLANTING)


def looks_at(item: pytest.Item) -> str | None:
    """Name the only variant that a check looks at; None where it may look at any."""
    parameters = getattr(item, "callspec", None)
    named = parameters.params if parameters is not None else {}
    looked = (named.get(name) for name in ("template", "variant", "stage"))
    return next((name for name in looked if name in VARIANTS), None)


def rank(item: pytest.Item) -> tuple[bool, int]:
    """Give the place of a check: assertions first, then what compares, then what takes long."""
    module = item.path.stem
    return item.name.startswith(SLOW), LAST.index(module) + 1 if module in LAST else 0


def judge(
    folder: Path,
    faults: Iterable[Fault],
    tell: Callable[[Verdict], None],
    checks: Iterable[str] = CHECKS,
) -> tuple[list[Verdict], int]:
    """Let the checks judge each fault.

    Args:
        folder: where the templates are written.
        faults: what to plant, one at a time.
        tell: is told each verdict when it is reached.
        checks: files and folders of checks, relative to the checkout.

    Returns:
        the verdicts, and how many checks were asked.

    Raises:
        RuntimeError: when the checks could not be asked; pytest has said why.
    """
    plugin = Judge(folder, faults, tell)
    pytest.main([*OPTIONS, *checks], plugins=[_Naming(plugin)])
    if len(plugin.verdicts) < len(plugin.faults):
        raise RuntimeError("the checks could not be asked")
    return plugin.verdicts, plugin.asked


class _Naming:
    """Registers the judge under the name by which the fixtures know it."""

    def __init__(self, plugin: Judge) -> None:
        self._plugin = plugin

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._plugin, GIVEN)

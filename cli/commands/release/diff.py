"""`orders diff`: what a deployment would change, for whoever may only look."""

from __future__ import annotations

from cli import options, terminal
from cli.examples import lines
from cli.options import Stage  # noqa: TC001 - Typer reads the annotations

DIFF_EXAMPLES = lines("""
    For example:
    orders diff --stage prod
""")


def diff(*, stage: Stage = None) -> None:
    """Show what a deployment of a stage would change; changes nothing."""
    from ops.pipeline import differences  # noqa: PLC0415 - its --help is quick without

    place = options.place(options.settings(stage))
    differences.show(place, terminal.note)

"""The commands that look at a stage, run on one in this process."""

from __future__ import annotations

from typer.testing import CliRunner

from cli.app import app

ADA = "arn:aws:sts::111122223333:assumed-role/operators/ada"


def run(*arguments: str) -> tuple[int, str, str]:
    """Give the exit code, what was said, and what was remarked."""
    done = CliRunner().invoke(app, [*arguments, "--stage", "dev"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr

"""Purging: dead letters leave their queue for a file, which has each before it is deleted."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from ops.dead_letters.letters import Errand, take_out
from ops.reach.errors import OperatorError
from project import private_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from ops.dead_letters.letters import DeadLetterQueue, Report, Wanted
    from ops.reach.target import Target

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)


def duration(text: str) -> int:
    """Read a time span such as `7d` or `90m`, in seconds.

    Raises:
        ValueError: when it is none.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no time span; write 45s, 30m, 12h, 7d or 2w")
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def purge(
    target: Target,
    queue: DeadLetterQueue,
    report: Report,
    told: Callable[[int], None],
    *,
    wanted: Wanted | None,
    path: Path,
) -> None:
    """Write dead letters to a new file and delete them.

    Args:
        target: whose they are.
        queue: where they are.
        report: is kept up to date.
        told: is told how many were tried so far.
        wanted: which of them; None for all.
        path: the file; each of its lines is one message in JSON.

    Raises:
        OperatorError: when the file exists.
    """
    with _new(path) as file:

        def write(message: MessageTypeDef) -> None:
            file.write(line(message, queue.name))
            file.flush()
            os.fsync(file.fileno())

        take_out(target, Errand(queue=queue, wanted=wanted, deliver=write), report, told)
    report.close()


def refuse_existing(path: Path) -> None:
    """Check that nothing is there yet.

    Raises:
        OperatorError: otherwise.
    """
    if os.path.lexists(path):
        raise OperatorError(f"{path} exists, and is not touched. Name another file.")


def line(message: MessageTypeDef, queue: str) -> bytes:
    """Write a message with all that SQS knows of it as one line of JSON."""
    document: dict[str, Any] = {
        "queue": queue,
        "messageId": message["MessageId"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": message.get("MessageAttributes", {}),
        "body": message.get("Body", ""),
    }
    return (
        json.dumps(document, default=lambda value: base64.b64encode(value).decode()).encode()
        + b"\n"
    )


@contextlib.contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    """Make a file that was not there; remove it if it stays empty."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(path, flags, private_files.FILE)
    except FileExistsError:
        refuse_existing(path)
        raise
    with os.fdopen(descriptor, "wb") as file:
        try:
            _keep_name(path)
            yield file
        finally:
            if not os.fstat(descriptor).st_size:
                path.unlink()


def _keep_name(path: Path) -> None:
    """Have the disk know the file's name, too: without it what was written would be lost."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

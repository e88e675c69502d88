"""Whoever waits for packages sees how far they are, and reads why they do not come."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from project.installing import Download, InstallError, sync

SAID = """Using Python 3.11.7 environment at: .venv
Resolved 22 packages in 689ms
Downloading botocore (15.2MiB)
Downloading ministack (512.0KiB)
 Downloaded ministack
 Downloaded botocore
Prepared 22 packages in 3.51s
Installed 22 packages in 791ms
 + boto3==1.43.106
"""


def test_how_far_it_is() -> None:
    """The megabytes that are here grow to all that are known; then the packages are written."""
    download = Download()
    told = [news for line in SAID.splitlines() if (news := download.news(line))]
    assert told == [
        "0 of 16 MB, botocore",
        "0 of 16 MB, ministack",
        "1 of 16 MB, ministack",
        "16 of 16 MB, botocore",
        "writing 22 packages",
    ]


def test_what_cannot_be_installed(tmp_path: Path) -> None:
    """A lock that uv refuses is told in uv's own last word, not by a stack trace."""
    lock = tmp_path / "some.txt"
    lock.write_text("not a requirement at all !\n")
    with pytest.raises(InstallError, match=r"\w"):
        sync(Path(sys.executable), lock)

"""A command's output as a comment on a pull request: shown as it is, and short enough.

`python -m project.comment TITLE <output` prints the comment. What the output holds was written by
whoever wrote the pull request: nothing of it is read as Markdown, and no account's number is shown.
"""

from __future__ import annotations

import re
import sys

MOST_BYTES = 60_000
"""GitHub takes 65,536 characters; and this, in base 64, is an environment variable on the way."""

_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNSEEN = re.compile(r"[^\t\n\x20-\x7e\u00a1-\u2027\u2030-\u205f\u2070-\ufeff]")
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_CUT = "\n… the rest stands in the log of the job.\n"


def comment(title: str, output: str) -> str:
    """Make the comment.

    Args:
        title: its heading; from us, not from whoever is commented on.
        output: what a command has printed.
    """
    shown = _ACCOUNT.sub("<account>", _UNSEEN.sub("", _COLOURS.sub("", output))).strip("\n")
    shown = _cut(shown) if shown else "Nothing."
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"### {title}\n\n{fence}text\n{shown}\n{fence}\n"


def _cut(text: str) -> str:
    """Leave out what is too much, at the end of a line."""
    if len(text.encode()) <= MOST_BYTES:
        return text
    kept = text.encode()[:MOST_BYTES].decode(errors="ignore")
    return (kept.rpartition("\n")[0] or kept) + _CUT


if __name__ == "__main__":
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr] # a stream of text
    sys.stdout.write(comment(sys.argv[1], sys.stdin.read()))

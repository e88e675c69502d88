"""Documents are written for a tired reader whose mother tongue is another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from documents.site import navigation
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SENTENCE = 25
LONGEST_LINE = 100

PAGES = [str(path.relative_to(ROOT)) for path in navigation.pages()]
_NOT_TEXT = re.compile(r"^ *```.*?^ *```$|<!--.*?-->", re.DOTALL | re.MULTILINE)
_UNBREAKABLE = re.compile(r" *(\||\S+$)")
_BLOCKS = re.compile(r"\n\s*\n|\n(?= *(?:[*-]|\d+\.) )|\n(?=#|\|)|(?<=\|)\n")
_END = re.compile(r"(?<=[.!?])[\"')*`]*\s+(?=[\"'(*`\[]*[A-Z0-9])")


def sentences(text: str) -> Iterator[str]:
    """Give the sentences of a page: those of its paragraphs, list items and cells of tables."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", _NOT_TEXT.sub("", text))
    text = re.sub(r"`[^`]+`", "Code", text)
    for block in _BLOCKS.split(re.sub(r"^(#.*)$", r"\1\n", text, flags=re.MULTILINE)):
        cells = block.split("|") if block.lstrip().startswith("|") else [block]
        for cell in cells:
            yield from _END.split(" ".join(cell.split()).lstrip("#*- "))


def words(sentence: str) -> int:
    """Count the words of a sentence; what stands in backticks is one."""
    return sum(any(map(str.isalnum, word)) for word in sentence.split())


def faults(text: str) -> list[str]:
    """Give the lines and sentences of a page that are too long."""
    plain = _NOT_TEXT.sub("", text).splitlines()
    lines = [one for one in plain if len(one) > LONGEST_LINE and not _UNBREAKABLE.match(one)]
    return lines + [one for one in sentences(text) if words(one) > LONGEST_SENTENCE]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_sentences_are_short(page: str) -> None:
    """Nobody reads a sentence of more than 25 words, or a line of more than 100 characters."""
    assert faults((ROOT / page).read_text()) == []


def test_a_long_sentence_is_found() -> None:
    """In a paragraph, a list or a table alike. Code and addresses do not count."""
    long = "It is" + " a" * 24 + "."
    for page in (
        f"Short. {long}\n",
        f"* one\n* {long}\n",
        f"| a | b |\n|---|---|\n| x | {long} |\n",
    ):
        (found,) = faults(page)
        assert found.strip() == long
    assert faults(f"```sh\n{long}\n```\n[a](https://{'x' * 9}) `{long[:9]}` It. Is. Short.\n") == []
    assert faults(f"x {'y' * 99}") == [f"x {'y' * 99}"]

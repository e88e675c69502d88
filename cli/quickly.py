"""What `orders` answers without Typer: help that it has given before, and most completion.

orders dlq --help     the text of the last time, while the sources stand
orders dl<TAB>        the names of cli/listed.py
orders dlq re<TAB>    what is kept of the command: its commands, options and fixed values
orders show <TAB>     an id must be asked for: nothing here, Typer does it
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from cli import kept
from cli.listed import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VARIABLE = "_ORDERS_COMPLETE"
_MOST_COLUMNS = 80
"""How wide click makes a help at most."""

_ITSELF = (
    ("--version", "Print the version."),
    ("--install-completion", "Install completion for the current shell."),
    (
        "--show-completion",
        "Show completion for the current shell, to copy it or customize the installation.",
    ),
    ("--help", "Show this message and exit."),
)
"""The options of `orders` itself."""


class Item(NamedTuple):
    """What can be typed, and what it means."""

    value: str
    says: str | None = None


def answer(arguments: Sequence[str]) -> int | None:
    """Answer what can be answered at once; gives the exit code, None where it is for Typer."""
    if _VARIABLE in os.environ:
        return _complete(os.environ[_VARIABLE])
    text = kept.read(name_of_help(arguments)) if asks_for_help(arguments) else None
    if text is None:
        return None
    sys.stdout.write(text)
    return 0


def asks_for_help(arguments: Sequence[str]) -> bool:
    """Tell whether nothing but the help of a command is asked for."""
    *words, last = arguments or [""]
    return last == "--help" and all(word.isalpha() or "-" in word[1:] for word in words)


def name_of_help(arguments: Sequence[str]) -> str:
    """Name a help: it has as many columns as the terminal, up to the most."""
    return kept.hash_of(f"{' '.join(arguments)} {_columns()}")


def keep_help(arguments: Sequence[str], text: str) -> None:
    """Keep a help that was given."""
    kept.write(name_of_help(arguments), text)


def name_of_tree(command: str) -> str:
    """Name what completion goes by below a command of the first level."""
    return f"tree-{command}"


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return min(int(given), _MOST_COLUMNS)
    screen = sys.__stdout__
    try:
        columns = os.get_terminal_size(screen.fileno()).columns if screen else _MOST_COLUMNS
    except (ValueError, OSError):
        columns = _MOST_COLUMNS
    return min(columns, _MOST_COLUMNS)


def _complete(asked: str) -> int | None:
    """Complete for bash, zsh and fish; another shell's way is Typer's to know."""
    words = _words(asked)
    if words is None:
        return None
    *before, incomplete = words
    found = items(before, incomplete)
    if found is None:
        return None
    match asked:
        case "complete_bash":
            text = "\n".join(each.value for each in found)
        case "complete_zsh":
            text = _for_zsh(found)
        case _:
            if os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
                return 0 if found else 1
            text = "\n".join(map(_for_fish, found))
    sys.stdout.write(f"{text}\n")
    return 0


def _words(asked: str) -> list[str] | None:
    """Give the words behind `orders`, the last being typed; None where they are not plain ones."""
    if asked == "complete_bash":
        line = os.environ.get("COMP_WORDS", "")
        count = int(os.environ.get("COMP_CWORD", "0"))
        words = line.split()[1 : count + 1]
        words += [""] * (count - len(words))
    elif asked in ("complete_zsh", "complete_fish"):
        line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
        words = line.split()[1:]
        words += [""] if not words or line.endswith(" ") else []
    else:
        return None
    return None if set(line) & set("\"'\\=") or not words else words


def items(before: Sequence[str], incomplete: str) -> list[Item] | None:
    """Give what a word can become; None where it must be asked for.

    Args:
        before: the words that are complete.
        incomplete: the word that is being typed.
    """
    if not before:
        names = ((entry.name, entry.says) for entry in COMMANDS)
        return _beginning(_ITSELF if incomplete.startswith("-") else names, incomplete)
    first, *rest = before
    tree = kept.read(name_of_tree(first))
    return None if tree is None else _below(tree, rest, incomplete)


def _below(node: dict[str, Any], words: list[str], incomplete: str) -> list[Item] | None:
    """Follow the words through a command's tree, and offer what can come then."""
    given, position, open_ = set(), 0, None
    for word in words:
        if open_ is not None:
            open_ = None
        elif word.startswith("-"):
            option = next((each for each in node["options"] if word in each["names"]), None)
            if option is None:
                return None
            given.add(option["names"][0])
            open_ = option if option["takes"] else None
        elif word in node["commands"]:
            node, given, position = node["commands"][word], set(), 0
        else:
            position += 1
    if open_ is not None:
        return _values(open_, incomplete)
    if incomplete and not incomplete[0].isalnum():
        left = [one for one in node["options"] if one["many"] or one["names"][0] not in given]
        return _beginning(((name, o["help"]) for o in left for name in o["names"]), incomplete)
    if node["commands"]:
        names = ((name, each["help"]) for name, each in node["commands"].items())
        return _beginning(names, incomplete)
    arguments = node["arguments"]
    if arguments and position >= len(arguments) and arguments[-1]["many"]:
        position = len(arguments) - 1
    return _values(arguments[position], incomplete) if position < len(arguments) else []


def _values(parameter: dict[str, Any], incomplete: str) -> list[Item] | None:
    values = parameter["values"]
    return None if values is None else _beginning(((each, None) for each in values), incomplete)


def _beginning(names: Iterable[tuple[str, str | None]], incomplete: str) -> list[Item]:
    return [Item(name, says) for name, says in names if name.startswith(incomplete)]


def _for_zsh(found: list[Item]) -> str:
    """Write as Typer does, for the script that it gives zsh."""
    if not found:
        return "_files"
    shown = (
        f'"{_escaped(each.value)}"' + (f':"{_escaped(each.says)}"' if each.says else "")
        for each in found
    )
    text = "\n".join(shown)
    return f"_arguments '*: :(({text}))'"


def _escaped(text: str) -> str:
    for sign, instead in (('"', '""'), ("'", "''"), ("$", "\\$"), ("`", "\\`"), (":", "\\\\:")):
        text = text.replace(sign, instead)
    return text


def _for_fish(item: Item) -> str:
    return f"{item.value}\t{' '.join(item.says.split())}" if item.says else item.value

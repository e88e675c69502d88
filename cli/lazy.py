"""Commands that are loaded when they are run: `orders --help` and completion need none of them.

                 loads
orders --help    nothing: each command is listed by the line that its entry has
orders dlq ls    cli.commands.dlq
"""

from __future__ import annotations

import functools
import inspect
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from cli import kept, quickly
from cli.listed import COMMANDS, Entry

if TYPE_CHECKING:
    from collections.abc import Sequence


@functools.cache
def load(entry: Entry) -> Any:
    """Import a command, once: whoever runs several in one process waits for it no second time."""
    module = import_module(f"cli.commands.{entry.module or entry.name}")
    if hasattr(module, "app"):
        command: Any = get_group(module.app)
        command.help = entry.says
    else:
        alone = typer.Typer(add_completion=False)
        examples = getattr(module, f"{entry.name.upper()}_EXAMPLES", None)
        alone.command(entry.name, epilog=examples)(getattr(module, entry.name))
        command = get_command(alone)
    command.name = entry.name
    return _plain(command)


def _plain(command: Any) -> Any:
    """Let a command's help, and those below it, do without rich: it takes longer than all else.

    A list of commands then says the whole of each one's first sentences.
    """
    command.rich_markup_mode = None
    command.short_help = " ".join((command.help or "").partition("\n\n")[0].split())
    for below in getattr(command, "commands", {}).values():
        _plain(below)
    return command


class _Commands(dict[str, Any]):
    """The commands by name; one is loaded when it is looked up, and none to be listed."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__({entry.name: entry for entry in entries})

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if isinstance(found, Entry):
            found = self[name] = load(found)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def values(self) -> Any:
        return [self[name] for name in self]

    def items(self) -> Any:
        return [(name, self[name]) for name in self]


_HELP = {
    "names": ["--help"],
    "help": "Show this message and exit.",
    "takes": False,
    "many": False,
    "values": [],
}
"""The option that Typer gives every command."""


def keep_tree() -> None:
    """Keep what completion goes by below the command that a shell completes: the next is quick."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    words = line.split()[1:]
    entry = {entry.name: entry for entry in COMMANDS}.get(words[0] if words else "")
    if entry is not None and kept.read(quickly.name_of_tree(entry.name)) is None:
        kept.write(quickly.name_of_tree(entry.name), tree(load(entry)))


def tree(command: Any) -> dict[str, Any]:
    """Tell of a command what completion needs to know: what is below it, and its parameters.

    Values of a parameter are told where they are the same for every deployment; None is for those
    that must be asked for.
    """
    return {
        "help": command.short_help or command.help,
        "commands": {name: tree(each) for name, each in getattr(command, "commands", {}).items()},
        "options": [
            _option(each)
            for each in command.params
            if each.param_type_name == "option" and not each.hidden
        ]
        + [_HELP],
        "arguments": [
            {"values": _values(each), "many": each.nargs == -1}
            for each in command.params
            if each.param_type_name == "argument"
        ],
    }


def _option(option: Any) -> dict[str, Any]:
    return {
        "names": [*option.opts, *option.secondary_opts],
        "help": option.help,
        "takes": not (option.is_flag or option.count),
        "many": option.multiple,
        "values": _values(option),
    }


def _values(parameter: Any) -> list[str] | None:
    """Give the values that are the same for every deployment; None where one must be asked."""
    completes = parameter._custom_shell_complete  # noqa: SLF001 - Typer has no other place for it
    if completes is None:
        found = parameter.shell_complete(None, "")
        return None if any(each.type != "plain" for each in found) else [e.value for e in found]
    # Typer wraps what the command has given twice; what takes no argument knows all beforehand.
    (given,) = (
        cell.cell_contents for cell in completes.__closure__ if callable(cell.cell_contents)
    )
    given = inspect.unwrap(given)
    return None if inspect.signature(given).parameters else list(map(str, given()))


def lazy_group(entries: Sequence[Entry]) -> type[TyperGroup]:
    """Make the class of a group whose commands are these."""

    class LazyGroup(TyperGroup):
        """A group that lists its commands by their entries."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "commands": _Commands(entries)})

        def list_commands(self, ctx: Any) -> list[str]:
            del ctx
            return [entry.name for entry in entries]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """Give what the list shows; what is run comes from `resolve_command`."""
            del ctx
            said = {entry.name: entry.says for entry in entries}.get(cmd_name)
            return None if said is None else _plain(TyperCommand(cmd_name, help=said))

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            return name, command and self.commands[str(name)], rest

    return LazyGroup

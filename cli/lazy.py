"""Commands that are loaded when they are run: `orders --help` and completion need none of them.

                 loads
orders --help    nothing: each command is listed by the line that its entry has
orders dlq ls    cli.commands.dlq
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

if TYPE_CHECKING:
    from collections.abc import Sequence


class Entry(NamedTuple):
    """A command: where it is, and what the list of commands says of it.

    Args:
        name: as it is typed.
        says: its line in the list.
        module: of `cli.commands`, unless it has the command's name. It has a Typer app `app`, or a
            function of the command's name.
    """

    name: str
    says: str
    module: str = ""

    def load(self) -> Any:
        """Import the command."""
        module = import_module(f"cli.commands.{self.module or self.name}")
        if hasattr(module, "app"):
            command: Any = get_group(module.app)
            command.help = self.says
        else:
            alone = typer.Typer(add_completion=False)
            examples = getattr(module, f"{self.name.upper()}_EXAMPLES", None)
            alone.command(self.name, epilog=examples)(getattr(module, self.name))
            command = get_command(alone)
        command.name = self.name
        return command


class _Commands(dict[str, Any]):
    """The commands by name; one is loaded when it is looked up, and none to be listed."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__({entry.name: entry for entry in entries})

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if isinstance(found, Entry):
            found = self[name] = found.load()
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
            return None if said is None else TyperCommand(cmd_name, help=said)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            return name, command and self.commands[str(name)], rest

    return LazyGroup

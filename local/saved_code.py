"""Saved code: what is edited while a copy runs is what the next request runs.

saved                     what happens
orders/                   asset built ─► each function's code ─► a version that `live` points to
web/                      the page built: reload it
infrastructure/, cdk.json nothing: the template has changed, which takes a new start
"""

from __future__ import annotations

import contextlib
from glob import iglob
from typing import TYPE_CHECKING, Any

from infrastructure.asset import AssetError
from infrastructure.functions import BY_NAME, LIVE
from local.copy.deployment import provide
from ops.live.function_variables import change, changes_in, look, variables_of
from ops.reach.errors import OperatorError
from ops.reach.layout import SHARED
from ops.web import bundle
from project import private_files
from project.checkout import ROOT
from project.file_lock import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from infrastructure.asset import Asset
    from ops.reach.layout import Layout

_CODE = ("orders/**/*.py",)
_PAGE = ("web/src/**/*", "web/build.mjs")
_TEMPLATE = ("infrastructure/**/*.py", "cdk.json", "pyproject.toml")
_SHOWN = 3

Times = dict[str, int]


class SavedCode:
    """The sources as they were looked at last, and the copy that runs what is made of them."""

    def __init__(
        self,
        client: Callable[[str], Any],
        functions: Mapping[str, str],
        layout: Layout,
        build: Callable[[], Asset],
        *,
        root: Path = ROOT,
    ) -> None:
        """Look at the sources for the first time.

        Args:
            client: makes clients of the emulator.
            functions: the functions by name, with what the emulator calls them.
            layout: where the copy keeps its things.
            build: builds what the functions run.
            root: where the sources are.
        """
        self._client, self._functions, self._build = client, functions, build
        self._marker, self._root = layout.saved_code, root
        self._seen = {patterns: self._times(patterns) for patterns in (_CODE, _PAGE, _TEMPLATE)}

    def catch_up(self) -> Iterator[str]:
        """Let the functions run what is saved, where the copy was stopped after it ran other code.

        The template alone does not tell: it may be as it was before the code was edited.
        """
        if self._marker.exists():
            yield self._reload("what is saved")
            self._marker.unlink()

    def news(self) -> Iterator[str]:
        """Do what each change since the last look takes; gives a line for people on each."""
        for patterns, act in (
            (_CODE, self._reload),
            (_PAGE, self._rebuild),
            (_TEMPLATE, self._restart),
        ):
            now, before = self._times(patterns), self._seen[patterns]
            if now != before:
                self._seen[patterns] = now
                changed = sorted(
                    path for path in now.keys() | before.keys() if now.get(path) != before.get(path)
                )
                more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
                yield act(", ".join(changed[:_SHOWN]) + more)

    def _times(self, patterns: tuple[str, ...]) -> Times:
        found = {}
        for pattern in patterns:
            # Path.glob fails where a folder goes meanwhile, before Python 3.13.
            for name in iglob(pattern, root_dir=self._root, recursive=True):  # noqa: PTH207 - as said
                path = self._root / name
                with contextlib.suppress(FileNotFoundError):  # saved anew, or removed, just now
                    if path.is_file():
                        found[name] = path.stat().st_mtime_ns
        return found

    def _reload(self, what: str) -> str:
        try:
            with alone(SHARED / "lock"):
                asset = self._build()
        except (AssetError, FileNotFoundError) as error:  # or a file that went while it was read
            return f"{what}: {error}\nThe functions run what they ran before."
        private_files.write(self._marker, asset.fingerprint.encode())
        place = provide(self._client("s3"), f"saved-{asset.fingerprint}.zip", asset.path)
        client = self._client("lambda")
        for name, physical in self._functions.items():
            released = BY_NAME[name].released
            variables = variables_of(look(client, physical).called)
            made = client.update_function_code(FunctionName=physical, Publish=released, **place)
            if released:
                version = made["Version"]
                client.update_alias(FunctionName=physical, Name=LIVE, FunctionVersion=version)
                for changed, value in changes_in(variables).items():  # such as a level of the log
                    change(client, look(client, physical), changed, value)
        return f"{what}: the next request runs it."

    def _rebuild(self, what: str) -> str:
        try:
            bundle.ready()
        except (OperatorError, FileNotFoundError) as error:
            return f"{what}: {error}\nThe web client is what it was before."
        return f"{what}: reload the page."

    def _restart(self, what: str) -> str:
        return f"{what}: the template has changed. To deploy it, start again: ^C, make run"

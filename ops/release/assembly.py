"""A cloud assembly: what the CDK app wrote here, or what was built elsewhere and came as a ZIP.

cdk.out/
├── manifest.json                 which stacks, with which roles
├── <stack>.template.json         what CloudFormation gets
├── <stack>.assets.json           what goes to the account's bucket, the template included
└── asset.<hash>/                 the functions' code
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from ops.reach.errors import OperatorError
from ops.reach.templates import read
from project.json_object import json_object
from project.release import Release, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

_STACK = "aws:cloudformation:stack"
_INSIDE = "cdk.out"
"""The folder that whoever zips an assembly may have zipped with it."""

_BUILD_AGAIN = "Build it again from the release's commit, and deploy that."


class Assembly(NamedTuple):
    """A stage's part of a cloud assembly, looked through: whatever it names is there."""

    folder: Path
    template: dict[str, Any]
    template_key: str
    """The template's name in the account's bucket of assets: its hash, and `.json`."""
    protected: bool
    """Whether the stack is to be protected from deletion."""
    tags: Mapping[str, str]
    """The stack's own, beside those that the template gives its resources."""

    @property
    def release(self) -> Release | None:
        """The release that it was built from; None where it does not say."""
        return release_of(self.template)


def release_of(template: Mapping[str, Any]) -> Release | None:
    """Read which release a template was made by; None for one that does not say."""
    said = template.get("Outputs", {}).get(outputs.RELEASE, {}).get("Value")
    try:
        return parsed(said) if isinstance(said, str) else None
    except ValueError:
        return None


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack an assembly; gives the folder that has its manifest.

    Args:
        archive: a ZIP of cdk.out, with the folder or without.
        folder: an empty one, to unpack it in.

    Raises:
        OperatorError: when it is no whole assembly.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            if damaged := opened.testzip():
                raise _broken(archive, f"{damaged} is damaged")
            _check_names(archive, opened.namelist())
            opened.extractall(folder)
    except OSError as error:
        raise OperatorError(f"{archive} cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise _broken(archive, f"it is no ZIP that can be opened ({error})") from None
    inside = folder / _INSIDE
    return inside if (inside / "manifest.json").is_file() else folder


def opened(folder: Path, stack: str) -> Assembly:
    """Look a stage's assembly through.

    Args:
        folder: cdk.out, or what was unpacked.
        stack: the name of the stage's stack.

    Raises:
        OperatorError: when it is of another stage, or not whole.
    """
    artifacts = _json(folder, "manifest.json").get("artifacts")
    if not isinstance(artifacts, dict):
        raise _broken(folder, "its manifest lists nothing")
    stacks = {name for name, one in artifacts.items() if _of_type(one) == _STACK}
    if stack not in stacks:
        raise OperatorError(
            f"This assembly is of {', '.join(sorted(stacks)) or 'no stack'}, not of {stack}. "
            "Build or fetch that of the stage that you mean, or name the other stage."
        )
    found = artifacts[stack]["properties"]
    template = read(folder / found["templateFile"])
    assets = _json(folder, f"{stack}.assets.json").get("files", {})
    _check_assets(folder, assets)
    return Assembly(
        folder,
        template,
        str(found["stackTemplateAssetObjectUrl"]).rpartition("/")[2],
        bool(found.get("terminationProtection")),
        {str(name): str(value) for name, value in found.get("tags", {}).items()},
    )


def _check_names(archive: Path, names: list[str]) -> None:
    """Refuse what would be written outside the folder; zipfile would write it elsewhere inside."""
    for name in names:
        path = Path(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise _broken(archive, f"it has a file outside of itself, {name!r}")


def _check_assets(folder: Path, assets: Mapping[str, Any]) -> None:
    for name, asset in assets.items():
        source = folder / str(asset["source"]["path"])
        if not source.exists():
            raise _broken(folder, f"{source.name} is missing")
        if source.is_file() and source.suffix == ".json" and _digest(source) != name:
            raise _broken(folder, f"{source.name} is not what its hash says")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json_object((folder / name).read_bytes())
    except OSError:
        raise _broken(folder, f"it has no {name}") from None
    if found is None:
        raise _broken(folder, f"its {name} is no JSON object")
    return found


def _of_type(artifact: Any) -> str | None:
    return artifact.get("type") if isinstance(artifact, dict) else None


def _broken(where: Path, why: str) -> OperatorError:
    return OperatorError(f"{where} is no whole cloud assembly: {why}. {_BUILD_AGAIN}")

"""A release as a change of the deployed one: of its code, of its template, or of both."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Template = dict[str, Any]
    Edit = Callable[[Template], None]

FUNCTION, VERSION, GATE = (
    "AWS::Lambda::Function",
    "AWS::Lambda::Version",
    "Custom::ReleaseGate",
)
_API = "AWS::ApiGateway::"
_OURS = "orders"
_DIGITS = 12


class Source(NamedTuple):
    """A piece of a module's text, and what stands there in the release."""

    module: str
    """Its path, from the checkout on."""
    old: str
    new: str

    def planted(self, text: str) -> str:
        """Replace the one piece.

        Raises:
            AssertionError: when it is not there, or not once: the planting must follow the code.
        """
        assert text.count(self.old) == 1, (
            f"{self.module} says {self.old!r} {text.count(self.old)} times, and once is what this "
            "planting replaces: read what the module does now, and mend the planting"
        )
        return text.replace(self.old, self.new)


class Release(NamedTuple):
    """What is otherwise than in the release that is deployed."""

    sources: tuple[Source, ...] = ()
    edits: tuple[Edit, ...] = ()
    gate: str = "check"
    """What the gate is told: `check` or `skip`."""
    rounds: int = 1
    """How often the gate tries each shape of order."""
    environments: int = 1
    """How many of each function the gate starts at once: each is a process on this machine."""
    slow_factor: int = 10
    """How many times as long as now answers may take: a busy machine is no finding."""

    def code(self, asset: Path) -> bytes | None:
        """Zip the functions' asset with the changed modules; None where none changes."""
        return _zipped(asset, changed_texts(self.sources)) if self.sources else None

    def template(self, deployed: Template, code: bytes | None) -> Template:
        """Give the template that `make synth` would give: new versions of what has changed."""
        made = copy.deepcopy(deployed)
        for edit in self.edits:
            edit(made)
        if code is not None:
            _run(made, key_of(code))
        for gate in of_type(made, GATE).values():
            reason = "planted" if self.gate == "skip" else ""
            gate["Properties"] |= {"Gate": self.gate, "Reason": reason, "Rounds": self.rounds}
            more = {"SlowFactor": self.slow_factor, "Environments": self.environments}
            gate["Properties"] |= more
        return _versioned(deployed, made)


def harmless(number: int) -> Release:
    """Make a release that does the same as the one before, in other bytes."""
    path = "orders/__init__.py"
    head = (ROOT / path).read_text()
    return Release((Source(path, head, f"{head}\n# release {number}\n"),))


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Give a template's resources of a type, by their logical ids."""
    found = template["Resources"].items()
    return {name: resource for name, resource in found if resource["Type"] == kind}


def key_of(code: bytes) -> str:
    """Name a zipped asset in the bootstrap bucket, as the CDK does: by its content."""
    return f"{hashlib.sha256(code).hexdigest()}.zip"


def _run(template: Template, key: str) -> None:
    """Let every function of the project run the code under a key."""
    for function in of_type(template, FUNCTION).values():
        if function["Properties"]["Handler"].startswith("orders.handlers."):
            function["Properties"]["Code"]["S3Key"] = key


def _versioned(deployed: Template, made: Template) -> Template:
    """Give a new version to each function that is otherwise than before, as the CDK does.

    A version's logical id carries a digest of its function; AWS publishes one for a new id alone.
    A deployment's of API Gateway carries one of the whole API: without it nothing is deployed.
    """
    text = json.dumps(made)
    followed = {
        name: [version["Properties"]["FunctionName"]["Ref"]]
        for name, version in of_type(made, VERSION).items()
    }
    followed |= dict.fromkeys(of_type(made, f"{_API}Deployment"), _parts_of_api(deployed, made))
    for name, sources in followed.items():
        now, before = (
            json.dumps([template["Resources"].get(source) for source in sources])
            for template in (made, deployed)
        )
        if now != before:
            digest = hashlib.sha256(now.encode()).hexdigest()
            text = text.replace(f'"{name}"', f'"{name}{digest[:_DIGITS]}"')
    changed: Template = json.loads(text)
    return changed


def _parts_of_api(*templates: Template) -> list[str]:
    kinds = ("Method", "Resource", "GatewayResponse")
    return sorted(
        {one for each in templates for kind in kinds for one in of_type(each, _API + kind)}
    )


def changed_texts(sources: tuple[Source, ...]) -> dict[str, str]:
    """Give the text of each module that a release changes, by its path.

    Raises:
        AssertionError: when a piece to replace is not there, or not once.
    """
    texts: dict[str, str] = {}
    for source in sources:
        before = texts.get(source.module) or (ROOT / source.module).read_text()
        texts[source.module] = source.planted(before)
    return texts


def _zipped(asset: Path, changed: dict[str, str]) -> bytes:
    """Zip an asset; what has changed is a source in the place of its bytecode."""
    buffer = io.BytesIO(_packages(asset))
    with zipfile.ZipFile(buffer, "a") as archive:
        for path, name in _files(asset / _OURS, asset):
            if name.removesuffix("c") not in changed:
                _add(archive, name, path.read_bytes())
        for name, text in changed.items():
            _add(archive, name, text.encode())
    return buffer.getvalue()


@cache
def _packages(asset: Path) -> bytes:
    """Zip what no release of this folder changes, once."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, name in _files(asset, asset):
            if not name.startswith(f"{_OURS}/"):
                _add(archive, name, path.read_bytes())
    return buffer.getvalue()


def _files(folder: Path, asset: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(asset).as_posix()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file, dated 1980 as the CDK does: equal files make equal archives."""
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=1)

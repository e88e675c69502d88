"""Where the emulator and AWS differ: the made parts of docs/emulator.md.

`python -m documents.emulator` writes them. What the patches say of themselves is read as text: they
belong to another house.
"""

from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING, Any

from project.checkout import ROOT
from project.markdown import with_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = ROOT / "docs/emulator.md"
PATCHES = ROOT / "local/inside/patches"
REFUSED = ROOT / "local/inside/refused_resources.py"

_WIDTH = 100


def main() -> None:
    """Write the document anew."""
    DOCUMENT.write_text(document())


def document() -> str:
    """Give the document with its made parts as the code has them."""
    return with_blocks(DOCUMENT.read_text(), {"patches": _patches(), "refused": _refused()})


def patches() -> Iterator[tuple[str, str, str]]:
    """Give of each patch its module, its name and what it says of itself."""
    for path in sorted(PATCHES.glob("[a-z]*.py")):
        module = ast.parse(path.read_text())
        of_module = {
            node.name: ast.get_docstring(node) or ""
            for node in module.body
            if isinstance(node, ast.FunctionDef)
        }
        for name in _listed():
            if name in of_module:
                yield path.stem, name, of_module[name]


def _listed() -> list[str]:
    """Name the patches that `local/inside/patches/__init__.py` lists, in its order."""
    module = ast.parse((PATCHES / "__init__.py").read_text())
    listed: list[Any] = [
        node.generators[0].iter
        for node in ast.walk(module)
        if isinstance(node, ast.DictComp) and isinstance(node.generators[0].iter, ast.Tuple)
    ]
    return [patch.attr for made in listed for patch in made.elts]


def _patches() -> str:
    lines: list[str] = []
    heading = ""
    for module, name, said in patches():
        if module != heading:
            heading = module
            lines += ["", f"### {module.rstrip('_')}"]
        summary = said.partition("\n")[0]  # what AWS does, and its source, stay in the code
        lines.append(
            textwrap.fill(
                f"* `{name}`: {summary}",
                _WIDTH,
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return "\n".join(lines).lstrip("\n") + "\n"


def _refused() -> str:
    module = ast.parse(REFUSED.read_text())
    (types,) = (
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "REFUSED_TYPES"
    )
    return "".join(f"* `{kind}`\n" for kind in sorted(types))


if __name__ == "__main__":
    main()

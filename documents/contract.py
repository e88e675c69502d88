"""What machines read besides OpenAPI 3.0: OpenAPI 3.1, AsyncAPI, and the messages' JSON Schemas.

`python -m documents.contract` writes them to docs/api.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from documents.events import messages
from documents.events.asyncapi import DOCUMENT as ASYNCAPI
from documents.events.asyncapi import asyncapi, schemas
from documents.events.webhooks import DOCUMENT_31, document_31
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from documents.openapi.schemas import Schema

SCHEMAS = ROOT / "docs/api/schemas"
"""The folder of the messages' schemas, each of which stands alone."""


def contract() -> dict[Path, Schema]:
    """Make each document, by where it is kept."""
    shown = {
        messages.EVENT: ("order-event.json", messages.events()),
        messages.DELAY: ("ready-time-event.json", messages.delays()),
        messages.CHANGE: ("order-change.json", messages.changes()),
    }
    parts = schemas()
    alone = {
        SCHEMAS / file: {
            **messages.standalone(parts[name], parts),
            "examples": list(examples.values()),
        }
        for name, (file, examples) in shown.items()
    }
    return {DOCUMENT_31: document_31(), ASYNCAPI: asyncapi(), **alone}


def rendered(made: Schema) -> str:
    """Render a document as the text of its file."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the documents."""
    SCHEMAS.mkdir(exist_ok=True)
    for path, made in contract().items():
        path.write_text(rendered(made))


if __name__ == "__main__":
    main()

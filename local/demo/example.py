"""The example order of this project: what `make run` offers to paste, and the documents show."""

from __future__ import annotations

import json
from typing import Any

from project.checkout import ROOT

EXAMPLE = ROOT / "docs/api/order.json"
"""Its file."""

ORDER: dict[str, Any] = json.loads(EXAMPLE.read_text())
"""It costs 2 × (1199 + 150) + 299 + 200 = 3197."""

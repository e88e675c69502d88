"""`python -m ops`, which is what `.venv/bin/orders` runs."""

from __future__ import annotations

from ops.cli import main

if __name__ == "__main__":
    main()

"""`python -m cli`, which is what `.venv/bin/orders` runs."""

from __future__ import annotations

import sys


def main() -> None:
    """Answer at once where that is possible; else load the command."""
    from cli import quickly  # noqa: PLC0415 - ^C may come this early

    code = quickly.answer(sys.argv[1:])
    if code is not None:
        sys.exit(code)
    from cli.app import main as run  # noqa: PLC0415 - it takes longer than all that is above

    run()


if __name__ == "__main__":
    main()

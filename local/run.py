"""`make run`: the whole service on this machine, until ^C."""

from __future__ import annotations

import argparse
import io
import os
import sys

from local import stop_signals


def main() -> None:
    """Run until stopped; exit with 1 when it cannot start or go on."""
    argparse.ArgumentParser(
        allow_abbrev=False,
        prog="make run",
        description=__doc__,
        epilog="LOCAL_PORT chooses the port (4566), LOCAL_DIR where everything is kept (.local).",
    ).parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal knows a check mark
    stop_signals.listen()
    with stop_signals.until_stopped():
        from local.session import serve  # noqa: PLC0415 - slow, and ^C comes early at times
        from ops.reach.errors import LocalError  # noqa: PLC0415 - likewise
        from ops.reach.layout import layout_from_environment  # noqa: PLC0415 - likewise

        try:
            serve(layout_from_environment())
        except LocalError as error:
            sys.exit(f"\n{error}")
        except BrokenPipeError:
            # Whoever read what we said is gone; Python must not try to say the rest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)


if __name__ == "__main__":
    main()

"""A start without the search for garbage: what a start makes stays for as long as the process.

import orders.handlers ─► begin    nothing is searched while modules and the handler are made
the handler is made    ─► ready    what there is by then is never searched; what comes later is

Python would search a dozen times while a function starts, and find nothing to speak of. Later
searches are cheaper, too: they look at what requests have made, and not at every class.
https://docs.python.org/3/library/gc.html#gc.freeze
"""

from __future__ import annotations

import gc


def begin() -> None:
    """Start: search for no garbage from now on."""
    gc.disable()


def ready() -> None:
    """End a start: set aside all that there is, and search as ever from now on.

    Nothing happens to a process that is not starting, or has started already: tests and tools
    import handlers, too.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()

"""The demo orders are welcome, and no reason for a run to fail."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import Any

from local.demo.served import RESTAURANTS, place_served


def test_an_api_that_goes_away_meanwhile_is_no_stack_trace() -> None:
    """When the emulator is killed while the demo orders are placed, the run can say so itself."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            for _ in RESTAURANTS:
                connection, _ = listening.accept()
                with connection:
                    asked.append(connection.recv(10_000))

        serving = threading.Thread(target=hang_up, daemon=True)
        serving.start()
        port = listening.getsockname()[1]
        there: Any = SimpleNamespace(api_url=f"http://127.0.0.1:{port}", other_customer_token="t")
        place_served(there)
        serving.join()
    assert [each.split()[0] for each in asked] == [b"POST", b"POST"]

"""The emulator's state is saved as it is at one moment, and a save that fails is made again."""

from __future__ import annotations

import copy
import os
import threading
import time
from typing import TYPE_CHECKING

from local.inside import saved_state
from local.inside.saved_state import SAVING_SECONDS, Saver, pause_after

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_last_save_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What moves from one service to another while they are saved is in exactly one of them."""
    here, there, stop = [0], [0], threading.Event()

    def move() -> None:
        while not stop.is_set():
            here[0], there[0] = here[0] - 1, there[0] + 1
            time.sleep(0.001)

    def save() -> None:
        first = here[0]
        time.sleep(0.2)  # in which a hundred things move, where they can
        (tmp_path / "moved").write_text(f"{first + there[0]}")

    monkeypatch.setattr(saved_state, "save_changed", save)
    moving = threading.Thread(target=move)
    moving.start()
    try:
        Saver().finish()
    finally:
        stop.set()
        moving.join()
    assert abs(int((tmp_path / "moved").read_text())) <= 1  # of a move that was half made


def test_a_save_that_fails_in_the_child_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The state is not lost because a child could not save it; the log says why it could not."""
    parent = os.getpid()

    def save() -> None:
        if os.getpid() != parent:
            raise OSError("no room for the child")
        (tmp_path / "saved").touch()

    monkeypatch.setattr(saved_state, "save_changed", save)
    Saver().finish()
    assert (tmp_path / "saved").exists()
    assert "no room for the child" in capfd.readouterr().err


def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop does not wait for ever for a save that does not end: it is made without a child."""
    parent = os.getpid()

    def save() -> None:
        if os.getpid() != parent:
            time.sleep(60)
        (tmp_path / "saved").touch()

    monkeypatch.setattr(saved_state, "save_changed", save)
    monkeypatch.setattr(saved_state, "_LAST_SAVE_SECONDS", 0.1)
    Saver().finish()
    assert (tmp_path / "saved").exists()


def test_a_child_saves_the_state_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save copies nothing where nobody else can change it, and the emulator copies as ever."""
    state = {"orders": ["one"]}

    def save() -> None:
        (tmp_path / "saved").write_text(str(copy.deepcopy(state) is state))

    monkeypatch.setattr(saved_state, "save_changed", save)
    Saver().finish()
    assert (tmp_path / "saved").read_text() == "True"
    assert copy.deepcopy(state) is not state


def test_a_large_state_is_saved_less_often() -> None:
    """A copy with months of orders and logs does not spend its processor on saving them."""
    assert pause_after(0.01) == SAVING_SECONDS
    assert pause_after(1.0) == 10 * pause_after(0.1) > SAVING_SECONDS

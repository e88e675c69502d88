"""A wrong setting ends every command with a sentence, for every command reads the settings."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from project.checkout import ROOT
from tests.unit.infrastructure.warm import Ended, Warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = "infrastructure/settings.py"
PLANTED = '"planted": lambda: Settings(stage="planted"'

FAULTS = {
    "wrong type": (f'{PLANTED}, memory_mb="512")', "memory_mb must be a whole number, not '512'"),
    "True is no number": (f"{PLANTED}, memory_mb=True)", "memory_mb must be a whole number"),
    "wrong name": (f"{PLANTED}, memory=512)", "memory is no setting"),
    "missing": ('"planted": lambda: Settings()', "stage is missing"),
    "another's name": ('"planted": lambda: Settings(stage="dev")', "stage must be 'planted'"),
    "not by a function": ('"planted": Settings(stage="planted")', "STAGES it begins with `lambda"),
    "out of bounds": (f"{PLANTED}, timeout_seconds=30)", "timeout_seconds must be at most 29"),
    "no such Region": (f'{PLANTED}, region="eu-west-9")', "region must be a Region .*'eu-west-9'"),
    "no Region at all": (f'{PLANTED}, region="Ireland")', "region must be a Region .*'Ireland'"),
    "between two": (
        f"{PLANTED}, concurrency_quota=10)",
        "but of concurrency_quota 10 Lambda keeps",
    ),
    "two at once": (f"{PLANTED}, memory_mb=1, region=1)", r"region must .*\n  memory_mb must be"),
    "in a part": (f"{PLANTED}, budget=Budget(margin=0.5))", "budget.margin must be at least 1"),
    "in a part's name": (f'{PLANTED}, budget=Budget(alarm_email="a"))', "budget.alarm_email is no"),
    "missing in a part": (f"{PLANTED}, opening_hours=OpeningHours(opens=9))", "closes is missing"),
    "nearly a name": (
        f'{PLANTED}, regoin="eu-west-1")',
        "regoin is no setting. Did you mean: 'region'\\?",
    ),
    "a part without its form": (
        f'{PLANTED}, mail="x@y.example")',
        r"mail must be a Mail, not 'x@y\.example': Mail\(sender=…\)",
    ),
    "hours": (
        f"{PLANTED}, opening_hours=9)",
        r"must be an OpeningHours, not int: OpeningHours\(opens=…, closes=…\)",
    ),
    "a tuple without its comma": (
        f"{PLANTED}, webhooks=Webhooks(waits=(10)))",
        r"waits must be a tuple, not int; of one value with a comma: \(10,\)",
    ),
    "an empty tuple": (
        f"{PLANTED}, webhooks=Webhooks(waits=()))",
        "waits must not have fewer entries than 1",
    ),
    "a waiver that is no sentence": (
        f'{PLANTED}, mail_waiver="few")',
        "mail_waiver must be nothing, or a sentence of 10 to 300 characters, not 'few'",
    ),
    "a slash at the end": (
        f'{PLANTED}, runbooks="https://a.example/runbooks/")',
        "runbooks must be docs/runbooks, or an https address without a slash at its end, not",
    ),
    "a capital letter": (
        '"Planted": lambda: Settings(stage="Planted")',
        "stage must be a lower-case letter, then at most 19 of",
    ),
    "too few left": (
        f"{PLANTED}, webhooks=Webhooks(most_at_once=30))",
        (
            r"only 510 can run, neither reserved nor the workers' \(concurrency_quota 1000 less "
            r"reserved_concurrency\.create_order 300, workers\.process_order\.most_at_once 100, "
            r"workers\.notify_partner\.most_at_once 50, webhooks\.most_at_once 30, "
            r"webhooks\.restaurants_at_once 10\): lower one of these, or lower "
            r"stage_throttle\.burst 105 × 2 \+ head_throttle\.burst 50 × 4 \+ serving.*"
        ),
    ),
    "reserved too few": (
        f'{PLANTED}, reserved_concurrency={{"create_order": 200}})',
        (
            r"only 200 can run, its reservation: raise reserved_concurrency\.create_order to 300, "
            r"or lower placing_throttle\.burst 150 × 2"
        ),
    ),
    "ten executions": (
        f"{PLANTED}, concurrency_quota=10)",
        r"reserve 0 at most, reserved_concurrency=\{\}, and with a quota below 100 shares_waiver",
    ),
    "ten executions, unexplained": (
        f"{PLANTED}, concurrency_quota=10, reserved_concurrency={{}})",
        "only 0 can run, .*with a quota below 100 shares_waiver must say why",
    ),
    "no part": (f"{PLANTED}, budget=100)", "budget must be a Budget, not int"),
    "in a tuple": (
        f'{PLANTED}, alarm_emails=("a@a.example", "b"))',
        r"alarm_emails\[1\] must be an",
    ),
    "in a mapping": (
        f'{PLANTED}, reserved_concurrency={{"create_order": "5"}})',
        "reserved_concurrency.create_order must be a whole number, not '5'",
    ),
}
"""What somebody writes as an entry of STAGES, and what they are told."""

TYPED = {
    "another language's true": (
        f"{PLANTED}, keep_data=true)",
        "name 'true' is not defined. Did you mean: 'True'?",
    ),
    "a class's name": (
        f"{PLANTED}, opening_hours=OpeningHour(opens=9, closes=2))",
        "name 'OpeningHour' is not defined. Did you mean: 'OpeningHours'?",
    ),
    "a member": (
        f"{PLANTED}, capacity=Capacity(mode=CapacityMode.PROVISONED))",
        ".*PROVISONED.*",
    ),
    "a method": (
        f"{PLANTED}, runbooks='X'.lowr())",
        "'str' object has no attribute 'lowr'. Did you mean: 'lower'?",
    ),
    "a text without quotes": (
        f"{PLANTED}, price_quotes=off)",
        "name 'off' is not defined. A text stands in quotes: 'off'.",
    ),
    "another type": (f"{PLANTED}, memory_mb=512 + 'MB')", "TypeError: unsupported operand .*"),
    "a class's longer name": (
        f"{PLANTED}, mail=SenderMail(sender='a@b.example'))",
        "name 'SenderMail' is not defined. Did you mean: 'Mail'?",
    ),
    "a class that there is not": (
        f"{PLANTED}, mail=Zzz(1))",
        "name 'Zzz' is not defined. The classes: docs/configuration.md.",
    ),
    "two faults": (
        f"{PLANTED}, memory_mb=1, timeout_seconds=30)",
        "memory_mb must be at least 128\n  timeout_seconds must be at most 29",
    ),
}
"""Likewise, where Python cannot make the stage: they are told the line, too."""

UNREADABLE = {
    "a forgotten comma": (
        f"{PLANTED} memory_mb=512)",
        "invalid syntax. Perhaps you forgot a comma?",
    ),
    "a setting twice": (
        f"{PLANTED}, memory_mb=512, memory_mb=256)",
        "keyword argument repeated: memory_mb",
    ),
}
"""Likewise, where Python cannot read the file at all."""

READ_NONE = {
    *("-m local.token $(WHO)", "-m tests.shared.access", "-m tests.contract.rules"),
    *("-m documents.mapping", "-m documents.metrics", "-m documents.proof"),
    *("-m documents.emulator", "-m documents.personal_data", "-m ops.web.bundle"),
    *("-m documents.site.build", "-m ops.web.bundle keep"),
}
RECIPES = re.findall(r"\$\(PYTHON_HERE\) ([^#\n]+[^#\s])", (ROOT / "Makefile").read_text())
COMMANDS = [
    *(re.sub(r"\$\(\w+\)", "", recipe) for recipe in RECIPES if recipe not in READ_NONE),
    *(
        "-m cli dlq ls",
        "-m cli cost",
        "-m ops.reach.templates dev .",
        "-m local.copy.synthesis . .",
    ),
]
"""The Makefile's, but those that read no settings; `orders`, and what commands start themselves."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder like the checkout with a wrong stage: app and infrastructure are its own."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in ROOT.iterdir():
        if path.is_dir() and path.name != "infrastructure" and not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    (folder / "infrastructure").mkdir()
    for path in (ROOT / "app.py", *(ROOT / "infrastructure").iterdir()):
        at = folder / path.relative_to(ROOT)
        if path.name == "__pycache__":
            continue  # bytecode of other settings, which must not be taken or made there
        if path.is_dir():
            at.symlink_to(path)
        else:
            shutil.copy(path, at)
    (folder / PLACE).write_text(with_stage(f"{PLANTED}, memory_mb=64)"))
    return folder


def with_stage(entry: str) -> str:
    """Give the settings' text with another stage."""
    text = (ROOT / PLACE).read_text()
    changed = text.replace('        "prod": ', f'        {entry},\n        "prod": ', 1)
    assert changed != text
    return changed


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Give a Python that has loaded the libraries: a hundred commands need not do so."""
    made = Warm(tmp_path_factory.mktemp("warm"))
    yield made
    made.close()


def said(checkout: Path, command: str, warm: Warm | None = None) -> str:
    """Run a command, which must fail, and give what it says."""
    environment = {**os.environ, "STAGE": "dev", "PYTHONPATH": str(checkout)}
    if warm is not None:
        ended = warm.run(command, checkout, environment)
    else:
        words = [sys.executable, *shlex.split(command)]
        done = subprocess.run(
            words, cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        ended = Ended(done.returncode, done.stdout, done.stderr)
    assert (ended.code, ended.out) == (1, ""), ended.err
    return ended.err


def planted(file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read settings from another file than the checkout's."""
    spec = importlib.util.spec_from_file_location("planted_settings", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where types are looked up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_setting_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Whatever I get wrong in a stage, each command names the file, the stage and the setting."""
    entry, sentence = FAULTS[fault]
    file = tmp_path / "settings.py"
    file.write_text(with_stage(entry))
    with pytest.raises(SystemExit) as told:
        planted(file, monkeypatch)
    begin = r"infrastructure/settings\.py(, line \d+)?: stage [Pp]lanted:"
    assert re.fullmatch(rf"{begin} .*{sentence}.*", str(told.value.code))


@pytest.mark.parametrize("fault", TYPED)
def test_a_typing_error_is_told_with_its_line(checkout: Path, warm: Warm, fault: str) -> None:
    """Whatever I mistype in a stage, I am told the line and what is wrong, as by Python itself."""
    entry, sentence = TYPED[fault]
    with settings(checkout, entry) as line:
        told = said(checkout, "-m cli cost", warm)
    begin = f"{PLACE}, line {line}: stage planted: "
    assert told.startswith(begin)
    rest = told.removeprefix(begin).rstrip("\n")
    assert rest == sentence or re.fullmatch(sentence, rest)


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("command", ["app.py", "-m cli doctor", "-m cli dlq ls"])
def test_a_file_that_cannot_be_read_is_told(
    checkout: Path, warm: Warm, fault: str, command: str
) -> None:
    """Whatever breaks the file, I am told the line in a sentence, and not to report a bug."""
    entry, sentence = UNREADABLE[fault]
    starts = None if command == "app.py" else warm  # Python itself reads it, from the beginning
    with settings(checkout, entry) as line:
        assert said(checkout, command, starts) == f"{PLACE}, line {line}: {sentence}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_that_the_file_cannot_be_read(
    checkout: Path, warm: Warm, command: str
) -> None:
    """No command ends with a traceback where Python cannot read the settings."""
    with settings(checkout, UNREADABLE["a forgotten comma"][0]):
        told = said(checkout, command, warm)
        assert told.endswith(": invalid syntax. Perhaps you forgot a comma?\n")


def test_a_stage_that_is_there_twice_is_told(checkout: Path, warm: Warm) -> None:
    """A copied entry whose name I forgot to change does not take the place of the first."""
    with settings(checkout, '"prod": lambda: Settings(stage="prod")') as line:
        told = said(checkout, "-m cli cost", warm)
    assert told == f"{PLACE}, line {line + 1}: stage prod is there twice\n"


def test_names_above_the_stages_are_no_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What I define above the stages may have entries of one name: they are read as they stand."""
    mine = 'MINE = {\n        "a": 1,\n}\nTHEIRS = {\n        "a": 2,\n}\n\n\nSTAGES = '
    text = (ROOT / PLACE).read_text()
    file = tmp_path / "settings.py"
    file.write_text(text.replace("STAGES = _made", f"{mine}_made", 1))
    assert planted(file, monkeypatch).THEIRS == {"a": 2}


def test_a_fault_outside_the_stages_is_told(checkout: Path, warm: Warm) -> None:
    """What I define above the stages, and get wrong, is told with its line as well."""
    file = checkout / PLACE
    before = file.read_text()
    file.write_text(before.replace("\nSTAGES = ", "\nMINE = Worker(most_at_once=5)\nSTAGES = "))
    line = file.read_text().partition("MINE")[0].count("\n") + 1
    try:
        assert said(checkout, "-m cli cost", warm) == (
            f"{PLACE}, line {line}: worker.retry_seconds is missing\n"
        )
    finally:
        file.write_text(before)


@contextlib.contextmanager
def settings(checkout: Path, entry: str) -> Iterator[int]:
    """Have a checkout's settings with another stage for a while; gives the entry's line."""
    file = checkout / PLACE
    before = file.read_text()
    text = with_stage(entry)
    file.write_text(text)
    try:
        yield text.partition(entry)[0].count("\n") + 1
    finally:
        file.write_text(before)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_it(checkout: Path, warm: Warm, command: str) -> None:
    """No command ends with a traceback, or goes on, when a stage cannot be."""
    text = (checkout / PLACE).read_text()
    line = text.partition(PLANTED)[0].count("\n") + 1
    place = f"{PLACE}, line {line}: stage planted:"
    assert said(checkout, command, warm) == f"{place} memory_mb must be at least 128\n"

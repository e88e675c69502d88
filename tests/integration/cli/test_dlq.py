"""`orders dlq` against an emulator, on a stack with dead letters and without workers."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cli import app as cli
from infrastructure import outputs
from infrastructure.settings import stack_name
from ops.dead_letters import letters as dead_letters
from ops.dead_letters import redrive
from ops.reach.layout import free_port
from project.checkout import ROOT
from tests.integration import stacks
from tests.integration.laboratories.dead_letter_stack import template
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

STACK = stack_name("prod")
ORDERS = ROOT / ".venv" / "bin" / "orders"
KILLED = -signal.SIGKILL


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Service:
    """The stack's queues, as tests see them."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Look up where everything is."""
        self.sqs = aws(endpoints, "sqs")
        self.dynamodb = aws(endpoints, "dynamodb")
        self.streams = aws(endpoints, "dynamodbstreams")
        described = aws(endpoints, "cloudformation").describe_stacks(StackName=STACK)
        found = described["Stacks"][0]["Outputs"]
        self.outputs = {item["OutputKey"]: item["OutputValue"] for item in found}
        self.processing = self.outputs[outputs.queue("order_processing")]
        self.dead = self.outputs[outputs.dead_letters("order_processing")]
        self.pipe_dead = self.outputs[outputs.PIPE_DEAD_LETTERS]

    def empty(self) -> None:
        """Empty every queue."""
        for name, value in self.outputs.items():
            if name.endswith(("Queue", "DeadLetters")):
                self.sqs.purge_queue(QueueUrl=value)

    def bury(self, *orders: str, reason: str = "PaymentRefused", pad: int = 0) -> None:
        """Put a dead letter for each order where the worker puts them."""
        for order in orders:
            attributes = {"reason": {"DataType": "String", "StringValue": reason}}
            self.sqs.send_message(
                QueueUrl=self.dead, MessageBody=record(order, pad), MessageAttributes=attributes
            )

    def counts(self, url: str) -> tuple[int, int]:
        """Count what is visible, and what is not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def take(self, url: str, wait: int = 0) -> list[dict[str, Any]]:
        """Take all messages of a queue."""
        taken: list[dict[str, Any]] = []
        while True:
            options = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": wait}
            page = self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], **options)
            if not page.get("Messages"):
                return taken
            wait = 0
            taken += page["Messages"]
            for message in page["Messages"]:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def record(order: str, pad: int = 0) -> str:
    image = {"orderId": {"S": order}, "version": {"N": "3"}, "status": {"S": "CONFIRMED"}}
    change = {"NewImage": {**image, "note": {"S": "x" * pad}}}
    return json.dumps({"eventID": order, "eventName": "MODIFY", "dynamodb": change})


def orders_of(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(json.loads(message["Body"])["eventID"] for message in messages)


@pytest.fixture(scope="module")
def deployed(stack: Endpoints) -> Iterator[Endpoints]:
    cloudformation = aws(stack, "cloudformation")
    stacks.make(cloudformation, STACK, template())
    yield replace(stack, stack_name=STACK)
    stacks.end(cloudformation, STACK)


@pytest.fixture
def service(deployed: Endpoints) -> Service:
    service = Service(deployed)
    service.empty()
    return service


@pytest.fixture
def local_run(
    deployed: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let `--local` mean the stack of these tests."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(deployed)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture
def dlq(
    service: Service,  # noqa: ARG001 - empty queues
    local_run: None,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Ended]:
    """Run a command of `orders dlq` on the local run."""

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            cli.main(["dlq", *arguments, "--local"])
        said = capsys.readouterr()
        code = ended.value.code
        if isinstance(code, str):  # Python prints it and exits with 1
            return Ended(1, said.out, f"{said.err}{code}")
        return Ended(int(code or 0), said.out, said.err)

    return run


def test_ls(service: Service, dlq: Callable[..., Ended]) -> None:
    """I see how many dead letters there are and how old the oldest is; all stay, all visible."""
    service.bury("o-1")
    time.sleep(1.1)
    service.bury("o-2")
    listed = json.loads(dlq("ls", "--json").out)
    assert [item["queue"] for item in listed] == [
        *("processing", "notifications", "restaurants", "pipe")
    ]
    assert (listed[0]["waiting"], listed[0]["inFlight"]) == (2, 0)
    assert 1 <= listed[0]["oldestSeconds"] <= 30
    assert listed[0]["oldestIsExact"]
    assert listed[1]["oldestSeconds"] is None
    assert "processing" in dlq("ls").out
    assert service.counts(service.dead) == (2, 0)


def test_show_each_once(service: Service, dlq: Callable[..., Ended]) -> None:
    """A queue with more messages than SQS gives at once: I see each once, and all stay visible."""
    service.bury(*(f"o-{number}" for number in range(25)))
    ended = dlq("show", "processing", "--json")
    shown = json.loads(ended.out)
    assert sorted(item["orderId"] for item in shown) == sorted(f"o-{n}" for n in range(25))
    assert {item["reason"] for item in shown} == {"PaymentRefused"}
    assert {(item["status"], item["version"]) for item in shown} == {("CONFIRMED", "3")}
    assert service.counts(service.dead) == (25, 0)


def test_show_some(service: Service, dlq: Callable[..., Ended]) -> None:
    """With --limit I see no more, and am told that there are; all stay visible."""
    service.bury(*(f"o-{number}" for number in range(12)))
    ended = dlq("show", "processing", "--limit", "3", "--json")
    assert len(json.loads(ended.out)) == 3
    assert "There are more in processing" in ended.err
    assert service.counts(service.dead) == (12, 0)


def test_show_order(service: Service, dlq: Callable[..., Ended]) -> None:
    """I see the dead letters of one order, from all workers' queues, with their bodies."""
    service.bury("o-1", "o-2")
    ended = dlq("show", "--order", "o-2", "--body")
    assert '"eventID": "o-2"' in ended.out
    assert "o-1" not in ended.out


def test_show_worn_out(service: Service, dlq: Callable[..., Ended]) -> None:
    """A message that nobody gave a reason for was received as often as its queue allows."""
    service.sqs.send_message(QueueUrl=service.dead, MessageBody=record("o-1"))
    assert "received 3 times without success" in dlq("show").out
    assert "received 3 times without success" in dlq("show").out  # looking does not count


def test_show_poison(service: Service, dlq: Callable[..., Ended]) -> None:
    """A body and a reason full of terminal codes, or no JSON at all, do nothing to my terminal."""
    service.bury("\x9b2J\x07o-1", reason="\u202ereversed \x9b2J [red]red[/red]")
    service.sqs.send_message(QueueUrl=service.dead, MessageBody="[" * 100_000)
    service.sqs.send_message(QueueUrl=service.dead, MessageBody="\x9b31m[/nonsense] \u2028")
    ended = dlq("show", "--body")
    assert ended.code == 0
    assert all(c.isprintable() or c == "\n" for c in ended.out)
    assert "[red]red[/red]" in ended.out


def test_show_interrupted(
    service: Service, dlq: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """^C while I look makes every message visible again at once."""
    service.bury(*(f"o-{number}" for number in range(15)))
    read, seen = dead_letters.read, []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        seen.append(1)
        if len(seen) == 12:
            signal.raise_signal(signal.SIGINT)
        return read(*arguments, **named)

    monkeypatch.setattr(dead_letters, "read", interrupted)
    assert dlq("show").code == 130
    assert service.counts(service.dead) == (15, 0)


def test_redrive(service: Service, dlq: Callable[..., Ended]) -> None:
    """A queue's dead letters go back, bodies and attributes as they were, and I see how many."""
    service.bury(*(f"o-{number}" for number in range(25)))
    ended = dlq("redrive", "processing", "--yes", "--json")
    assert ended.code == 0
    assert [(r["moved"], r["failed"]) for r in json.loads(ended.out)] == [(25, 0)]
    assert service.counts(service.dead) == (0, 0)
    back = service.take(service.processing)
    assert orders_of(back) == sorted(f"o-{number}" for number in range(25))
    assert back[0]["Body"] == record(json.loads(back[0]["Body"])["eventID"])
    assert back[0]["MessageAttributes"]["reason"]["StringValue"] == "PaymentRefused"


def test_redrive_order(service: Service, dlq: Callable[..., Ended]) -> None:
    """One order's dead letters go back; the others stay, visible."""
    service.bury(*(f"o-{number}" for number in range(15)), "o-3")
    assert dlq("redrive", "--all-queues", "--order", "o-3", "--yes").code == 0
    assert orders_of(service.take(service.processing)) == ["o-3", "o-3"]
    assert service.counts(service.dead) == (14, 0)


def test_redrive_dry_run(service: Service, dlq: Callable[..., Ended]) -> None:
    """A dry run tells how many would go where, and changes nothing."""
    service.bury("o-1", "o-2")
    ended = dlq("redrive", "--all-queues", "--dry-run")
    assert (ended.code, "processing: 2 messages → OrderProcessingQueue" in ended.err) == (0, True)
    assert service.counts(service.dead) == (2, 0)
    assert service.counts(service.processing) == (0, 0)


def test_redrive_not_agreed(
    service: Service, dlq: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I am asked with the number of messages; unless I say yes nothing changes."""
    service.bury("o-1", "o-2")
    monkeypatch.setattr("builtins.input", lambda: "n")
    ended = dlq("redrive", "processing")
    assert (ended.code, "Send 2 messages of the local run back?" in ended.err) == (1, True)
    assert "Nothing was changed" in ended.err
    assert service.counts(service.dead) == (2, 0)


def test_redrive_refused(service: Service, dlq: Callable[..., Ended]) -> None:
    """What cannot be sent stays and is given with its reason, the rest goes back; exit code 1."""
    service.bury("small", reason="x")
    service.bury("large", pad=5_000)
    size = {"MaximumMessageSize": "1024"}
    service.sqs.set_queue_attributes(QueueUrl=service.processing, Attributes=size)
    try:
        ended = dlq("redrive", "processing", "--yes")
    finally:
        size = {"MaximumMessageSize": "262144"}
        service.sqs.set_queue_attributes(QueueUrl=service.processing, Attributes=size)
    assert (ended.code, "AWS refuses SendMessage" in ended.err) == (1, True), ended
    assert orders_of(service.take(service.processing)) == ["small"]
    assert service.counts(service.dead) == (1, 0)
    assert orders_of(service.take(service.dead)) == ["large"]


def test_redrive_interrupted(
    service: Service, dlq: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """^C in the middle of a message lets it arrive once; the rest stays visible; I see how many."""
    service.bury(*(f"o-{number}" for number in range(5)))
    sender = redrive._sender

    def interrupted(*arguments: Any) -> Any:
        send = sender(*arguments)

        def interrupted_send(message: Any) -> None:
            send(message)
            signal.raise_signal(signal.SIGINT)

        return interrupted_send

    monkeypatch.setattr(redrive, "_sender", interrupted)
    ended = dlq("redrive", "processing", "--yes", "--json")
    assert ended.code == 130
    assert json.loads(ended.out)[0]["moved"] == 1
    assert service.counts(service.processing) == (1, 0)
    assert service.counts(service.dead) == (4, 0)


def test_redrive_of_what_returns(
    service: Service, dlq: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that the worker puts back at once are tried once, not for ever."""
    service.bury("o-1", "o-2", "o-3")
    sender = redrive._sender
    sources = {outputs.queue("order_processing"): outputs.dead_letters("order_processing")}
    monkeypatch.setattr(redrive, "_sender", lambda target, name: sender(target, sources[name]))
    ended = dlq("redrive", "processing", "--yes", "--json")
    assert json.loads(ended.out)[0]["moved"] == 3
    assert service.counts(service.dead) == (3, 0)


def killed_before_delete(*arguments: str) -> None:
    """Run a command in a process of its own that is killed where it would delete a message."""
    program = (
        "import os, signal\nfrom cli import app\nfrom ops.dead_letters import queues\n"
        "queues.Held.delete = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"app.main({['dlq', *arguments, '--local', '--yes']!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == KILLED


@pytest.mark.usefixtures("local_run")
def test_redrive_killed(service: Service) -> None:
    """Killed after a message was sent: it arrives, and stays a dead letter, too; none is lost."""
    service.bury("o-1")
    killed_before_delete("redrive", "processing")
    assert orders_of(service.take(service.processing)) == ["o-1"]
    assert sum(service.counts(service.dead)) == 1


@pytest.mark.usefixtures("local_run")
def test_purge_killed(service: Service, tmp_path: Path) -> None:
    """Killed after a message was written: the file has it, and so has the queue."""
    service.bury("o-1", "o-2")
    killed_before_delete("purge", "processing", "--all", "--to", str(tmp_path / "out.jsonl"))
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(line)["body"] == record("o-1")
    assert sum(service.counts(service.dead)) == 2


def test_purge_all(service: Service, dlq: Callable[..., Ended], tmp_path: Path) -> None:
    """All are deleted, and all are in a file of mine, with ids, attributes and bodies."""
    service.bury(*(f"o-{number}" for number in range(12)))
    file = tmp_path / "out.jsonl"
    ended = dlq("purge", "processing", "--all", "--to", str(file), "--yes", "--json")
    assert (ended.code, json.loads(ended.out)[0]["purged"]) == (0, 12)
    assert service.counts(service.dead) == (0, 0)
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert len({item["messageId"] for item in written}) == 12
    assert sorted(item["body"] for item in written) == sorted(record(f"o-{n}") for n in range(12))
    assert written[0]["messageAttributes"]["reason"]["StringValue"] == "PaymentRefused"
    assert "SentTimestamp" in written[0]["attributes"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_purge_some(service: Service, dlq: Callable[..., Ended], tmp_path: Path) -> None:
    """Only the chosen ones are deleted; where none is chosen, no file is left behind."""
    service.bury("o-1", "o-2", "o-3")
    file = tmp_path / "out.jsonl"
    assert dlq("purge", "processing", "--older-than", "1h", "--to", str(file), "--yes").code == 0
    assert not file.exists()
    assert dlq("purge", "processing", "--order", "o-2", "--to", str(file), "--yes").code == 0
    assert [json.loads(line)["body"] for line in file.read_text().splitlines()] == [record("o-2")]
    assert service.counts(service.dead) == (2, 0)


def test_purge_into_existing_file(
    service: Service, dlq: Callable[..., Ended], tmp_path: Path
) -> None:
    """A file that exists is never touched, and then nothing is deleted."""
    service.bury("o-1")
    file = tmp_path / "out.jsonl"
    file.write_text("mine")
    ended = dlq("purge", "processing", "--all", "--to", str(file), "--yes")
    assert (ended.code, "is not touched" in ended.err) == (1, True)
    assert file.read_text() == "mine"
    assert service.counts(service.dead) == (1, 0)


def test_purge_to_full_disk(
    service: Service,
    dlq: Callable[..., Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be written is not deleted; I am told why, and it stays visible."""
    service.bury("o-1", "o-2")
    fsync, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 1:  # the first is the folder's
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    ended = dlq("purge", "processing", "--all", "--to", str(tmp_path / "out"), "--yes")
    assert (ended.code, "No space left" in ended.err) == (1, True)
    assert service.counts(service.dead) == (2, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["purge", "processing", "--to", "out"],
        ["purge", "processing", "--to", "out", "--all", "--order", "o-1"],
        ["purge", "processing", "--to", "out", "--older-than", "soon"],
        ["redrive"],
        ["redrive", "processing", "--all-queues"],
        ["redrive", "pipe", "--order", "o-1"],
        ["show", "--limit", "0"],
        ["show", "--stage", "dev"],
    ],
)
def test_wrong_usage(dlq: Callable[..., Ended], arguments: list[str]) -> None:
    """What cannot be meant is refused with exit code 2."""
    assert dlq(*arguments).code == 2


def bury_place(service: Service, first: str, last: str) -> None:
    """Put a dead letter where the pipe puts them."""
    stream = service.streams.list_streams(TableName=service.outputs[outputs.ORDERS_TABLE])
    arn = stream["Streams"][0]["StreamArn"]
    shards = service.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    info = {
        "shardId": shards[0]["ShardId"],
        "startSequenceNumber": first,
        "endSequenceNumber": last,
        "approximateArrivalOfFirstRecord": "2026-11-22T10:00:00Z",
        "approximateArrivalOfLastRecord": "2026-11-22T10:00:00Z",
        "batchSize": 2,
        "streamArn": arn,
    }
    context = {
        "partnerResourceArn": "arn:aws:pipes:us-east-1:000000000000:pipe/p",
        "condition": "RetryAttemptsExhausted",
    }
    body = {"context": context, "version": "1.0", "DDBStreamBatchInfo": info}
    service.sqs.send_message(QueueUrl=service.pipe_dead, MessageBody=json.dumps(body))


def piped(service: Service, count: int) -> list[dict[str, Any]]:
    """Await records that come through the topic."""
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += [json.loads(item["Body"]) for item in service.take(service.processing, wait=1)]
    return found


def test_redrive_pipe(service: Service, dlq: Callable[..., Ended]) -> None:
    """What the pipe could not deliver comes from the stream, just as the pipe would have put it."""
    for number in range(4):
        item = {"orderId": {"S": f"p-{number}"}, "picture": {"B": b"\x00\xff"}}
        service.dynamodb.put_item(TableName=service.outputs[outputs.ORDERS_TABLE], Item=item)
    records = piped(service, 4)
    assert len(records) == 4
    numbers = [item["dynamodb"]["SequenceNumber"] for item in records]
    bury_place(service, numbers[1], numbers[2])
    assert "RetryAttemptsExhausted" in dlq("show", "pipe").out
    ended = dlq("redrive", "pipe", "--yes")
    assert ended.code == 0, ended
    assert piped(service, 2) == records[1:3]
    assert service.counts(service.pipe_dead) == (0, 0)


def test_redrive_pipe_too_late(service: Service, dlq: Callable[..., Ended]) -> None:
    """Records that the stream no longer has: I am told, and the dead letter stays."""
    bury_place(service, "1" * 21, "2" * 21)
    ended = dlq("redrive", "pipe", "--yes")
    assert (ended.code, "gone from the stream" in ended.err) == (1, True), ended
    assert service.counts(service.pipe_dead) == (1, 0)


def test_redrive_pipe_nonsense(service: Service, dlq: Callable[..., Ended]) -> None:
    """A dead letter of the pipe that leads nowhere stays, and I am told so in a sentence."""
    bury_place(service, "1", "2")
    service.sqs.send_message(QueueUrl=service.pipe_dead, MessageBody="nonsense")
    ended = dlq("redrive", "pipe", "--yes")
    assert (ended.code, "nothing to ask AWS for" in ended.err) == (1, True), ended
    assert "does not say where" in ended.err
    assert service.counts(service.pipe_dead) == (2, 0)


def run_orders(cwd: Path, *arguments: str, **variables: str) -> Ended:
    """Run the real command as an operator does, from somewhere else."""
    done = subprocess.run(
        [ORDERS, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder whose own modules must not be taken for ours."""
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__init__.py").write_text("raise SystemExit('not mine')")
    subprocess.run([ROOT / "scripts" / "setup"], check=True)
    return tmp_path


def test_executable(elsewhere: Path) -> None:
    """The command runs from any folder; help has examples and exit codes, a typo a suggestion."""
    helped = run_orders(elsewhere, "--help")
    assert (helped.code, "orders dlq ls --stage prod" in helped.out) == (0, True)
    assert "130" in helped.out
    assert "dlq redrive --all-queues" in run_orders(elsewhere, "dlq", "--help").out
    assert run_orders(elsewhere, "--version").out.startswith("orders ")
    typo = run_orders(elsewhere, "dlq", "show", "procesing", "--local")
    assert (typo.code, "'processing'?" in typo.err) == (2, True)
    nothing = run_orders(elsewhere, "dlq", "ls", "--local", LOCAL_DIR=str(elsewhere))
    assert (nothing.code, "make run" in nothing.err, nothing.out) == (1, True, "")


def test_executable_is_made_again(elsewhere: Path) -> None:
    """`make setup` brings a lost command back."""
    ORDERS.unlink()
    subprocess.run([ROOT / "scripts" / "setup"], check=True)
    assert run_orders(elsewhere, "--version").code == 0


@pytest.mark.usefixtures("service")
def test_stage(deployed: Endpoints, elsewhere: Path) -> None:
    """A stage on AWS is found by its name; one that is not deployed is told in a sentence."""
    cloud = {
        "AWS_ENDPOINT_URL": deployed.aws_endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
    }
    found = run_orders(elsewhere, "dlq", "ls", "--stage", "prod", "--json", **cloud)
    assert (found.code, len(json.loads(found.out))) == (0, 4), found
    nowhere = {**cloud, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    ended = run_orders(elsewhere, "dlq", "ls", **nowhere)
    assert (ended.code, "cannot be reached" in ended.err) == (1, True)
    other = {**cloud, "AWS_ACCESS_KEY_ID": "111122223333"}  # another account of the emulator
    ended = run_orders(elsewhere, "dlq", "ls", "--stage", "prod", **other)
    assert (ended.code, "make deploy STAGE=prod" in ended.err) == (1, True)


def test_local_run_was_killed(deployed: Endpoints, tmp_path: Path) -> None:
    """A local run that was killed leaves its document behind: I am told to start it again."""
    gone = replace(deployed, aws_endpoint_url=f"http://127.0.0.1:{free_port()}")
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(gone)))
    ended = run_orders(tmp_path, "dlq", "ls", "--local", LOCAL_DIR=str(tmp_path), LOCAL_PORT="")
    assert (ended.code, "does not answer" in ended.err, "make run" in ended.err) == (1, True, True)


def test_no_credentials(tmp_path: Path) -> None:
    """Without credentials I am told how to get some."""
    nowhere = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    ended = run_orders(tmp_path, "dlq", "ls", **nowhere)
    assert (ended.code, "There are no AWS credentials" in ended.err) == (1, True)

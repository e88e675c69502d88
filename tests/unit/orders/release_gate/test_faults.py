"""What is wrong with a release, and that it does not go live: each fault in one function alone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from orders.release_gate.plan import REQUESTED
from orders.settings import setting
from tests.fuzz.tables import ORDERS
from tests.unit.orders.release_gate.fake import NEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.orders.release_gate.fake import FakeLambda, Fault, Handler

    Refusal = Callable[..., str]
    Answer = dict[str, Any]


def answering(change: Callable[[Answer, dict[str, Any]], None]) -> Fault:
    """Change what a handler answers."""

    def fault(handler: Handler) -> Handler:
        def changed(event: dict[str, Any], context: Any) -> Any:
            answer = handler(event, context)
            change(answer, event)
            return answer

        return changed

    return fault


def with_body(change: Callable[[dict[str, Any]], None], *, good: bool = True) -> Fault:
    """Change the body of each good answer, or of each problem."""

    def changing(answer: Answer, _: dict[str, Any]) -> None:
        if answer["body"] and good == (answer["statusCode"] < 300):
            body = json.loads(answer["body"])
            change(body)
            answer["body"] = json.dumps(body)

    return answering(changing)


def without_header(name: str) -> Fault:
    """Lose a header."""
    return answering(lambda answer, _: answer["headers"].pop(name, None))


def other_status(before: int, after: int) -> Fault:
    """Answer with another status."""

    def changing(answer: Answer, _: dict[str, Any]) -> None:
        if answer["statusCode"] == before:
            answer["statusCode"] = after

    return answering(changing)


def raising(_: Handler) -> Handler:
    """Fail, as a module does that cannot be imported."""

    def failing(*_: Any) -> Any:
        raise ImportError("no module named secret_sauce")

    return failing


def _one_more(body: dict[str, Any]) -> None:
    if body.get("tip"):
        body["total"] += 1


def _no_discount(body: dict[str, Any]) -> None:
    """Forget options, in the sums that are answered."""
    for line in body["items"]:
        extra = sum(option["price"] for option in line.get("options", ())) * line["quantity"]
        body["subtotal"] -= extra
        body["total"] -= extra


ANSWERS: dict[str, tuple[str, Fault, str]] = {
    "an exception": ("get_order", raising, "get_order version 8 fails at GET /partner/orders"),
    "an import that fails": ("update_order", raising, "ImportError; its log tells more"),
    "a total that is off where there is a tip": (
        "create_order",
        with_body(_one_more),
        "create_order version 8 answers POST /partner/orders wrongly: body/total is not 3443",
    ),
    "a sum without options": ("create_order", with_body(_no_discount), "body/subtotal is not"),
    "a total that is text": (
        "create_order",
        with_body(lambda body: body.update(total=str(body["total"]))),
        "body/total is not",
    ),
    "200 for 201": ("create_order", other_status(201, 200), "status 200 and not 201"),
    "a lost ETag": ("create_order", without_header("ETag"), "headers/etag is missing"),
    "a lost ETag of a reader": ("get_order", without_header("ETag"), "headers/etag is missing"),
    "a lost Location": ("create_order", without_header("Location"), "headers/location is missing"),
    "a lost Last-Modified": (
        "get_order",
        without_header("Last-Modified"),
        "headers/last-modified is missing",
    ),
    "no sign of a repetition": (
        "create_order",
        without_header("Idempotent-Replayed"),
        "headers/idempotent-replayed is missing",
    ),
    "a page that may not read": (
        "list_orders",
        without_header("Access-Control-Allow-Origin"),
        "headers/access-control-allow-origin is missing",
    ),
    "another content type": (
        "get_order",
        answering(lambda answer, _: answer["headers"].update({"Content-Type": "text/html"})),
        "headers/content-type differs",
    ),
    "an answer that may be kept": (
        "get_order",
        without_header("Cache-Control"),
        "headers/cache-control is missing",
    ),
    "a lost field": (
        "get_order",
        with_body(lambda body: body.pop("history", None)),
        "body/history is missing",
    ),
    "times in another form": (
        "create_order",
        with_body(lambda body: body.update(createdAt=body["createdAt"].replace("Z", "+00:00"))),
        "body/createdAt differs",
    ),
    "another problem": (
        "create_order",
        with_body(lambda body: body.update(type="urn:problem-type:x"), good=False),
        "body/type differs",
    ),
    "400 for 422": ("create_order", other_status(422, 400), "status 400 and not 422"),
    "no answer that API Gateway takes": (
        "get_order",
        answering(lambda answer, _: answer.update(statusCode="200")),
        "API Gateway could make no answer of it",
    ),
    "HTML": (
        "get_order",
        answering(lambda answer, _: answer.update(body="<p>")),
        "the body is no JSON",
    ),
    "the id of another request": (
        "get_order",
        answering(lambda answer, _: answer["headers"].update({"X-Request-Id": "other"})),
        "headers/x-request-id is of another request",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_release_that_answers_wrongly_is_refused(
    fake: FakeLambda, refusal: Refusal, name: str
) -> None:
    """Whoever deploys is told which function, at which request, and what was wrong."""
    function, fault, reason = ANSWERS[name]
    fake.faults[function, NEW] = fault
    told = refusal()
    assert reason in told
    assert told.startswith(f"{function} version 8 ")
    assert "secret_sauce" not in told


def leaking(handler: Handler) -> Handler:
    """Answer everybody as the partner whose order it is."""

    def answer(event: dict[str, Any], context: Any) -> Any:
        identity = {"identity": {"apiKeyId": "release-gate"}, "authorizer": None}
        resource = "/partner/orders" + ("/{orderId}" if "{orderId}" in event["resource"] else "")
        seen = {**event["requestContext"], **identity, "resourcePath": resource}
        return handler({**event, "requestContext": seen}, context)

    return answer


@pytest.mark.parametrize("function", ["get_order", "list_orders", "update_order"])
def test_a_release_that_shows_orders_to_others_is_refused(
    fake: FakeLambda, refusal: Refusal, function: str
) -> None:
    """No new version goes live in which a stranger reads or moves an order."""
    fake.faults[function, NEW] = leaking
    assert f"{function} version 8 answers" in refusal()


def test_a_release_that_orders_twice_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """The same key is the same order, whichever version gets the repetition."""

    def forgetful(handler: Handler) -> Handler:
        def answer(event: dict[str, Any], context: Any) -> Any:
            headers = dict(event["multiValueHeaders"])
            if "Idempotency-Key" in headers:
                headers["Idempotency-Key"] = [f"{headers['Idempotency-Key'][0]}-{len(fake.calls)}"]
            return handler({**event, "multiValueHeaders": headers}, context)

        return answer

    fake.faults["create_order", NEW] = forgetful
    told = refusal()
    assert "idempotent-replayed is missing, so the request counted twice" in told


def renaming(fake: FakeLambda) -> Fault:
    """Store the tip under another name, and find it there again."""

    def rename(before: str, after: str) -> None:
        for item in fake.tables.items[ORDERS].values():
            if before in item:
                item[after] = item.pop(before)

    def fault(handler: Handler) -> Handler:
        def answer(event: dict[str, Any], context: Any) -> Any:
            known = [key for key, item in fake.tables.items[ORDERS].items() if "gratuity" in item]
            rename("gratuity", "tip")
            result = handler(event, context)
            for key, item in fake.tables.items[ORDERS].items():
                if (key in known or key not in seen) and "tip" in item:
                    item["gratuity"] = item.pop("tip")
                seen.add(key)
            return result

        return answer

    seen: set[Any] = set()
    return fault


def test_a_release_whose_orders_the_old_version_cannot_read_is_refused(
    fake: FakeLambda, refusal: Refusal
) -> None:
    """Going back stays possible: what the new version stores, the one before must understand."""
    fault = renaming(fake)
    for function in REQUESTED:
        fake.faults[function, NEW] = fault
    told = refusal()
    assert "(live)" in told
    assert "version 7" in told


def test_a_release_without_a_variable_is_refused(
    fake: FakeLambda, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that was forgotten is found where it is used."""

    def without(handler: Handler) -> Handler:
        def answer(event: dict[str, Any], context: Any) -> Any:
            with monkeypatch.context() as patch:
                patch.delenv("IDEMPOTENCY_HOURS")
                setting.cache_clear()
                return handler(event, context)

        return answer

    assert "IDEMPOTENCY_HOURS" in os.environ
    fake.faults["create_order", NEW] = without
    assert "create_order version 8 answers" in refusal()


def test_a_release_that_no_page_may_read_is_refused(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web client can read the answers of a first release, too: no live one has to show how."""
    monkeypatch.setenv("ALLOWED_ORIGINS", "")
    assert "headers/access-control-allow-origin is missing: no web client" in refusal()


def test_a_list_in_another_order_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """The newest order comes first, in every release."""
    fake.faults["list_orders", NEW] = with_body(lambda body: body["orders"].reverse())
    assert "body/orders are not those that were placed, the newest first" in refusal()


def test_a_list_without_a_next_page_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """A client that pages through a list while a release goes live reaches its end."""
    fake.faults["list_orders", NEW] = with_body(lambda body: body.update(cursor=None))
    assert "body/cursor is missing, though there are more" in refusal()


def test_a_cursor_that_only_the_new_version_takes_is_refused(
    fake: FakeLambda, refusal: Refusal
) -> None:
    """Pages of both versions fit together."""

    def encoded(body: dict[str, Any]) -> None:
        if body.get("cursor"):
            body["cursor"] = f"v2-{body['cursor']}"

    fake.faults["list_orders", NEW] = with_body(encoded)
    assert "status 400 and not 200" in refusal()


def test_a_worker_that_cannot_do_its_work_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """A message that the new version would give back stays no surprise for later."""
    fake.faults["process_order", NEW] = answering(
        lambda answer, event: answer.update(
            batchItemFailures=[{"itemIdentifier": event["Records"][0]["messageId"]}]
        )
    )
    assert "process_order version 8 does not work off a synthetic order" in refusal()


def test_a_worker_that_fails_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """Webhooks are not given up for a release."""
    fake.faults["notify_partner", NEW] = raising
    assert "notify_partner version 8 fails at a synthetic order: ImportError" in refusal()


def test_a_worker_that_buries_messages_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """A message that is worked off by burying it is not worked off."""

    def burying(handler: Handler) -> Handler:
        def answer(event: dict[str, Any], context: Any) -> Any:
            (record,) = event["Records"]
            return handler({"Records": [{**record, "body": "{}"}]}, context)

        return answer

    fake.faults["process_order", NEW] = burying
    assert "process_order (new) gives a synthetic order for dead" in refusal()


AUTO_CONFIRM = json.dumps({"auto-confirm": {"enabled": True}})


def test_a_worker_that_does_not_confirm_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """Where the live version confirms an order, the new one does."""

    def idle(_: Handler) -> Handler:
        return lambda *_: {"batchItemFailures": []}

    fake.flags = AUTO_CONFIRM
    fake.faults["process_order", NEW] = idle
    told = refusal()
    assert "body/status differs" in told
    assert "process_order" in told


def test_a_worker_that_confirms_twice_is_refused(fake: FakeLambda, refusal: Refusal) -> None:
    """A message that comes twice changes an order once."""

    def twice(handler: Handler) -> Handler:
        def answer(event: dict[str, Any], context: Any) -> Any:
            body = json.loads(event["Records"][0]["body"])
            order_id = body["dynamodb"]["NewImage"]["orderId"]["S"] if "dynamodb" in body else ""
            result = handler(event, context)
            for item in fake.tables.items[ORDERS].values():
                if item["orderId"] == order_id:
                    item["version"] += 1
            return result

        return answer

    fake.flags = AUTO_CONFIRM
    fake.faults["process_order", NEW] = twice
    assert "process_order" in refusal()


@pytest.mark.parametrize("function", [*REQUESTED, "process_order", "notify_partner"])
def test_a_release_that_is_slow_is_refused(
    fake: FakeLambda, refusal: Refusal, function: str
) -> None:
    """Each function has its own measure, so that a slow one does not hide among quick ones."""
    fake.seconds[function, NEW] = 0.31
    told = refusal()
    assert told.startswith(f"{function} version 8 is slow")
    assert "310 ms or more, the live version's 10 ms. It may take 300 ms." in told


def test_slower_is_slow_only_beside_the_live_version(
    fake: FakeLambda, asked: Callable[..., dict[str, Any]]
) -> None:
    """On a bad day both are slow, and that is not the release's fault."""
    for function in fake.live:
        fake.seconds[function, "7"], fake.seconds[function, NEW] = 0.2, 0.59
    assert asked()["rounds"] == 1

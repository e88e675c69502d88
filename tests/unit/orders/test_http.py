"""How requests are read and how errors are answered, whatever the handler."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from orders.http import Request, Response, endpoint
from orders.problems import ORDER_NOT_FOUND, Problem
from orders.store import Unavailable
from tests.shared.events import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conftest import NoStore

    LogLines = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("no_store")


def ask(answer: Any, sent: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    """Send an event to a handler; give status, headers and the JSON of the answer."""
    result = endpoint(answer)(sent, None)
    return result["statusCode"], result["headers"], json.loads(result["body"] or "null")


def answer_with(error: Exception) -> Any:
    """Make a handler that fails."""

    def answer(_request: Request) -> Response:
        raise error

    return answer


def test_an_answer_is_json_with_the_request_s_id() -> None:
    """Every answer names the request, so that support can find it in the logs."""
    status, headers, body = ask(lambda _: Response(200, {"a": 1}, {}), event("GET"))
    assert (status, body) == (200, {"a": 1})
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-Id"] == "request-1"


def test_a_problem_is_answered_as_rfc_9457_says() -> None:
    """An error has a stable type, a title, the status, what is wrong, and the request's id."""
    refused = answer_with(Problem(ORDER_NOT_FOUND, "Not here", pointer="#/x"))
    status, headers, body = ask(refused, event("GET"))
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")
    assert body == {
        "type": "urn:problem-type:food-delivery:order-not-found",
        "title": "There is no such order",
        "status": 404,
        "detail": "Not here",
        "requestId": "request-1",
        "errors": [{"pointer": "#/x", "detail": "Not here"}],
    }


def test_a_bug_is_answered_without_anything_internal(log_lines: LogLines) -> None:
    """An unforeseen error answers 500 with the request's id and tells nothing else.

    The log has the same id and where it happened, but not the message: it may hold personal data.
    """
    failing = answer_with(RuntimeError("password=hunter2 in /var/task/orders"))
    status, _, body = ask(failing, event("GET"))
    assert (status, body["requestId"]) == (500, "request-1")
    assert "hunter2" not in json.dumps(body)
    assert "/var/task" not in json.dumps(body)
    (line,) = log_lines()
    assert line["requestId"] == "request-1"
    assert line["error"] == "RuntimeError"
    assert line["stack"][-1].endswith(" answer")
    assert "hunter2" not in json.dumps(line)


def test_a_store_that_does_not_answer_is_worth_another_try() -> None:
    """While DynamoDB is slow or throttles, callers get 503 and are told to come back."""
    status, headers, body = ask(answer_with(Unavailable("ThrottlingException")), event("GET"))
    assert (status, headers["Retry-After"]) == (503, "1")
    assert "Throttling" not in json.dumps(body)


@pytest.mark.parametrize("api_key_id", [None, "", "key-of-nobody"])
def test_a_key_of_no_partner_is_refused(api_key_id: str | None) -> None:
    """A key that API Gateway accepts but that belongs to no partner gets 403."""
    status, _, body = ask(lambda _: Response(200, {}, {}), event("GET", api_key_id=api_key_id))
    assert (status, body["type"].rpartition(":")[2]) == (403, "unknown-caller")


def test_a_partner_is_looked_up_once(no_store: NoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which partner a key belongs to is read once and then known."""
    asked: list[str] = []

    def partner_of(api_key_id: str) -> dict[str, str]:
        asked.append(api_key_id)
        return {"partnerId": "acme"}

    monkeypatch.setattr(no_store, "partner_of", partner_of)
    handler = endpoint(lambda request: Response(200, {"id": request.caller.identity}, {}))
    for _ in range(3):
        assert json.loads(handler(event("GET"), None)["body"]) == {"id": "acme"}
    assert asked == ["key-of-acme"]


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("", False),
    ],
)
def test_only_json_is_taken(content_type: str, taken: bool) -> None:  # noqa: FBT001 - a parameter
    """A body of another content type is refused with 415, whatever it contains."""
    answer = lambda request: Response(200, request.body(), {})  # noqa: E731
    status, _, _ = ask(answer, event("POST", body={}, headers={"Content-Type": content_type}))
    assert status == (200 if taken else 415)


def test_a_body_in_base64_is_read() -> None:
    """API Gateway may hand over a body in base64; it is the same body."""
    sent = event("POST", body=base64.b64encode("é".encode()).decode()) | {"isBase64Encoded": True}
    assert Request(sent).body() == "é"
    sent["body"] = base64.b64encode(b"\xff\xfe").decode()
    with pytest.raises(Problem, match="not UTF-8"):
        Request(sent).body()


def no_faults(_query: dict[str, Any]) -> list[tuple[str, str]]:
    """List what is wrong between parameters: nothing."""
    return []


def test_a_request_without_headers_is_read() -> None:
    """API Gateway sends null for what is not there; that is never a crash."""
    bare = event("GET") | {"headers": None, "pathParameters": None}
    status, _, _ = ask(lambda request: Response(200, request.query({}, no_faults), {}), bare)
    assert status == 200


def test_a_misspelt_or_repeated_parameter_is_named() -> None:
    """A filter that the API does not know is refused: it would answer with more than asked for."""
    readers = {"status": str, "limit": str}
    answer = lambda request: Response(200, request.query(readers, no_faults), {})  # noqa: E731
    status, _, body = ask(answer, event("GET", query={"stauts": ["PLACED"]}))
    assert (status, body["errors"][0]["pointer"]) == (400, "stauts")
    status, _, body = ask(answer, event("GET", query={"limit": ["1", "2"]}))
    assert (status, body["errors"][0]["pointer"]) == (400, "limit")
    assert ask(answer, event("GET", query={"limit": ["1"]}))[2] == {"limit": "1"}


def test_a_request_leaves_one_line_without_personal_data(log_lines: LogLines) -> None:
    """One JSON line tells route, status, caller and time, and nothing that a customer wrote."""
    sent = event("POST", body={"note": "secret-note", "contactPhone": "+14155550123"})
    ask(lambda _: Response(201, {"note": "secret-note"}, {}), sent)
    (line,) = log_lines()
    assert line["route"] == "POST /partner/orders"
    assert (line["status"], line["callerId"]) == (201, "acme")
    assert not any(secret in json.dumps(line) for secret in ("secret-note", "+1415", "192.0.2.1"))

"""Problems: the one form of every error, `application/problem+json` (RFC 9457).

    Problem
    ├── made by the functions      PROBLEMS below, raised as Problem
    └── made by API Gateway        GATEWAY_PROBLEMS, rendered by its gateway responses

A problem's `type` is stable: clients may branch on it. `docs/api/problems.md` explains each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTENT_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:problem-type:food-delivery:"

MOST_FAULTS = 20
"""As many faults are told of one request."""

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="food-delivery-orders"'}
"""What every 401 says of how to sign in (RFC 9110, 11.6.1; RFC 6750, 3)."""

NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}
"""On every answer, good or bad: keeps browsers from taking it for what it does not say it is."""


class Kind(NamedTuple):
    """A kind of problem: its stable name, the HTTP status, and its title."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The URI that identifies the kind."""
        return _TYPE_PREFIX + self.name


MALFORMED_JSON = Kind("malformed-json", 400, "The body is not valid JSON")
INVALID_BODY = Kind("invalid-body", 400, "The body does not fit the API's contract")
INVALID_PARAMETER = Kind("invalid-parameter", 400, "A parameter does not fit the API's contract")
UNKNOWN_CALLER = Kind("unknown-caller", 403, "The caller may not use this API")
NOT_YOUR_RESTAURANT = Kind("not-your-restaurant", 403, "The restaurant is not yours")
EDITS_DISABLED = Kind("edits-disabled", 403, "Orders cannot be edited at the moment")
ORDER_NOT_FOUND = Kind("order-not-found", 404, "There is no such order")
MOVE_NOT_ALLOWED = Kind("move-not-allowed", 409, "The order's status does not allow this change")
STALE_VERSION = Kind("stale-version", 412, "The order has changed since it was read")
PRECONDITION_FAILED = Kind("precondition-failed", 412, "A condition of the request is not met")
PRECONDITION_REQUIRED = Kind("precondition-required", 428, "The change must say which version")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE = Kind("unsupported-media-type", 415, "The content type is not supported")
KEY_REUSED = Kind("idempotency-key-reused", 422, "The Idempotency-Key belongs to another request")
QUOTE_REQUIRED = Kind("quote-required", 422, "The request needs a price quote")
QUOTE_INVALID = Kind("quote-invalid", 422, "The price quote is not valid")
QUOTE_EXPIRED = Kind("quote-expired", 422, "The price quote has expired")
QUOTE_MISMATCH = Kind("quote-mismatch", 422, "The price quote is for something else")
INTERNAL_ERROR = Kind("internal-error", 500, "Something went wrong on our side")
UNAVAILABLE = Kind("unavailable", 503, "The service cannot answer right now")

PROBLEMS = (
    MALFORMED_JSON,
    INVALID_BODY,
    INVALID_PARAMETER,
    UNKNOWN_CALLER,
    NOT_YOUR_RESTAURANT,
    EDITS_DISABLED,
    ORDER_NOT_FOUND,
    MOVE_NOT_ALLOWED,
    STALE_VERSION,
    PRECONDITION_FAILED,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    KEY_REUSED,
    PRECONDITION_REQUIRED,
    QUOTE_REQUIRED,
    QUOTE_INVALID,
    QUOTE_EXPIRED,
    QUOTE_MISMATCH,
    INTERNAL_ERROR,
    UNAVAILABLE,
)
"""Every kind of problem that a function answers with."""

REQUEST_REFUSED = Kind("request-refused", 400, "API Gateway could not take the request")
FORBIDDEN = Kind("forbidden", 403, "The request is not allowed")
INVALID_API_KEY = Kind("invalid-api-key", 403, "The API key is missing or not valid")
NO_SUCH_ROUTE = Kind("no-such-route", 404, "The API has no such path")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "The path has no such method")
QUOTA_EXCEEDED = Kind("quota-exceeded", 429, "The day's quota is used up")
TOO_MANY_REQUESTS = Kind("too-many-requests", 429, "Too many requests at once")
UNAUTHENTICATED = Kind("unauthenticated", 401, "The credentials are missing or not valid")
BAD_GATEWAY = Kind("bad-gateway", 502, "The service gave no valid answer")
TIMED_OUT = Kind("timed-out", 504, "The service took too long")

GATEWAY_PROBLEMS = {
    "ACCESS_DENIED": FORBIDDEN,
    "API_CONFIGURATION_ERROR": INTERNAL_ERROR,
    "AUTHORIZER_CONFIGURATION_ERROR": INTERNAL_ERROR,
    "AUTHORIZER_FAILURE": INTERNAL_ERROR,
    "BAD_REQUEST_BODY": MALFORMED_JSON,
    "BAD_REQUEST_PARAMETERS": INVALID_PARAMETER,
    "DEFAULT_4XX": REQUEST_REFUSED,
    "DEFAULT_5XX": INTERNAL_ERROR,
    "EXPIRED_TOKEN": UNAUTHENTICATED,
    "INTEGRATION_FAILURE": BAD_GATEWAY,
    "INTEGRATION_TIMEOUT": TIMED_OUT,
    "INVALID_API_KEY": INVALID_API_KEY,
    "INVALID_SIGNATURE": UNAUTHENTICATED,
    "MISSING_AUTHENTICATION_TOKEN": NO_SUCH_ROUTE,
    "QUOTA_EXCEEDED": QUOTA_EXCEEDED,
    "REQUEST_TOO_LARGE": BODY_TOO_LARGE,
    "RESOURCE_NOT_FOUND": NO_SUCH_ROUTE,
    "THROTTLED": TOO_MANY_REQUESTS,
    "UNAUTHORIZED": UNAUTHENTICATED,
    "UNSUPPORTED_MEDIA_TYPE": UNSUPPORTED_MEDIA_TYPE,
    "WAF_FILTERED": FORBIDDEN,
}
"""The problem for each type of error that API Gateway itself answers with."""


class Problem(Exception):
    """An error to answer the caller with."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        pointer: str | None = None,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        """Describe the error.

        Args:
            kind: which problem it is.
            detail: what is wrong with this request and what would help; shown to the caller.
            pointer: the field, as a JSON Pointer fragment such as `#/items/0/quantity`, or the
                parameter's name.
            errors: where there are several, each with its pointer and its own detail.
            headers: more headers for the answer, such as `Retry-After`.
        """
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors or ([] if pointer is None else [(pointer, detail)])
        self.headers = headers or {}

    @property
    def pointer(self) -> str | None:
        """Where the first fault is, if it is somewhere."""
        return self.errors[0][0] if self.errors else None

    def body(self, request_id: str) -> dict[str, Any]:
        """Render the problem's members, with the id under which the logs know the request."""
        members: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "requestId": request_id,
        }
        if self.errors:
            members["errors"] = [
                {"pointer": pointer, "detail": detail} for pointer, detail in self.errors
            ]
        return members


def faulty(kind: Kind, faults: Sequence[tuple[str, str]]) -> Problem:
    """Make the problem of a body, or of parameters, with at least one fault.

    Args:
        kind: which problem it is.
        faults: each with its pointer and its detail; the first `MOST_FAULTS` are told.
    """
    told = faults[:MOST_FAULTS]
    pointer, detail = told[0]
    if len(told) > 1:
        detail = f"{len(told)} faults; the first, at {pointer}: {detail}"
    return Problem(kind, detail, errors=told)

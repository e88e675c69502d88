"""What OpenAPI cannot say: the rules for which a request is refused that the document takes.

Each has a proof: whether a request really breaks it. Without one no refusal is excused
(judge.py). `make docs` makes docs/api/beyond-openapi.md of the table.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from orders import problems
from orders.domain.changes import DELAYABLE, READY_WINDOW, SCHEDULING_WINDOW
from orders.domain.iso import WITHOUT_POSTAL_CODES
from orders.domain.lifecycle import EDITABLE, Role, Status, statuses_after
from orders.domain.reasons import REASONS_OF
from orders.routes import HEAD, IDEMPOTENCY_KEY, STAFF_ONLY, WHOSE
from orders.settings import MAX_BODY_BYTES
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.problems import Kind
    from tests.contract.memory import Memory
    from tests.contract.sent import Sent

    Proof = Callable[[Sent, str, Memory], bool]

DOCUMENT = ROOT / "docs/api/beyond-openapi.md"
"""The document that is made of the rules."""

_SHORTEST_SIGNATURE = 342  # of a key of 2,048 bits
_QUOTED = {"restaurantId", "currency", "deliveryFee"}
_SLACK = timedelta(minutes=1)  # between our clock and the function's
_ROLES = {"partner": Role.PARTNER, "operator": Role.OPERATOR}
_OWN_RESTAURANT = "rest-2"
"""Whose staff the caller `restaurant` is (local/demo/people.py)."""


def _role(sent: Sent) -> Role:
    """Tell as what a caller asks: staff are customers where they order."""
    if sent.caller == "restaurant" and sent.restaurant is not None:
        return Role.RESTAURANT
    return _ROLES.get(sent.caller, Role.CUSTOMER)


class Rule(NamedTuple):
    """A rule, and what breaks it."""

    says: str
    why: str
    """Why OpenAPI cannot say it."""
    kind: Kind
    where: str
    """What a fault points to, as a regular expression; empty where nothing is named."""
    breaks: Proof
    """Tells whether a request breaks it there: the request, the pointer, what was met before."""


def _schedule(sent: Sent, pointer: str, _memory: Memory) -> bool:
    try:
        moment = datetime.fromisoformat(str(sent.at(pointer)).upper())
    except ValueError:
        return False
    now = datetime.now(UTC)
    return not now + _SLACK < moment < now + SCHEDULING_WINDOW - _SLACK


def _ready_time(sent: Sent, pointer: str, _memory: Memory) -> bool:
    try:
        moment = datetime.fromisoformat(str(sent.at(pointer)).upper())
    except ValueError:
        return False
    now = datetime.now(UTC)
    return not now + _SLACK < moment < now + READY_WINDOW - _SLACK


def _unseen(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    match = sent.header("If-Match")
    accepts = "/restaurants/" in sent.path and sent.member("status") == Status.CONFIRMED
    return accepts and (match is None or match.strip() == "*")


def _last_characters(sent: Sent, pointer: str, _memory: Memory) -> bool:
    return any(last in str(sent.at(pointer)) for last in "\U0010fffe\U0010ffff")


def _fraction(sent: Sent, pointer: str, _memory: Memory) -> bool:
    return isinstance(sent.at(pointer), float)


def _stored_address(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    address = sent.member("deliveryAddress") or {}
    country = address.get("country")
    return (
        sent.method == "PATCH"
        and country not in {None, *WITHOUT_POSTAL_CODES}
        and "postalCode" not in address
    )


def _customers_reason(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    code = sent.member("reason", "code")
    return _role(sent) is Role.CUSTOMER and code not in REASONS_OF[Role.CUSTOMER]


def _staff_only(sent: Sent, pointer: str, _memory: Memory) -> bool:
    return _role(sent) is Role.CUSTOMER and pointer in sent.query


def _both(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    return set(WHOSE) <= set(sent.query)


def _backwards(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    bounds = [sent.query[name][0] for name in ("createdFrom", "createdTo") if name in sent.query]
    try:
        start, end = (datetime.fromisoformat(bound.upper()) for bound in bounds)
    except ValueError:  # of a bound that is missing, too
        return False
    return end < start


def _made_up(sent: Sent, _pointer: str, memory: Memory) -> bool:
    return not memory.answered_cursor(sent)


def _no_order(sent: Sent, _pointer: str, memory: Memory) -> bool:
    # What a caller has placed it does not serve: there its own orders are others.
    return sent.restaurant is not None or not memory.is_own(sent)


def _no_move(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    found = re.search(r"The order is ([A-Z_]+);", sent.answer["detail"])
    if found is None or not isinstance(sent.body, dict):
        return False
    status, wanted = Status(found[1]), sent.body.get("status")
    edits = set(sent.body) - {"status", "reason"}
    if edits == {"readyAt"} and wanted is None:
        return status not in DELAYABLE
    if edits and status not in EDITABLE:
        return True
    return wanted is not None and wanted not in statuses_after(status, _role(sent))


def _condition(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    present = ", ".join(sent.answered.get("etag", []))
    match, other = sent.header("If-Match"), sent.header("If-None-Match")
    if match is not None and match.strip() != "*" and (not present or _weakly(present, match)):
        return True
    if other is not None and (other.strip() == "*" or (present and present in other)):
        return True
    return match is None and sent.header("If-Unmodified-Since") is not None


def _weakly(present: str, match: str) -> bool:
    """Tell whether no strong tag is the order's."""
    return present not in {tag.strip() for tag in match.split(",")}


def _bytes(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    return len(sent.raw) > MAX_BODY_BYTES


def _known_key(sent: Sent, _pointer: str, memory: Memory) -> bool:
    return memory.is_used_key(sent)


def _claims(sent: Sent) -> dict[str, Any]:
    """Read what a quote says, whoever has signed it; nothing where it is none."""
    _, _, rest = str(sent.member("quote")).partition(".")
    payload, _, signature = rest.partition(".")
    if len(signature) < _SHORTEST_SIGNATURE:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _no_quote(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    costs = sent.method == "POST" or bool({"items", "deliveryAddress"} & set(sent.body or ()))
    return sent.caller == "customer" and costs and sent.member("quote") is None


def _unsigned(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    return sent.member("quote") is not None and not _claims(sent)


def _expired(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    ends = _claims(sent).get("exp")
    return isinstance(ends, int) and ends <= (datetime.now(UTC) + _SLACK).timestamp()


def _for_another(sent: Sent, pointer: str, _memory: Memory) -> bool:
    claims, name = _claims(sent), pointer.removeprefix("#/")
    if not claims or sent.method == "PATCH" or name not in _QUOTED:
        return bool(claims)
    return bool(claims.get(name) != sent.member(name))


def _not_theirs(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    theirs = sent.caller == "restaurant" and sent.restaurant == _OWN_RESTAURANT
    return sent.restaurant is not None and not theirs


def _no_key(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    return sent.path.startswith("/partner") and sent.caller != "partner"


def _no_token(sent: Sent, _pointer: str, _memory: Memory) -> bool:
    return not sent.path.startswith("/partner") and sent.caller in {"partner", "nobody"}


_TIME = "No schema knows what time it is."
_CALLER = "Schemas know the request, and not whose credentials it has."
_STORED = "It depends on what is stored."
_OTHERS = "No schema compares two values."

RULES = (
    Rule(
        f"`scheduledFor` is ahead, and within {SCHEDULING_WINDOW.days} days.",
        _TIME,
        problems.INVALID_BODY,
        "#/scheduledFor",
        _schedule,
    ),
    Rule(
        f"`readyAt` is ahead, and within {READY_WINDOW.days} days.",
        _TIME,
        problems.INVALID_BODY,
        "#/readyAt",
        _ready_time,
    ),
    Rule(
        "A restaurant that accepts an order sends `If-Match`, and not `*`.",
        "Headers do not depend on the body.",
        problems.PRECONDITION_REQUIRED,
        "If-Match",
        _unseen,
    ),
    Rule(
        "No text has U+10FFFE or U+10FFFF.",
        "A pattern that names them is itself no JSON that every parser takes (RFC 7493).",
        problems.INVALID_BODY,
        "#/.*",
        _last_characters,
    ),
    Rule(
        "A whole number is written without a fraction: `5`, not `5.0`.",
        "To JSON Schema both are the same integer.",
        problems.INVALID_BODY,
        "#/.*",
        _fraction,
    ),
    Rule(
        "An order that moves to a country with postal codes has one.",
        _STORED,
        problems.INVALID_BODY,
        "#/deliveryAddress/postalCode",
        _stored_address,
    ),
    Rule(
        f"Customers give no reasons but {', '.join(REASONS_OF[Role.CUSTOMER])}.",
        _CALLER,
        problems.INVALID_BODY,
        "#/reason/code",
        _customers_reason,
    ),
    Rule(
        f"Customers do not send {', '.join(STAFF_ONLY)}.",
        _CALLER,
        problems.INVALID_PARAMETER,
        "|".join(STAFF_ONLY),
        _staff_only,
    ),
    Rule(
        f"{' and '.join(WHOSE)} do not go together.",
        "Each parameter has a schema of its own.",
        problems.INVALID_PARAMETER,
        "partnerId",
        _both,
    ),
    Rule(
        "`createdTo` is not before `createdFrom`.",
        _OTHERS,
        problems.INVALID_PARAMETER,
        "createdTo",
        _backwards,
    ),
    Rule(
        "A cursor is one that this very query was answered with.",
        _STORED,
        problems.INVALID_PARAMETER,
        "cursor",
        _made_up,
    ),
    Rule(
        f"A body has at most {MAX_BODY_BYTES} bytes.",
        "Schemas limit each part, and not the whole.",
        problems.BODY_TOO_LARGE,
        "",
        _bytes,
    ),
    Rule("The order is one of the caller's.", _STORED, problems.ORDER_NOT_FOUND, "", _no_order),
    Rule("The order's status allows the change.", _STORED, problems.MOVE_NOT_ALLOWED, "", _no_move),
    Rule(
        "The order is at a version that `If-Match` names.",
        _STORED,
        problems.STALE_VERSION,
        "",
        _condition,
    ),
    Rule(
        "The other preconditions are true.",
        _STORED,
        problems.PRECONDITION_FAILED,
        "|If-Match|If-None-Match",
        _condition,
    ),
    Rule(
        "An `Idempotency-Key` is new, or comes with the same request.",
        _STORED,
        problems.KEY_REUSED,
        IDEMPOTENCY_KEY,
        _known_key,
    ),
    Rule(
        "A customer's order, and its change of items or address, has a price quote, where the "
        "stage requires one.",
        "It depends on the stage, and on whose credentials the request has.",
        problems.QUOTE_REQUIRED,
        "#/quote",
        _no_quote,
    ),
    Rule(
        "A price quote was signed by the menu, for this customer and this stage.",
        "No schema verifies a signature.",
        problems.QUOTE_INVALID,
        "#/quote",
        _unsigned,
    ),
    Rule("A price quote has not expired.", _TIME, problems.QUOTE_EXPIRED, "#/quote", _expired),
    Rule(
        "A price quote is for this order, as it is with its change.",
        _OTHERS,
        problems.QUOTE_MISMATCH,
        "#/(items|restaurantId|currency|deliveryFee|deliveryAddress)",
        _for_another,
    ),
    Rule(
        "A restaurant's route is called by staff whose token names the restaurant.",
        _CALLER,
        problems.NOT_YOUR_RESTAURANT,
        "",
        _not_theirs,
    ),
    Rule(
        "A partner's route is called with its key.",
        _CALLER,
        problems.INVALID_API_KEY,
        "",
        _no_key,
    ),
    Rule(
        "A person's route is called with a token.",
        _CALLER,
        problems.UNAUTHENTICATED,
        "",
        _no_token,
    ),
)
"""Every rule for which the document's own requests are refused."""


def broken_by(sent: Sent, pointer: str, memory: Memory) -> Rule | None:
    """Find the rule that a request breaks where a problem points to, None when there is none."""
    for rule in RULES:
        told = rule.kind.name == sent.kind or sent.method == HEAD  # whose answers have no body
        fits = rule.kind.status == sent.status and re.fullmatch(rule.where, pointer)
        if told and fits and rule.breaks(sent, pointer, memory):
            return rule
    return None


def document() -> str:
    """Make docs/api/beyond-openapi.md."""
    rows = [
        f"| {rule.says} | {rule.why} | {rule.kind.status} `{rule.kind.name}` |" for rule in RULES
    ]
    return "\n".join([_HEAD, *rows, ""])


_HEAD = """\
# What OpenAPI cannot say

A request can fit [OpenAPI 3.1](openapi-3.1.json) and still be refused. These are the rules for
which that happens, besides limits of traffic (429) and what we switch off.
[OpenAPI 3.0](openapi.json) lacks some more, which 3.1 says by `if` and `then`.

`make contract` sends what the document takes for valid. It fails on each refusal for which no rule
here is broken. Made by `make docs` from `tests/contract/rules.py`.

| rule | why no schema says it | answer |
|---|---|---|"""


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(document())


if __name__ == "__main__":
    main()

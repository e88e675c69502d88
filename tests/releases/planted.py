"""Bad releases: what is wrong in each, and the words in which the gate must say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.releases.release import FUNCTION, Release, Source, of_type

if TYPE_CHECKING:
    from tests.releases.release import Edit, Template

_PLACING = "orders/handlers/create_order.py"
_READING = "orders/handlers/get_order.py"
_LISTING = "orders/handlers/list_orders.py"
_CHANGING = "orders/handlers/update_order.py"
_PROCESSING = "orders/handlers/process_order.py"
_NOTIFYING = "orders/handlers/notify_partner.py"
_MONEY = "orders/domain/money.py"
_HTTP = "orders/http.py"
_STORE = "orders/store.py"
_CHANGES = "orders/domain/changes.py"

_RAISE = 'raise RuntimeError("planted")'


class Bad(NamedTuple):
    """One bad release."""

    name: str
    release: Release
    words: tuple[str, ...]
    """What the refusal must say, each of them."""


def _bad(name: str, *sources: Source, says: str) -> Bad:
    return Bad(name, Release(sources), tuple(says.split(" | ")))


def _edited(name: str, edit: Edit, *, says: str) -> Bad:
    return Bad(name, Release(edits=(edit,)), tuple(says.split(" | ")))


def function_named(template: Template, name: str) -> Any:
    """Give the properties of a function by its name."""
    handler = f"orders.handlers.{name}.handler"
    found = of_type(template, FUNCTION).values()
    return next(one["Properties"] for one in found if one["Properties"].get("Handler") == handler)


def without_variable(function: str, variable: str) -> Edit:
    """Take a variable from a function's environment."""

    def edit(template: Template) -> None:
        del function_named(template, function)["Environment"]["Variables"][variable]

    return edit


_RAISES = (
    _bad(
        "placing raises",
        Source(_PLACING, '    key = key_of(request) or ""\n', f"    {_RAISE}\n"),
        says="create_order | POST /partner/orders | status 500",
    ),
    _bad(
        "reading raises",
        Source(
            _READING,
            "    owner, conditions = request",
            f"    {_RAISE}\n    owner, conditions = request",
        ),
        says="get_order | GET /partner/orders/{orderId} | status 500",
    ),
    _bad(
        "listing raises",
        Source(_LISTING, "    filters = _filters(query)\n", f"    {_RAISE}\n"),
        says="list_orders | GET /partner/orders | status 500",
    ),
    _bad(
        "changing raises",
        Source(
            _CHANGING,
            "    conditions, key = conditions_of(request), key_of(request)\n",
            f"    {_RAISE}\n",
        ),
        says="update_order | PATCH /partner/orders/{orderId} | status 500",
    ),
    _bad(
        "an import fails",
        Source(_READING, "from orders.store import store\n", "from orders.store import shop\n"),
        says="get_order | its log tells more",
    ),
)

_TOTALS = (
    _bad(
        "the total is off by one",
        Source(
            _MONEY,
            "sum(price_of(item) for item in items)",
            "sum(price_of(item) for item in items) + 1",
        ),
        says="create_order | total",
    ),
    _bad(
        "the total is off by one with a tip",
        Source(
            _MONEY,
            "amount = sum([order[part] for part in parts])",
            'amount = sum([order[part] for part in parts]) + (parts == PARTS and order["tip"] > 0)',
        ),
        says="create_order | body/total",
    ),
    _bad(
        "the total is off by one with options",
        Source(
            _MONEY,
            "sum(option.price for option in item.options))",
            "sum(option.price for option in item.options) + (len(item.options) > 0))",
        ),
        says="create_order | body/subtotal",
    ),
    _bad(
        "the total is off by one once something costs less by an edit",
        Source(
            _MONEY,
            "add.append((path, _paths_of(rest)[0], sum(more)))",
            'add.append((path, _paths_of(rest)[0], sum(more) - (new.get("deliveryFee") == 0)))',
        ),
        says="update_order | body/total",
    ),
)

_ANSWERS = (
    _bad(
        "200 for 201",
        Source(_PLACING, "return Response(201, ", "return Response(200, "),
        says="create_order | status 200 and not 201",
    ),
    _bad(
        "the ETag is lost",
        Source(_HTTP, '"ETag": etag(item["version"]), ', ""),
        says="create_order | headers/etag is missing",
    ),
    _bad(
        "the Location is lost",
        Source(_PLACING, '        "Location": _location(request, item["orderId"]),\n', ""),
        says="create_order | headers/location is missing",
    ),
    _bad(
        "a repeated order does not say so",
        Source(_PLACING, 'headers["Idempotent-Replayed"] = "true"', "pass"),
        says="create_order | headers/idempotent-replayed is missing",
    ),
    _bad(
        "a repeated change does not say so",
        Source(_CHANGING, 'headers["Idempotent-Replayed"] = "true"', "pass"),
        says="update_order | headers/idempotent-replayed is missing",
    ),
    _bad(
        "the Content-Type is lost",
        Source(_HTTP, '            "Content-Type": JSON,\n', ""),
        says="headers/content-type is missing",
    ),
    _bad(
        "the list is turned round",
        Source(_STORE, '{"scan_index_forward": False, ', '{"scan_index_forward": True, '),
        says="list_orders | GET /partner/orders",
    ),
    Bad(
        "one function is 1.2 s slower",
        Release(
            (
                Source(
                    _READING,
                    "    item = store().get(",
                    "    __import__('time').sleep(1.2)\n    item = store().get(",
                ),
            ),
            slow_factor=2,
        ),
        ("get_order", "slow"),
    ),
)

_DATA = (
    _edited(
        "a variable is missing",
        without_variable("get_order", "ORDERS_TABLE"),
        says="get_order",
    ),
    _bad(
        "what is stored has another name, which the release alone knows",
        Source(
            _STORE,
            '            "item": item,\n',
            '            "item": '
            '{"callAt" if k == "contactPhone" else k: v for k, v in item.items()},\n',
        ),
        Source(
            _CHANGES,
            "    order: Any = msgspec.convert(item, ",
            '    item = {"contactPhone" if k == "callAt" else k: v for k, v in item.items()}\n'
            "    order: Any = msgspec.convert(item, ",
        ),
        says="contactPhone",
    ),
)

_WORKERS = (
    _bad(
        "processing raises",
        Source(
            _PROCESSING,
            "    if message.overdue is not None:\n",
            f"    {_RAISE}\n    if message.overdue is not None:\n",
        ),
        says="process_order",
    ),
    _bad(
        "processing confirms twice",
        Source(
            _PROCESSING,
            "confirm(_now(), trace_id()), (change.version,))",
            "confirm(_now(), trace_id())._replace(only_from=frozenset(Status)), None)",
        ),
        says="process_order",
    ),
    _bad(
        "notifying raises",
        Source(_NOTIFYING, "    change = message.change\n", f"    {_RAISE}\n"),
        says="notify_partner",
    ),
)

BAD = (*_RAISES, *_TOTALS, *_ANSWERS, *_DATA, *_WORKERS)
"""All that the gate refuses."""

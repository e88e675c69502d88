"""Who serves which restaurant of a running copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.partners import packed, unpacked
from tests.shared.people import aws

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from orders.domain.serving.servers import Bound

_DIRECTORY = {"apiKeyId": {"S": "#restaurants"}}


def bind(stack: Endpoints, restaurant: str, bound: Bound) -> None:
    """Say who serves a restaurant, beside the others, and let functions start that know of it."""
    tables, partners = aws(stack, "dynamodb"), stack.tables["partners"]
    found = tables.get_item(TableName=partners, Key=_DIRECTORY).get("Item")
    known = {} if found is None else unpacked(found["restaurants"]["B"])
    item = {**_DIRECTORY, "restaurants": {"B": packed({**known, restaurant: bound})}}
    tables.put_item(TableName=partners, Item=item)
    functions, name = aws(stack, "lambda"), stack.functions["create_order"]
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)

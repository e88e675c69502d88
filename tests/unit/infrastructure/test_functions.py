"""The table of functions is whole: each function has its row, and what lists it has it, too."""

from __future__ import annotations

import pytest

from infrastructure.functions import BY_NAME, FUNCTIONS, QUEUES, Caller, Row, names, queues_of
from ops.costs.traffic import Traffic
from orders.routes import ROUTES
from orders.settings import STAGE
from project.checkout import ROOT

EACH = pytest.mark.parametrize("row", FUNCTIONS, ids=lambda row: row.name)


def test_every_handler_has_its_row() -> None:
    """A handler that nobody deploys, and a row without a handler, are named here."""
    modules = {path.stem for path in (ROOT / "orders/handlers").glob("*.py")} - {"__init__"}
    assert modules == set(names()), "orders/handlers/ and infrastructure/functions.py differ"


def test_every_route_leads_to_a_function_of_the_api() -> None:
    """What API Gateway calls is in the table as such; and what it could call has a route."""
    routed = {route.function for route in ROUTES}
    assert routed == set(names(Caller.API)), "orders/routes.py and infrastructure/functions.py"


@pytest.mark.parametrize("name", names(Caller.API))
def test_a_function_of_the_api_is_described(name: str) -> None:
    """The API's document says what a route answers and promises, for every function."""
    row = BY_NAME[name]
    assert row.answer is not None, f"infrastructure/functions.py: {name} has no answer"
    assert row.description.endswith("\n"), f"infrastructure/functions.py: {name}: description"


@EACH
def test_only_functions_of_the_api_answer_requests(row: Row) -> None:
    """Workers and the like have no answer, no headers, no problems that a caller would see."""
    if row.caller is not Caller.API:
        assert (row.answer, row.problems, row.headers) == (None, (), ())


@EACH
def test_whoever_counts_knows_its_stage(row: Row) -> None:
    """A metric without its stage would be another stage's, too; who counts none needs none."""
    assert (STAGE in row.variables) == row.counts


@EACH
def test_a_queue_feeds_workers_only(row: Row) -> None:
    """Who is called by queues has them in the table, and nobody else does."""
    assert bool(queues_of(row.name)) == (row.caller is Caller.QUEUE)


def test_queues_are_told_apart() -> None:
    """No two have a name in common, wherever people meet them."""
    said = [(one.name, one.letters, one.fact, (one.feeds, one.mapping_id)) for one in QUEUES]
    assert all(len(set(same)) == len(QUEUES) for same in zip(*said, strict=True))


def test_what_requests_and_queues_call_has_its_load() -> None:
    """The cost of a new function is never forgotten: somebody says how often it is called."""
    said = set(Traffic(orders_per_day=1).calls())
    assert said == set(names(Caller.API, Caller.QUEUE)), "ops/costs/traffic.py, Traffic.calls"

"""The OpenAPI document: valid, current, and the same as the template and the functions."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.openapi import document as openapi
from documents.openapi.document import API_KEY, DOCUMENT, TOKEN, document, moves_table
from documents.openapi.responses import problems_of
from infrastructure.edge.models import shape_of
from infrastructure.functions import BY_NAME, Caller, names
from orders import body, callers, idempotency, partners, preconditions
from orders.domain.lifecycle import MOVES, Role, Status, statuses_after
from orders.handlers import list_orders
from orders.pricing import compared, quotes
from orders.problems import (
    GATEWAY_PROBLEMS,
    NOT_YOUR_RESTAURANT,
    PROBLEMS,
    STALE_VERSION,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
    Problem,
)
from orders.routes import ROUTES
from project.checkout import ROOT
from tests.infrastructure.edge.test_api import method_of
from tests.lazily import Lazily
from tests.shared import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from orders.routes import Route
    from tests.infrastructure.conftest import Template

schemas = Lazily("openapi_schema_validator")
specifications = Lazily("openapi_spec_validator")

CONTRACT = document()
HANDLERS = {name: import_module(f"orders.handlers.{name}") for name in names(Caller.API)}

each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference of the document."""
    if "$ref" not in node:
        return node
    found: Any = CONTRACT
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolved(found)


def operation_of(route: Route) -> dict[str, Any]:
    """Find what the document says of a route."""
    found: dict[str, Any] = CONTRACT["paths"][route.path][route.method.lower()]
    return found


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    """Give a schema together with the schemas that it refers to."""
    return {**schema, "components": CONTRACT["components"]}


def takes(schema: dict[str, Any], value: Any) -> bool:
    """Tell whether a request may hold a value."""
    return bool(_validator(json.dumps(schema)).is_valid(value))


@cache
def _validator(schema: str) -> Any:
    return schemas.OAS30WriteValidator(whole(json.loads(schema)))


def credentials_of(route: Route) -> dict[str, Any]:
    """Name the credentials that a route asks for."""
    (asked,) = operation_of(route)["security"]
    return dict(asked)


def kinds_in(*modules: ModuleType) -> set[Kind]:
    """Name the problems that modules know of."""
    return {value for module in modules for value in vars(module).values() if type(value) is Kind}


def test_the_document_is_valid_openapi() -> None:
    """Every tool that reads OpenAPI 3.0 reads the document."""
    specifications.OpenAPIV30SpecValidator(CONTRACT).validate()


def test_the_document_is_current() -> None:
    """The committed document is what the code says; `make docs` makes it so."""
    assert DOCUMENT.read_text() == openapi.rendered()


def test_a_stale_document_is_told(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` writes nothing and fails with a sentence; without it the document is written."""
    stale = tmp_path / "docs.json"
    stale.write_text("{}")
    monkeypatch.setattr(openapi, "DOCUMENT", stale)
    monkeypatch.setattr(openapi, "ROOT", tmp_path)
    project = {"version": "1.2.3", "license": "Apache-2.0"}
    monkeypatch.setattr(openapi, "_project", lambda: project)
    monkeypatch.setattr(sys, "argv", ["openapi", "--check"])
    with pytest.raises(SystemExit, match="make docs"):
        openapi.main()
    assert stale.read_text() == "{}"
    monkeypatch.setattr(sys, "argv", ["openapi"])
    openapi.main()
    assert json.loads(stale.read_text())["info"]["version"] == "1.2.3"
    monkeypatch.setattr(sys, "argv", ["openapi", "--check"])
    openapi.main()
    assert capsys.readouterr().out == ""


def test_the_document_is_the_same_wherever_it_is_made() -> None:
    """Two processes with different hash seeds write the same bytes."""
    program = "from documents.openapi.document import rendered; print(rendered(), end='')"
    texts = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": "/nonexistent"},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1] == DOCUMENT.read_bytes()


def test_the_template_has_the_documented_operations(template: Template) -> None:
    """What is deployed and what is documented are the same methods of the same paths."""
    documented = {
        operation["operationId"]: method.upper()
        for operations in CONTRACT["paths"].values()
        for method, operation in operations.items()
    }
    deployed = {
        method["OperationName"]: method["HttpMethod"]
        for _, method in template.all("ApiGateway::Method")
        if "OperationName" in method
    }
    assert deployed == documented


@each_route
def test_the_template_takes_the_documented_parameters(template: Template, route: Route) -> None:
    """The gateway knows every documented query parameter; headers are the function's to ask for."""
    deployed = method_of(template, route.operation).get("RequestParameters", {})
    documented = {
        f"method.request.querystring.{entry['name']}": entry.get("required", False)
        for entry in operation_of(route)["parameters"]
        if entry["in"] == "query"
    }
    assert deployed == documented


@each_route
def test_the_template_admits_whom_the_document_says(template: Template, route: Route) -> None:
    """The documented credentials are those that the gateway asks for."""
    method = method_of(template, route.operation)
    asked = credentials_of(route)
    assert asked == {API_KEY if method.get("ApiKeyRequired") else TOKEN: []}
    assert (method["AuthorizationType"] == "COGNITO_USER_POOLS") == (TOKEN in asked)
    assert CONTRACT["components"]["securitySchemes"][API_KEY]["name"] == "x-api-key"


def shape(schema: dict[str, Any]) -> dict[str, Any]:
    """Give the shape of a documented schema, as the gateway's models hold it."""
    schema = resolved(schema)
    if "properties" in schema:
        return {"properties": {name: shape(part) for name, part in schema["properties"].items()}}
    return {"items": shape(schema["items"])} if "items" in schema else {}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.body], ids=lambda r: r.operation)
def test_the_gateway_s_models_have_the_documented_shape(template: Template, route: Route) -> None:
    """For each content type the fields are the same in both, at every depth."""
    models = method_of(template, route.operation)["RequestModels"]
    content = operation_of(route)["requestBody"]["content"]
    assert set(models) == set(content)
    assert route.body is not None
    for content_type, reference in models.items():
        model = template.document["Resources"][reference["Ref"]]["Properties"]["Schema"]
        named = {"$schema", "title"}
        deployed = {key: part for key, part in model.items() if key not in named}
        assert deployed == shape(content[content_type]["schema"]) == shape_of(route.body)


@pytest.mark.parametrize("name", HANDLERS)
def test_a_function_s_documented_problems_are_its_own(name: str) -> None:
    """What a function's modules can refuse with is documented, and nothing else."""
    module = HANDLERS[name]
    known = kinds_in(module)
    if "decode" in vars(module):
        known |= kinds_in(body) | {UNSUPPORTED_MEDIA_TYPE}
    known |= kinds_in(preconditions) - (set() if "is_known" in vars(module) else {STALE_VERSION})
    if "take_quote" in vars(module):
        known |= kinds_in(quotes) | kinds_in(compared)
    if "key_of" in vars(module):
        known |= kinds_in(idempotency)
    assert set(BY_NAME[name].problems) == known


@each_route
def test_what_any_function_can_answer_is_documented(route: Route) -> None:
    """Problems of the caller, and failures of our own, are documented for every route."""
    listed = problems_of(route)
    by_token = TOKEN in credentials_of(route)
    of_callers = {kind for kind in kinds_in(callers, partners) if (kind.status == 401) == by_token}
    of_callers -= {NOT_YOUR_RESTAURANT}
    assert (NOT_YOUR_RESTAURANT in listed) == (by_token and route.serves)
    failures = {kind for kind in PROBLEMS if kind.status >= 500}
    assert of_callers | failures <= listed
    documented = {str(kind.status) for kind in listed}
    statuses = {status for status in operation_of(route)["responses"] if status >= "400"}
    assert statuses == documented


def test_every_problem_is_documented_somewhere() -> None:
    """No kind of problem, API Gateway's own included, is missing from the document."""
    kinds = {kind for route in ROUTES for kind in problems_of(route)}
    assert kinds == {*PROBLEMS, *GATEWAY_PROBLEMS.values()}


@each_route
def test_each_problem_has_its_type_and_an_example(route: Route) -> None:
    """Of each status the document names the types, and shows one valid example of each."""
    for status, reference in operation_of(route)["responses"].items():
        if status < "400":
            continue
        content = resolved(reference)["content"]["application/problem+json"]
        kinds = {kind for kind in problems_of(route) if str(kind.status) == status}
        shown = {example["value"]["type"] for example in content["examples"].values()}
        assert shown == {kind.type for kind in kinds}
        for kind in kinds:
            raised = Problem(kind, "detail", pointer="#/x").body("request-1")
            schemas.OAS30ReadValidator(whole(content["schema"])).validate(raised)
        with pytest.raises(Exception, match="is not one of"):
            schemas.OAS30ReadValidator(whole(content["schema"])).validate(
                raised | {"type": "urn:other"}
            )


def media_types() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Give each example of the document with its place and its media type."""
    for path, operations in CONTRACT["paths"].items():
        for method, operation in operations.items():
            nodes = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for place, node in nodes.items():
                for media in resolved(node).get("content", {}).values():
                    where = f"{method} {path} {place}"
                    named = media.get("examples", {"": {"value": media.get("example")}})
                    for example in named.values():
                        yield where, media["schema"], example["value"]


def test_every_example_is_valid() -> None:
    """Each body has an example, and it fits its schema."""
    found = list(media_types())
    for where, schema, example in found:
        validator = (
            schemas.OAS30WriteValidator if where.endswith("request") else schemas.OAS30ReadValidator
        )
        faults = [str(error) for error in validator(whole(schema)).iter_errors(example)]
        assert not faults, where
    assert len(found) > 100


def test_every_parameter_s_example_is_valid() -> None:
    """An example of a header or of an id is one that the API takes."""
    for route in ROUTES:
        for parameter in operation_of(route)["parameters"]:
            assert "example" not in parameter or takes(parameter["schema"], parameter["example"])


@given(examples.orders)
def test_the_document_refuses_no_good_order(sent: dict[str, Any]) -> None:
    """What the function takes, the document describes."""
    assert takes({"$ref": "#/components/schemas/NewPartnerOrder"}, sent)


MOMENTS = ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.123456+05:30", "2026-11-22t12:00:00z"]
"""Moments; what is none is told by its format, which these validators pass over."""

QUERIES = {
    "limit": ["1", "99", "100", "0", "101", "-1", "1.5", "ten", "", " 1"],
    "status": [*Status, "placed", "LOST", ""],
    "customerId": ["a", "c" * 300, "c" * 301, "", "a\x00", "é", "a\x7f"],
    "reference": ["#4711/B", "r" * 64, "r" * 65, "", "a b", "é"],
    "createdFrom": MOMENTS,
    "createdTo": MOMENTS,
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in QUERIES.items() for value in values]
)
def test_a_documented_parameter_is_what_the_function_takes(name: str, value: str) -> None:
    """A query parameter is refused exactly when its schema refuses it."""
    (route,) = (route for route in ROUTES if route.operation == "partner_list_orders")
    (entry,) = (entry for entry in operation_of(route)["parameters"] if entry["name"] == name)
    number = resolved(entry["schema"])["type"] == "integer"
    sent: Any = int(value) if number and value.lstrip("-").isdigit() else value
    sent = [value] if resolved(entry["schema"])["type"] == "array" else sent
    try:
        list_orders._READERS[name](value)
        taken = True
    except ValueError:
        taken = False
    assert taken == takes(entry["schema"], sent)


@given(st.text(st.characters(codec="latin-1"), max_size=8) | st.text(max_size=300))
def test_a_documented_idempotency_key_is_what_the_function_takes(key: str) -> None:
    """A key is refused exactly when its schema refuses it."""
    schema = CONTRACT["paths"]["/orders"]["post"]["parameters"][0]["schema"]
    assert idempotency._is_sound(key) == (takes(schema, key) and not key.endswith("\n"))


TAGS = [
    '"1"',
    '"a,b"',
    '"1", "2"',
    'W/"1"',
    "*",
    '"x y"',
    '"1"2',
    "1",
    '"1',
    '""',
    '"1","2" , W/"3"',
    "0",
]


@pytest.mark.parametrize("tag", [*TAGS, ", ".join(['"1"'] * 20), ", ".join(['"1"'] * 21)])
def test_a_documented_if_match_is_what_the_function_takes(tag: str) -> None:
    """An If-Match is refused exactly when its schema refuses it."""
    parameters = CONTRACT["paths"]["/orders/{orderId}"]["patch"]["parameters"]
    (schema,) = (entry["schema"] for entry in parameters if entry["name"] == "If-Match")
    try:
        preconditions._tags(tag, "If-Match")
        taken = True
    except Problem:
        taken = False
    assert taken == takes(schema, tag)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SERVICE])
def test_the_document_tells_every_move(role: Role) -> None:
    """The table of moves says, for each role and status, what the lifecycle says."""
    rows = moves_table([role]).splitlines()[2:]
    told = {row.split(" | ")[0].strip("| "): row.split(" | ")[1].strip("| ") for row in rows}
    assert set(told) == set(MOVES)
    for origin, targets in told.items():
        moves = statuses_after(Status(origin), role)
        assert targets == (", ".join(moves) or "–")
    asked = [r for r in ROUTES if r.function == "update_order"]
    described = " ".join(operation_of(route)["description"] for route in asked)
    assert f"{role} to" in described

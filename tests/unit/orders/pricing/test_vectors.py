"""The published quotes are answered as they say, and every kind of forgery is among them."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
import rfc8785
from msgspec import convert

from documents import quote_vectors
from documents.quote_vectors import DOCUMENT, INVALID, TAKEN, basket_json
from orders.domain.order import Address, LineItem, NewOrder
from orders.pricing.compared import check_order, digest_of
from orders.pricing.quotes import quote_of
from orders.problems import Problem
from orders.settings import PRICE_KEYS, STAGE
from tests.shared.menu import quotes

PUBLISHED: dict[str, Any] = json.loads(DOCUMENT.read_text())
FRESH: dict[str, Any] = quote_vectors.document(quotes.private_key("vectors"))
"""As the script makes them now, with another key."""

REST = {"tip": 0, "contactPhone": "+14155550123"}
STREET = {"line1": "1 Market St", "city": "San Francisco"}


def answer(document: dict[str, Any], vector: dict[str, Any]) -> str:
    """Ask what a quote of a document is answered at its time."""
    order = vector.get("order", document["order"])
    address = convert({**STREET, **order["deliveryAddress"]}, Address)
    sent = convert({**order, **REST, "deliveryAddress": {**STREET, "country": "US"}}, NewOrder)
    sent.delivery_address = address
    try:
        check_order(sent, quote_of(vector["quote"], document["customer"], document["now"]))
    except Problem as problem:
        return problem.kind.name
    return TAKEN


def use(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STAGE, document["stage"])
    keys = " ".join(f"{key['kid']}:{key['n']}" for key in document["keys"])
    monkeypatch.setenv(PRICE_KEYS, keys)


@pytest.mark.parametrize("name", [one["name"] for one in PUBLISHED["vectors"]])
def test_a_published_quote_is_answered_as_it_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tries a signer with the file sees there what this service does."""
    use(PUBLISHED, monkeypatch)
    (vector,) = (one for one in PUBLISHED["vectors"] if one["name"] == name)
    assert answer(PUBLISHED, vector) == vector["answer"]


def test_quotes_that_are_made_anew_are_answered_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer depends on the key that the file was made with."""
    use(FRESH, monkeypatch)
    found = {one["name"]: answer(FRESH, one) for one in FRESH["vectors"]}
    assert found == {one["name"]: one["answer"] for one in FRESH["vectors"]}


def test_every_kind_is_published() -> None:
    """A kind of forgery that the script knows is in the file, and no name is there twice."""
    names = [one["name"] for one in PUBLISHED["vectors"]]
    assert names == [one["name"] for one in FRESH["vectors"]], (
        "run: python -m documents.quote_vectors"
    )
    assert len(set(names)) == len(names)
    texts = [one["quote"] for one in PUBLISHED["vectors"] if one["answer"] == INVALID]
    good = [one["quote"] for one in PUBLISHED["vectors"] if one["answer"] == TAKEN]
    assert not set(texts) & set(good)
    for part in ("about", "stage", "now", "customer", "order"):
        assert PUBLISHED[part] == FRESH[part], part


def test_good_quotes_are_good_for_another_library() -> None:
    """PyJWT finds each taken quote genuine: the vectors are not ours alone."""
    key = jwt.PyJWK(PUBLISHED["keys"][0]).key
    for vector in PUBLISHED["vectors"]:
        if vector["answer"] == TAKEN:
            said = jwt.decode(
                vector["quote"],
                key,
                algorithms=["RS256"],
                audience="food-delivery-orders/vectors",
                options={"verify_exp": False, "verify_iat": False},
            )
            assert said["sub"] == PUBLISHED["customer"]


def test_no_secret_is_published() -> None:
    """The file has a public key alone, which nothing else uses."""
    (key,) = PUBLISHED["keys"]
    assert set(key) == {"kty", "kid", "n", "e", "alg"}
    assert "PRIVATE" not in DOCUMENT.read_text()


@pytest.mark.parametrize("basket", PUBLISHED["digests"], ids=lambda basket: basket["name"])
def test_published_digests_are_ours_and_those_of_rfc_8785(basket: dict[str, Any]) -> None:
    """Another implementation of RFC 8785 writes a basket as the file shows it, and we digest it."""
    lines = json.loads(basket["json"])
    assert rfc8785.dumps(lines) == basket["json"].encode()
    assert basket_json(basket["items"]) == basket["json"]
    assert digest_of(convert(basket["items"], list[LineItem])) == basket["digest"]
    assert len(base64.urlsafe_b64decode(basket["digest"] + "=")) == 32

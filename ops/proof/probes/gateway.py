"""What API Gateway answers by itself: refusals, unknown routes, methods, throttles."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infrastructure import outputs
from infrastructure.settings import settings_of
from infrastructure.settings_validation import SettingError
from ops.live import function_variables
from ops.proof.probe import AtLeast, AtMost, Like, OneOf, Probe
from ops.proof.world import orders, reading
from ops.proof.world.answers import Answer
from ops.proof.world.cannot_tell import CannotTell
from ops.proof.world.orders import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_PROBLEM = "application/problem+json"
_MEGABYTE = 1_000_000
_AT_ONCE = 40
_TINY = "tiny"  # the plan that a running copy has besides: a slow machine reaches it, too
_BREAKS_PYTHON = "PYTHONHOME"  # a variable with which no function starts


def _models(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    bodies = {"{": "{", "[]": "[]", "{}": "{}", "2,000 brackets": "[" * 2_000}
    seen = {name: orders.post(world, by, body) for name, body in bodies.items()}
    told: dict[str, object] = {name: answer.told for name, answer in seen.items()}
    return {**told, "errors of {}": isinstance(seen["{}"].field("errors"), list)}


def _unknown_route(world: World) -> Mapping[str, object]:
    token = {"Authorization": "Bearer a.b.c"}
    return {
        "without a token": world.ask("GET", "/nothing").told,
        "with a token": world.ask("GET", "/nothing", token).told,
        "with a key": world.ask("GET", "/nothing", orders.partner(world).headers).told,
    }


def _no_model(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    headers = {**by.headers, "Content-Type": "text/plain", "Idempotency-Key": world.run}
    return {"text/plain": world.ask("POST", "/partner/orders", headers, b"no order").told}


def _own_answers(world: World) -> Mapping[str, object]:
    since, answer = time.time(), world.ask("GET", "/nothing")
    told, header = answer.field("requestId"), answer.headers.get("x-amzn-requestid", "")
    logged = reading.lines(world, reading.access_log(world), since, f'"{told}"')
    return {
        "answer": answer.told,
        "lines of the access log with its id": len(logged),
        "its header has it": bool(told) and told == header,
    }


def _too_large(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    headers = {**by.headers, **JSON, "Idempotency-Key": world.run}
    answer = world.ask("POST", "/partner/orders", headers, b"x" * (11 * _MEGABYTE))
    return {"status": answer.status, "content type": answer.content_type}


def _challenge(world: World) -> Mapping[str, object]:
    forged = {"Authorization": "Bearer e30.e30.forged"}
    bare, wrong = world.ask("GET", "/orders"), world.ask("GET", "/orders", forged)
    return {
        "without a token": bare.told,
        "its challenge": bare.headers.get("www-authenticate", ""),
        "with a wrong one": wrong.told,
        "that challenge": wrong.headers.get("www-authenticate", ""),
    }


def _head(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    order = orders.place(world, by)["orderId"]
    paths = ("/health", "/partner/orders?limit=1", f"/partner/orders/{order}")
    pairs = [
        (world.ask("GET", path, by.headers), world.ask("HEAD", path, by.headers)) for path in paths
    ]
    return {
        "statuses": [head.status for _, head in pairs],
        "same statuses": all(get.status == head.status for get, head in pairs),
        "same types": all(get.content_type == head.content_type for get, head in pairs),
        "same ETag": pairs[2][0].headers.get("etag") == pairs[2][1].headers.get("etag"),
        "bytes of bodies": sum(len(head.body) for _, head in pairs),
    }


def _catch_all(world: World) -> Mapping[str, object]:
    kinds = {
        "JSON": "application/json",
        "a form": "application/x-www-form-urlencoded",
        "an image": "image/webp",
    }
    seen: dict[str, object] = {
        f"POST as {name}": world.ask("POST", "/a/b/c", {"Content-Type": kind}, b"{}").told
        for name, kind in kinds.items()
    }
    return {**seen, "DELETE /orders": world.ask("DELETE", "/orders").told}


def _throttled(world: World) -> Mapping[str, object]:
    tiny = outputs.usage_plan(_TINY) in world.target.outputs
    by = orders.partner(world, "throttled", plan=_TINY if tiny else "standard")
    world.pause(3 * world.pace)
    body = json.dumps(orders.example(reference=world.run)).encode()

    def one(number: int) -> Answer:
        headers = {**by.headers, **JSON, "Idempotency-Key": f"{world.run}-{number}"}
        return world.once("POST", "/partner/orders", headers, body)

    answers = world.at_once(_AT_ONCE, one)
    refused = [answer for answer in answers if answer.status == 429]
    placed = sum(answer.status == 201 for answer in answers)
    page = world.ask("GET", f"/partner/orders?reference={world.run}&limit=25", by.headers)
    listed = len(page.field("orders") or [])
    return {
        "refused with 429": len(refused),
        "neither placed nor 429": len(answers) - placed - len(refused),
        "refused as problems": all(answer.content_type == _PROBLEM for answer in refused),
        "with Retry-After": all("retry-after" in answer.headers for answer in refused),
        "placed less listed": placed - listed if placed <= 25 else 0,
    }


def _quotas(world: World) -> Mapping[str, object]:
    found = world.client("apigateway").get_account()["throttleSettings"]
    return {"a second": float(found["rateLimit"]), "at once": int(found["burstLimit"])}


def _client_path(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    answer = orders.post(world, by, orders.example())
    location = answer.headers.get("location", "")
    parts = urlsplit(world.api_url)
    url = location if "://" in location else f"{parts.scheme}://{parts.netloc}{location}"
    found = world.ask("GET", url, by.headers)
    same = found.field("orderId") == answer.field("orderId")
    return {"placed": answer.status, "its Location": found.status, "the same order": same}


def _failed(world: World) -> Mapping[str, object]:
    by, target = orders.partner(world), world.target
    order = orders.place(world, by)["orderId"]
    client = target.client("lambda")
    found = function_variables.found_in(target, "get_order")
    function_variables.change(client, found, _BREAKS_PYTHON, "/nowhere")
    try:
        answer = world.until(lambda: _failure(orders.read(world, by, order)), 60, every=2)
    finally:
        again = function_variables.found_in(target, "get_order")
        function_variables.change(client, again, _BREAKS_PYTHON, None)
    if answer is None:
        raise CannotTell("The function did not fail although its Python finds no modules.")
    text = answer.body.decode(errors="replace")
    return {
        "answer": answer.told,
        "tells of the failure": any(each in text for each in ("nowhere", "Python", "Runtime")),
        "mended": bool(world.until(lambda: orders.read(world, by, order).status == 200, 60)),
    }


def _failure(answer: Answer) -> Answer | None:
    return answer if answer.status >= 500 else None


def _tls(world: World) -> Mapping[str, object]:
    host = urlsplit(world.api_url).hostname or ""
    return {
        "TLS 1.1": _handshake(host, ssl.TLSVersion.TLSv1_1),
        "TLS 1.2": _handshake(host, ssl.TLSVersion.TLSv1_2),
    }


def _handshake(host: str, version: ssl.TLSVersion) -> str:
    import socket  # noqa: PLC0415 - one probe needs it

    context = ssl.create_default_context()
    try:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or OpenSSL would not even offer the old one
        context.minimum_version = context.maximum_version = version
    except (ssl.SSLError, ValueError) as error:
        raise CannotTell(f"This machine's OpenSSL cannot speak {version.name}: {error}") from None
    try:
        with (
            socket.create_connection((host, 443), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return "taken"
    except ssl.SSLError as error:
        if error.reason == "NO_PROTOCOLS_AVAILABLE":
            raise CannotTell(f"This machine's OpenSSL does not speak {version.name}.") from None
        return "refused"
    except ConnectionError:
        return "refused"


def _blocked(world: World) -> Mapping[str, object]:
    attack = world.ask("GET", "/health?q=%3Cscript%3Ealert(1)%3C/script%3E")
    by, line = orders.partner(world), "a" * 60
    items = [
        {"itemId": f"item-{number}", "name": line, "quantity": 1, "unitPrice": 100}
        for number in range(40)
    ]
    longest = orders.post(world, by, orders.example(items=items))
    return {"an attack": attack.told, "a long order": longest.status}


def _blocked_line(world: World) -> Mapping[str, object]:
    since, secret = time.time(), f"secret-{world.run}"
    headers = {"Authorization": secret, "x-api-key": secret, "Cookie": f"c={secret}"}
    refused = world.ask("GET", f"/health?q=%3Cscript%3E{secret}%3C/script%3E", headers)
    group = _firewall_group(world)

    def found() -> list[str]:
        pages = (
            world.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=group, startTime=int(since * 1_000))
        )
        return [event["message"] for page in pages for event in page["events"]]

    lines = world.until(found, 300, every=15)
    return {
        "answer": refused.status,
        "lines": len(lines),
        "with key, token, cookie or query": sum(secret in line for line in lines),
    }


def _firewall_group(world: World) -> str:
    asked = world.client("logs").describe_log_groups(logGroupNamePrefix="aws-waf-logs-")
    names = [str(group["logGroupName"]) for group in asked["logGroups"]]
    try:
        return next(name for name in names if world.target.stage in name)
    except StopIteration:
        raise CannotTell("The stage's firewall has no log group.") from None


def _counts_tokens(world: World) -> Mapping[str, object]:
    busy, other = world.callers.person("busy"), world.callers.person("other")
    try:
        limit = settings_of(world.target.stage).person_limit
    except SettingError as error:
        raise CannotTell(str(error)) from None
    sent, refused = 0, Answer(0, {})
    began = time.monotonic()
    while time.monotonic() - began < 150 and refused.status != 403:
        answers = world.at_once(8, lambda _: world.once("GET", "/orders?limit=1", busy.headers))
        sent += len(answers)
        refused = next((answer for answer in answers if answer.status == 403), refused)
        world.pause(0.5)
    calm = world.ask("GET", "/orders?limit=1", other.headers).status
    return {"sent before": sent, "above": sent > limit, "refused": refused.told, "another": calm}


PROBES = (
    Probe(
        claim="models-refuse-no-json-alone",
        look=_models,
        expected={
            "{": "400 malformed-json",
            "[]": "400 invalid-body",
            "{}": "400 invalid-body",
            "2,000 brackets": Like("400 (malformed-json|invalid-body)"),
            "errors of {}": True,
        },
    ),
    Probe(
        claim="unknown-route",
        look=_unknown_route,
        expected=dict.fromkeys(
            ("without a token", "with a token", "with a key"), "404 no-such-route"
        ),
    ),
    Probe(
        claim="no-model-no-check",
        look=_no_model,
        expected={"text/plain": "415 unsupported-media-type"},
    ),
    Probe(
        claim="answers-of-the-gateway-itself",
        look=_own_answers,
        expected={
            "answer": "404 no-such-route",
            "lines of the access log with its id": 1,
            "its header has it": True,
        },
        only_on_aws=("its header has it",),
        seconds=60,
    ),
    Probe(
        claim="too-large-for-the-gateway",
        look=_too_large,
        expected={"status": 413, "content type": Like("(?!application/problem).*")},
        seconds=60,
        emulator="It takes bodies of any size.",
    ),
    Probe(
        claim="challenge-of-a-401",
        look=_challenge,
        expected={
            "without a token": Like("401 .+"),
            "its challenge": 'Bearer realm="food-delivery-orders"',
            "with a wrong one": Like("401 .+"),
            "that challenge": 'Bearer realm="food-delivery-orders"',
        },
    ),
    Probe(
        claim="head-is-a-method",
        look=_head,
        expected={
            "statuses": [200, 200, 200],
            "same statuses": True,
            "same types": True,
            "same ETag": True,
            "bytes of bodies": 0,
        },
    ),
    Probe(
        claim="catch-all-of-routes",
        look=_catch_all,
        expected={
            "POST as JSON": "404 no-such-route",
            "POST as a form": "404 no-such-route",
            "POST as an image": Like("415.*"),
            "DELETE /orders": Like("405.*"),
        },
    ),
    Probe(
        claim="plans-and-throttles",
        look=_throttled,
        expected={
            "refused with 429": AtLeast(1),
            "neither placed nor 429": 0,
            "refused as problems": True,
            "with Retry-After": True,
            "placed less listed": 0,
        },
        seconds=60,
    ),
    Probe(
        claim="gateway-quotas",
        look=_quotas,
        expected={"a second": AtMost(10_000), "at once": AtMost(5_000)},
    ),
    Probe(
        claim="client-path",
        look=_client_path,
        expected={"placed": 201, "its Location": 200, "the same order": True},
    ),
    Probe(
        claim="failed-function",
        look=_failed,
        expected={
            "answer": "502 bad-gateway",
            "tells of the failure": False,
            "mended": True,
        },
        seconds=120,
        alone=True,
    ),
    Probe(
        claim="tls-of-the-gateway",
        look=_tls,
        expected={"TLS 1.1": "refused", "TLS 1.2": "taken"},
        emulator="It speaks plain HTTP.",
    ),
    Probe(
        claim="firewall-blocks",
        look=_blocked,
        expected={"an attack": Like("403 .+"), "a long order": 201},
        emulator="It has no firewall.",
    ),
    Probe(
        claim="blocked-requests-are-logged",
        look=_blocked_line,
        expected={"answer": 403, "lines": AtLeast(1), "with key, token, cookie or query": 0},
        seconds=240,
        emulator="It has no firewall.",
    ),
    Probe(
        claim="firewall-counts-tokens",
        look=_counts_tokens,
        expected={"above": True, "refused": Like("403 .+"), "another": OneOf((200,))},
        seconds=180,
        alone=True,
        emulator="It has no firewall.",
    ),
)
"""Each with what is seen where its claim holds."""

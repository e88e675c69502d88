"""The emulator's guard: no page elsewhere calls an AWS API of this machine.

AWS answers only who signs; the emulator does whatever anybody asks, so that a page could have code
run as the developer. The guard stands before all that the emulator serves, whatever it is patched
with, and lets in what local/inside/visitors.py does. To that it adds two doors for pages:

    the order API   answers every origin itself, as on AWS: it takes a key or a token, and says who
                    may read the answer
    Cognito         what it does for people without a signature is for pages on the stage's origins

All other answers of the emulator permit every origin to read them; here none is permitted.
"""

from __future__ import annotations

import errno
import functools
import ipaddress
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.visitors import (
    AWS_HERE,
    THIS_MACHINE,
    calls_this_machine,
    headers_of,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping

    Message = dict[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Receive = Callable[[], Awaitable[Message]]
    App = Callable[[Message, Receive, Send], Coroutine[None, None, None]]

_API = re.compile(r"/_aws/execute-api/(?!.*/@connections/).+", re.DOTALL)
_PERMISSION = b"access-control-"

PROCESS = "x-emulator-process"
"""The header that tells which emulator has answered, by its process id."""

_COGNITO = "AWSCognitoIdentityProviderService."
FOR_PEOPLE = frozenset(
    {
        "AssociateSoftwareToken",
        "ChangePassword",
        "CompleteWebAuthnRegistration",
        "ConfirmDevice",
        "ConfirmForgotPassword",
        "ConfirmSignUp",
        "DeleteUser",
        "DeleteUserAttributes",
        "DeleteWebAuthnCredential",
        "ForgetDevice",
        "ForgotPassword",
        "GetDevice",
        "GetTokensFromRefreshToken",
        "GetUser",
        "GetUserAttributeVerificationCode",
        "GetUserAuthFactors",
        "GlobalSignOut",
        "InitiateAuth",
        "ListDevices",
        "ListWebAuthnCredentials",
        "ResendConfirmationCode",
        "RespondToAuthChallenge",
        "RevokeToken",
        "SetUserMFAPreference",
        "SetUserSettings",
        "SignUp",
        "StartWebAuthnRegistration",
        "UpdateAuthEventFeedback",
        "UpdateDeviceStatus",
        "UpdateUserAttributes",
        "VerifySoftwareToken",
        "VerifyUserAttribute",
    }
)
"""Cognito's operations that take no signature, so that a web client can call them."""


def guard(origins: Collection[str]) -> None:
    """Stand before the emulator, once it is patched and before it serves.

    Args:
        origins: of the stage, whose pages may sign people in.
    """
    app = ministack.module("app")
    ministack.replace(app, app=guarded(app.app, origins))
    sys.addaudithook(refuse_other_interfaces)


def guarded(serve: App, origins: Collection[str]) -> App:
    """Give an ASGI application that serves only who may come in."""

    @functools.wraps(serve)
    async def guarding(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await serve(scope, receive, send)
            return
        headers = _headers(scope)
        if _is_of_the_api(scope, headers):
            await serve(scope, receive, send)
        elif _signs_people_in(scope, headers, origins):
            await serve(scope, receive, _permitting(send, headers["origin"]))
        elif why := _refusal(scope, headers):
            await _refuse(scope, send, why)
        else:
            await serve(scope, receive, _permitting(send, None))

    return guarding


def _headers(scope: Message) -> dict[str, str]:
    return headers_of((n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"])


def _is_of_the_api(scope: Message, headers: Mapping[str, str]) -> bool:
    return (
        scope["type"] == "http"
        and bool(_API.fullmatch(scope["path"]))
        and calls_this_machine(headers, THIS_MACHINE)
    )


def _signs_people_in(scope: Message, headers: Mapping[str, str], origins: Collection[str]) -> bool:
    """Tell whether a page of the stage's calls Cognito, or asks whether it may (by OPTIONS)."""
    if not calls_this_machine(headers, THIS_MACHINE) or headers.get("origin") not in origins:
        return False
    where = (scope["type"], scope["path"], scope["query_string"])
    if where != ("http", "/", b"") or "authorization" in headers:
        return False
    service, _, operation = headers.get("x-amz-target", "").rpartition(".")
    named = f"{service}." == _COGNITO and operation in FOR_PEOPLE
    return scope["method"] == "OPTIONS" or (scope["method"] == "POST" and named)


def _refusal(scope: Message, headers: Mapping[str, str]) -> str | None:
    if not scope["path"].startswith("/"):
        return "The local run is no proxy. Call the address itself."
    return refusal(scope.get("method", "GET"), headers, links=False, names=AWS_HERE)


async def _refuse(scope: Message, send: Send, why: str) -> None:
    kind = "websocket.http" if scope["type"] == "websocket" else "http"
    body = json.dumps({"__type": "AccessDeniedException", "message": why}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": f"{kind}.response.start", "status": 403, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body, "more_body": False})


def _permitting(send: Send, origin: str | None) -> Send:
    """Let an answer be read by pages of one origin, or of none but its own."""

    async def sending(message: Message) -> None:
        if message["type"].endswith("response.start"):
            message = {**message, "headers": _permitted(message.get("headers", []), origin)}
        await send(message)

    return sending


def _permitted(headers: list[tuple[bytes, bytes]], origin: str | None) -> list[tuple[bytes, bytes]]:
    if origin is None:
        kept = [(n, v) for n, v in headers if not n.lower().startswith(_PERMISSION)]
        return [*kept, (PROCESS.encode(), b"%d" % os.getpid())]
    wanted = _PERMISSION + b"allow-origin"
    others = [(n, v) for n, v in headers if n.lower() not in (wanted, b"vary")]
    return [*others, (wanted, origin.encode()), (b"vary", b"Origin")]


def refuse_other_interfaces(event: str, arguments: tuple[Any, ...]) -> None:
    """Let nothing listen beyond this machine: some of ministack's services would, if asked.

    Args:
        event: as Python tells its audit hooks.
        arguments: of `socket.bind`, the socket and its address.

    Raises:
        PermissionError: whoever wanted to listen is told so.
    """
    if event != "socket.bind" or not isinstance(arguments[1], tuple):
        return
    host = arguments[1][0]
    if host != "localhost" and not _is_this_machine(host):
        why = f"The local run listens on this machine only, not on {host!r}."
        raise PermissionError(errno.EACCES, why)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

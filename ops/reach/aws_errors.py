"""What AWS, and the way to it, may answer instead: each in a sentence, with what to do.

ClientError ─── AWS answered with an error: by its code
BotoCoreError ─ there was no answer, or nobody to ask as: by its kind
OSError ─────── a file cannot be read or written

errors.py draws all errors that a command ends with.
"""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - no connection to AWS, not Python's own
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from ops.reach.errors import OperatorError

SIGN_IN = "Sign in (`aws sso login`, `aws configure`) or set AWS_PROFILE, then try again."

_REFUSED = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized")
_STALE = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch")
_THROTTLED = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "ProvisionedThroughput")
_GONE = ("QueueDoesNotExist", "NonExistentQueue")


def explain(error: Exception) -> str | None:
    """Put an expected failure in a sentence or two; None for one that nobody foresaw."""
    if isinstance(error, OperatorError):
        return str(error)
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, BotoCoreError):
        return _no_answer(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'}: {error.strerror or error}. Nothing was lost."
    return None


def _refusal(error: ClientError) -> str:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "").rstrip(".")
    what = f"AWS refuses {error.operation_name}: {message or code}."
    if any(sign in code for sign in _REFUSED):
        return f"{what} Use a role that may, or have the account's administrators allow it."
    if any(sign in code for sign in _STALE):
        return f"{what} {SIGN_IN}"
    if any(sign in code for sign in _THROTTLED):
        return f"AWS throttles {error.operation_name}. Wait a minute, then try again."
    if any(sign in code for sign in _GONE):
        return f"{what} Look whether the stage is being deployed or destroyed."
    return f"{what} If it stays so, look at AWS's own health page."


def _no_answer(error: BotoCoreError) -> str:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"There are no AWS credentials. {SIGN_IN}"
    if isinstance(error, ProfileNotFound):
        return f"{error}. {SIGN_IN}"
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"AWS cannot be reached: {error} Look at the network, a VPN and a proxy."
    if isinstance(error, ParamValidationError):
        return " ".join(f"This is nothing to ask AWS for: {error}.".split())
    return f"AWS cannot be asked: {error}. {SIGN_IN}"  # a sign-in that has expired, as a rule

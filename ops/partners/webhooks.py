"""Partners' endpoints: one SecureString each, with the URL and one or two secrets."""

from __future__ import annotations

import base64
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.settings import PARTNERS, parameter_prefix
from ops.reach.errors import OperatorError
from orders.partner_endpoints import endpoint_in, parameter_name, text_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from ops.reach.target import Target
    from orders.webhooks import Endpoint

_AT_ONCE = 10
"""How many parameters SSM gives in one call."""

_LONGEST = 4_096
"""Bytes of a standard parameter."""


@dataclass(frozen=True)
class Webhook:
    """What is stored of a partner's endpoint."""

    changed: dt.datetime
    endpoint: Endpoint | None
    """None when what is stored cannot be read: somebody wrote it by hand."""

    @property
    def host(self) -> str:
        """Where events go, in short."""
        with suppress(ValueError):
            url = self.endpoint.url if self.endpoint else ""
            return urlsplit(url).netloc.rpartition("@")[2] or "unreadable"
        return "unreadable"


def new_secret() -> str:
    """Make a secret, of 256 random bits."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def read(target: Target, partner_ids: Sequence[str]) -> dict[str, Webhook]:
    """Read the endpoints of some partners; those without one are left out."""
    named = {_name(target, partner_id): partner_id for partner_id in partner_ids}
    names, found = list(named), {}
    for start in range(0, len(names), _AT_ONCE):
        for stored in _stored(target, names[start : start + _AT_ONCE]):
            found[named[stored["Name"]]] = _webhook(stored)
    return found


def _stored(target: Target, names: list[str]) -> Iterable[dict[str, Any]]:
    answer = target.client("ssm").get_parameters(Names=names, WithDecryption=True)
    parameters: list[dict[str, Any]] = answer["Parameters"]
    return parameters


def _webhook(stored: dict[str, Any]) -> Webhook:
    try:
        endpoint = endpoint_in(stored["Value"])
    except ValueError:
        endpoint = None
    return Webhook(stored["LastModifiedDate"], endpoint)


def write(target: Target, partner_id: str, endpoint: Endpoint) -> None:
    """Store an endpoint, encrypted under the partners' key.

    Raises:
        OperatorError: when it is too long to be stored.
    """
    value = text_of(endpoint)
    if len(value.encode()) > _LONGEST:
        raise OperatorError("The webhook URL is too long to be stored. Ask for a shorter one.")
    target.client("ssm").put_parameter(
        Name=_name(target, partner_id),
        Description="Where a partner's events go, and the secrets that they are signed with",
        Value=value,
        Type="SecureString",
        KeyId=target.output(outputs.PARTNER_SECRETS_KEY),
        Overwrite=True,
    )


def delete(target: Target, partner_id: str) -> None:
    """Delete an endpoint, if there is one."""
    try:
        target.client("ssm").delete_parameter(Name=_name(target, partner_id))
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ParameterNotFound":
            raise


def _name(target: Target, partner_id: str) -> str:
    return parameter_name(f"{parameter_prefix(target.stage)}/{PARTNERS}", partner_id)

"""Where partners' webhooks go: one SecureString for each partner, kept for a minute.

    {"url": "https://pos.example.com/orders", "secrets": ["whsec_…"]}

Two secrets, the newest first, stand there while a partner changes from one to the other. Where
there is none, the partner's secret is derived from the platform's signing key.
"""

from __future__ import annotations

import base64
import threading
from functools import cache

import msgspec

from orders.aws.digests import hmac_sha256
from orders.parameters import Parameter
from orders.settings import PARTNERS_PREFIX, SIGNING_KEY_PARAMETER, setting
from orders.webhooks import Endpoint

_decoder = msgspec.json.Decoder(Endpoint)


def endpoint_in(text: str) -> Endpoint:
    """Read an endpoint as it is stored.

    Raises:
        ValueError: when the text is none.
    """
    return _decoder.decode(text)


def text_of(endpoint: Endpoint) -> str:
    """Write an endpoint as it is stored."""
    return msgspec.json.encode(endpoint).decode()


class _EndpointParameter(Parameter[Endpoint]):
    def parse(self, text: str) -> Endpoint:
        return endpoint_in(text)


class _Text(Parameter[str]):
    def parse(self, text: str) -> str:
        text.encode()  # what is no Unicode can sign nothing
        return text


class PartnerEndpoints:
    """The partners' endpoints, as far as this process has met them."""

    def __init__(self, prefix: str, signing_key: str) -> None:
        """Read below a prefix of Parameter Store, and the signing key; nothing is read yet."""
        self._prefix = prefix
        self._signing_key = _Text(signing_key, decrypt=True)
        self._lock = threading.Lock()
        self._parameters: dict[str, _EndpointParameter] = {}

    def of(self, partner_id: str) -> Endpoint | None:
        """Give a partner's endpoint, or None when it has none.

        Raises:
            Unreadable: when it could never be read.
        """
        with self._lock:
            parameter = self._parameters.get(partner_id)
            if parameter is None:
                name = parameter_name(self._prefix, partner_id)
                parameter = _EndpointParameter(name, decrypt=True)
                self._parameters[partner_id] = parameter
        endpoint = parameter.get()
        if endpoint is None or endpoint.secrets:
            return endpoint
        return msgspec.structs.replace(endpoint, secrets=self._derived(partner_id))

    def _derived(self, partner_id: str) -> tuple[str, ...]:
        key = self._signing_key.get()
        return () if key is None else (derived_secret(key, partner_id),)


def derived_secret(signing_key: str, partner_id: str) -> str:
    """Derive a partner's own secret from the platform's key: it tells nothing of another's."""
    digest = hmac_sha256(signing_key.encode(), f"webhook:{partner_id}".encode())
    return f"whsec_{base64.b64encode(digest).decode()}"


def parameter_name(prefix: str, partner_id: str) -> str:
    """Name the parameter of a partner's endpoint."""
    return f"{prefix}/{partner_id}/webhook"


@cache
def endpoints() -> PartnerEndpoints:
    """Open the endpoints once for this process."""
    return PartnerEndpoints(setting(PARTNERS_PREFIX), setting(SIGNING_KEY_PARAMETER))

"""The proxy event that API Gateway calls a function with (payload version 1.0).

Annotations are types here and not texts, which the first request would compile: orders.named_tuple.
"""

from typing import Annotated

from msgspec import Meta, Struct


class RequestContext(Struct, rename="camel"):
    """What API Gateway says of a request, but for who sends it."""

    http_method: str
    resource_path: str
    path: str
    request_id: Annotated[str, Meta(pattern=r"\A[!-~]+\Z")]


class ProxyEvent(Struct, rename="camel"):
    """A proxy event of API Gateway, as far as it is read here."""

    request_context: RequestContext
    headers: dict[str, str] | None = None
    multi_value_headers: dict[str, list[str]] | None = None
    path_parameters: dict[str, str] | None = None
    multi_value_query_string_parameters: (
        dict[str, Annotated[list[str], Meta(min_length=1)]] | None
    ) = None
    body: str | None = None
    is_base64_encoded: bool = False

"""Clients of AWS that note the id of each request, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_AS_THEY_ARE = {"exceptions", "meta", "get_waiter"}


class Noting:
    """A client of an AWS service whose requests' ids are noted."""

    def __init__(self, client: Any, note: Callable[[str], None]) -> None:
        """Stand before a client.

        Args:
            client: of boto3.
            note: is told the id of each request.
        """
        self._client, self._note = client, note

    def __getattr__(self, name: str) -> Any:
        """Give an operation of the client."""
        found = getattr(self._client, name)
        if name in _AS_THEY_ARE or not callable(found):
            return found
        if name == "get_paginator":
            return lambda operation: _Pages(found(operation), self._noted)
        return lambda *given, **more: self._call(found, *given, **more)

    def _call(self, operation: Callable[..., Any], *given: Any, **more: Any) -> Any:
        try:
            return self._noted(operation(*given, **more))
        except ClientError as error:
            self._noted(error.response)
            raise

    def _noted(self, answer: Any) -> Any:
        if isinstance(answer, dict):
            self._note(str(answer.get("ResponseMetadata", {}).get("RequestId", "")))
        return answer


class _Pages:
    """A paginator whose requests' ids are noted."""

    def __init__(self, paginator: Any, noted: Callable[[Any], Any]) -> None:
        self._paginator, self._noted = paginator, noted

    def paginate(self, **given: Any) -> Iterator[Mapping[str, Any]]:
        """Give the pages one by one."""
        return map(self._noted, self._paginator.paginate(**given))


def code_of(operation: Callable[[], Any]) -> str:
    """Do something; gives the code of AWS's error, or an empty text where there was none."""
    try:
        operation()
    except ClientError as error:
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return ""

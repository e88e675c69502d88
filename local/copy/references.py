"""What a template's intrinsic functions stand for in the stack that runs on this machine.

Only of what the emulator refuses or drops, which is never resolved by it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ops.reach.clients import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED = re.compile(r"\$\{([^!}]+)\}")


class UnresolvedError(Exception):
    """A reference that this does not know; the message names it."""


class Resolver:
    """Resolves the values of one template."""

    def __init__(
        self, template: Mapping[str, Any], physical_ids: Mapping[str, str], stack_name: str = ""
    ) -> None:
        """Take a template and what its resources are called in the running stack."""
        self._types = {name: item["Type"] for name, item in template["Resources"].items()}
        self._ids = physical_ids
        self._pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::StackName": stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def resolve(self, value: Any) -> Any:
        """Replace every intrinsic function by what it stands for.

        Raises:
            UnresolvedError: for one that this does not know.
        """
        if isinstance(value, list):
            return [self.resolve(element) for element in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return self._called(value)
        return {name: self.resolve(member) for name, member in value.items()}

    def _called(self, function: dict[str, Any]) -> str:
        match function:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self._attribute(name, attribute)
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self.resolve(part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return _NAMED.sub(lambda found: self._named(found[1]), text)
        raise UnresolvedError(f"{next(iter(function))} is not known here.")

    def _named(self, name: str) -> str:
        resource, _, attribute = name.partition(".")
        return self._attribute(resource, attribute) if attribute else self._reference(name)

    def _reference(self, name: str) -> str:
        found = self._pseudo.get(name) or self._ids.get(name)
        if found is None:
            raise UnresolvedError(f"{name} is not in the running stack.")
        return found

    def _attribute(self, name: str, attribute: str) -> str:
        if (self._types.get(name), attribute) == ("AWS::SQS::Queue", "QueueName"):
            return self._reference(name).rpartition("/")[2]
        if (self._types.get(name), attribute) == ("AWS::SNS::Topic", "TopicName"):
            return self._reference(name).rpartition(":")[2]
        raise UnresolvedError(f"{name}.{attribute} is not known here.")

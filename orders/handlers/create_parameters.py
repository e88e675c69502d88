"""Custom resource: the parameters that CloudFormation must not write itself.

    the flags            belong to the operators from the first deployment on
    the signing key      is made here, and known to nobody: no template, event or log holds it

What is there stays as it is: at each later deployment, when a call is repeated, and when a stage
comes back over what an earlier stack of it has kept. What is made goes with the stack only where
CloudFormation asks for that: of a stage that keeps its data it does not (CreatedParameters).
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from orders.aws_api import SSM, ApiError, call
from orders.custom_resource import custom_resource

if TYPE_CHECKING:
    from orders.custom_resource import Asked

_KEY_BYTES = 32
_NO_FLAGS = "{}"


def create_parameters(asked: Asked) -> str:
    """Make what is not there, or remove it with the stack; gives the resource's id."""
    properties = asked.resource_properties
    flags, key = properties["Flags"], properties["SigningKey"]
    if asked.request_type == "Delete":
        call(SSM, "DeleteParameters", {"Names": [flags, key]})
    else:
        _put_new(flags, {"Type": "String", "Value": _NO_FLAGS, "Description": "Feature flags"})
        _put_new(
            key,
            {
                "Type": "SecureString",
                "Value": f"whsec_{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}",
                "KeyId": properties["KeyId"],
                "Description": "Signs webhooks of partners that have no secret of their own",
            },
        )
    return f"parameters-of-{flags}"


def _put_new(name: str, parameter: dict[str, Any]) -> None:
    try:
        call(SSM, "PutParameter", {"Name": name, "Overwrite": False, **parameter})
    except ApiError as error:
        if error.code != "ParameterAlreadyExists":
            raise


handler = custom_resource(create_parameters)

"""All claims, by the part of AWS that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.proof import deployment, edge, money, permissions, tables, watching, work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ops.proof.claim import Claim

CLAIMS: Mapping[str, Sequence[Claim]] = {
    "API Gateway, Cognito, AWS WAF": edge.CLAIMS,
    "DynamoDB": tables.CLAIMS,
    "Lambda, pipe, topic, queues": work.CLAIMS,
    "CloudWatch, X-Ray": watching.CLAIMS,
    "Permissions": permissions.CLAIMS,
    "Deployment": deployment.CLAIMS,
    "Money": money.CLAIMS,
}
"""In the order in which docs/proof.md shows them."""

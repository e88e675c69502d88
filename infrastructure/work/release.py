"""The gate of a release: every alias waits for it, and it for all versions.

versions ─► Custom::ReleaseGate ─► aliases
            asks the new ones, and those that are live, the same (orders/release_gate)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CustomResource, Duration
from constructs import Construct

from infrastructure.functions import LIVE, Caller, names
from infrastructure.work.permissions import of_items
from orders.release_gate import CHECK, KEY_ID, SKIP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_dynamodb as dynamodb

    from infrastructure.settings import Settings
    from infrastructure.work.function import Function

SERVICE_TIMEOUT = Duration.seconds(180)
"""How long CloudFormation waits: the gate's own time, and half a minute for its answer."""

ASKED = names(Caller.API, Caller.QUEUE)
"""The functions that the gate asks; the heartbeat's goes live with them."""

_AT_ONCE = Duration.minutes(1)

_GATE, _REASON = "gate", "reason"
"""What `cdk deploy -c gate=skip -c reason=…` says of one deployment."""


class ReleaseGate(Construct):
    """What decides whether the aliases move: all of them, or none."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        gate: Function,
        functions: Mapping[str, Function],
        partners: dynamodb.ITable,
        settings: Settings,
    ) -> None:
        """Put it between versions and aliases.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            gate: the function that asks.
            functions: all others, by name.
            partners: the table in which the gate enters the key that it comes with.
            settings: the stage's.

        Raises:
            ValueError: when the gate is to be skipped for no reason.
        """
        super().__init__(scope, construct_id)
        self._grant(gate, functions, partners)
        # What comes a second time would come after CloudFormation has given up.
        gate.repeat_no_run_after(_AT_ONCE)
        says, reason = self._says(settings)
        self.resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::ReleaseGate",
            service_token=gate.function.function_arn,
            service_timeout=SERVICE_TIMEOUT,
            properties={
                "Functions": {name: _named(functions[name]) for name in ASKED},
                "Alias": LIVE,
                "Rounds": settings.release.rounds,
                "SlowFactor": settings.release.slow_factor,
                "Gate": says,
                "Reason": reason,
                "Table": partners.table_name,
                "Origin": settings.origins[0],
                "Quotes": settings.price_quotes,
            },
        )
        for function in functions.values():
            if function.live is not None:
                function.live.node.add_dependency(self.resource)

    def _says(self, settings: Settings) -> tuple[str, str]:
        """Tell whether the gate asks, and if not, why: for this deployment, or as settings say."""
        said = self.node.try_get_context(_GATE)
        if said is None:
            return settings.release.gate, settings.release.gate_waiver
        reason = str(self.node.try_get_context(_REASON) or "")
        if said not in (CHECK, SKIP) or (said == SKIP and not reason):
            raise ValueError(f"-c {_GATE} is {CHECK}, or {SKIP} with -c {_REASON}='why'.")
        return str(said), reason

    @staticmethod
    def _grant(
        gate: Function, functions: Mapping[str, Function], partners: dynamodb.ITable
    ) -> None:
        for name in ASKED:
            gate.allow(
                "lambda:InvokeFunction",
                on=f"{functions[name].function.function_arn}:*",
                why="Asks the new version and the live one of each function the same",
            )
        gate.allow(
            "dynamodb:PutItem",
            on=partners.table_arn,
            why="Says that the key with which it asks is the service's own",
            conditions=of_items([KEY_ID]),
        )


def _named(function: Function) -> dict[str, Any]:
    assert function.version is not None
    return {"Name": function.function.function_name, "Version": function.version.version}

"""KMS keys: one for partners' secrets, and one for all data where the settings ask for it."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct

READING = ("kms:Decrypt",)
"""What a function needs of the key to read a table, besides to look at the key itself."""

WRITING = ("kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
"""What a function needs besides to write to one."""

YOUR_KEY = "What it reads and writes is under your own key"
"""Why a role may use the key of CustomerKey."""


class CustomerKey(Construct):
    """A key that AWS renews every year and that nobody deletes within a month."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        """Define the key.

        Args:
            scope: the parent construct.
            construct_id: the id within it.
            keep: whether it survives the stack, as the tables do that cannot be read without it.
        """
        super().__init__(scope, construct_id)
        self.key = _key(self, "Encrypts the tables and queues of the order API", keep=keep)


class PartnerSecrets(Construct):
    """The key under which partners' endpoints and secrets stand in Parameter Store.

    A key of their own, so that whoever may read parameters does not by that read secrets. Where
    there is no key of yours it encrypts what alarms say, too: AWS's own key for SNS admits no
    alarms, and one more key would cost a dollar in each stage.
    """

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        """Define the key; arguments as of CustomerKey."""
        super().__init__(scope, construct_id)
        self.key = _key(self, "Encrypts the webhook secrets of the order API's partners", keep=keep)


def _key(scope: Construct, description: str, *, keep: bool) -> kms.Key:
    return kms.Key(
        scope,
        "Key",
        description=description,
        enable_key_rotation=True,
        rotation_period=Duration.days(365),
        pending_window=Duration.days(30),
        removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
    )

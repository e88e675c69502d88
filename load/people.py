"""The people of a run: customers, staff and partners that it makes for itself, and takes away.

Their passwords are random and kept nowhere; their orders stay, as all orders do.
"""

from __future__ import annotations

import contextlib
import json
import math
import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from infrastructure import functions, outputs
from infrastructure.settings import settings_of
from load.shopper import Caller
from local.demo.people import subject_of
from ops.partners import accounts
from ops.partners.accounts import Wanted
from ops.reach.errors import OperatorError
from orders.settings import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.target import Target

_STAFF = "operators"
_CUSTOMERS_OF_ONE = 12
"""How many customers one of the staff looks after: with their pauses, below a person's rate."""

_KEY_SECONDS = 120.0
_POLL_SECONDS = 1.0


class People(NamedTuple):
    """Who there is: those who order, and who handles customers' orders, if anybody may."""

    partners: list[Caller]
    customers: list[Caller]
    staff: Caller | None
    colleagues: tuple[Caller, ...] = ()
    """More of the staff: each person has a rate of their own."""

    def buyers(self, users: int, share: float) -> list[tuple[Caller, Caller | None]]:
        """Give each user the one it orders as and the one who handles its orders.

        Args:
            users: how many.
            share: of partners among them; all are partners or customers where there are no others.
        """
        ordered = round(users * share) if self.customers else users
        partners = ordered if self.partners else 0
        customers = _around(self.customers, users - partners)
        return [
            *((one, one) for one in _around(self.partners, partners)),
            *zip(customers, self._shifts(len(customers)), strict=True),
        ]

    def _shifts(self, number: int) -> list[Caller | None]:
        if self.staff is None:
            return [None] * number
        return [*_around([self.staff, *self.colleagues], number)]


def _around(callers: list[Caller], number: int) -> list[Caller]:
    return [callers[index % len(callers)] for index in range(number)]


def given(file: Path) -> People:
    """Read people from a file: `partners` (key by id), `customers` (tokens), `operator` (a token).

    Raises:
        OperatorError: when there is nobody in it.
    """
    try:
        document = json.loads(file.read_text())
        partners = [_partner(name, key) for name, key in document.get("partners", {}).items()]
        customers = [customer(token) for token in document.get("customers", [])]
        operator = document.get("operator")
    except (ValueError, AttributeError, IndexError, KeyError) as error:
        raise OperatorError(f"{file} does not hold callers as `--help` tells: {error}") from None
    if not (partners or customers):
        raise OperatorError(f"{file} names neither partners nor customers.")
    return People(partners, customers, _staff(operator) if operator else None)


def _partner(partner_id: str, api_key: str) -> Caller:
    return Caller("partner", partner_id, {"x-api-key": api_key})


def customer(token: str) -> Caller:
    """Make a caller of an identity token."""
    return Caller("customer", subject_of(token), {"Authorization": token})


def _staff(token: str) -> Caller:
    return customer(token)._replace(identity=_STAFF)


@contextlib.contextmanager
def guests(
    target: Target, api_url: str, run: str, *, partners: int, customers: int
) -> Iterator[People]:
    """Make people for a run, and remove them when it is over, however it ends.

    Args:
        target: the deployment.
        api_url: where new API keys are tried until they are let in.
        run: what all their names begin with.
        partners: how many partners.
        customers: how many customers; an operator comes to each dozen of them, where that
            takes no second factor.
    """
    (asking,) = functions.names(functions.Caller.SIGN_IN)
    takes_factor = outputs.function(asking) in target.outputs
    staff = 0 if takes_factor else math.ceil(customers / _CUSTOMERS_OF_ONE)
    with contextlib.ExitStack() as leaving:
        made = [
            leaving.enter_context(_guest_partner(target, f"{run}-{number}"))
            for number in range(partners)
        ]
        tokens = leaving.enter_context(_guest_people(target, run, staff + customers, staff))
        _await_keys(api_url, made)
        operators = [_staff(token) for token in tokens[:staff]]
        buyers = [customer(token) for token in tokens[staff:]]
        yield People(made, buyers, next(iter(operators), None), tuple(operators[1:]))


@contextlib.contextmanager
def _guest_partner(target: Target, partner_id: str) -> Iterator[Caller]:
    wanted = Wanted(partner_id, f"Load test {partner_id}", _widest_plan(target.stage))
    try:
        prepared = accounts.prepare(target, wanted)
        if prepared is None or prepared.credentials.api_key is None:
            raise OperatorError(f"There is a partner {partner_id} already.")
        accounts.open_(target, prepared)
        yield _partner(partner_id, prepared.credentials.api_key)
    finally:
        accounts.remove(target, accounts.look(target, partner_id))


def _widest_plan(stage: str) -> str:
    plans = settings_of(stage).plans
    return max(plans, key=lambda name: plans[name].throttle.rate)


@contextlib.contextmanager
def _guest_people(target: Target, run: str, number: int, staff: int) -> Iterator[list[str]]:
    """Give identity tokens of new people, the first of them operators."""
    if not number:
        yield []
        return
    pool, cognito = target.output(outputs.USER_POOL_ID), target.client("cognito-idp")
    # The stage's own client takes SRP only, whose arithmetic nobody here needs.
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName=run, ExplicitAuthFlows=flows)
    client_id, names = made["UserPoolClient"]["ClientId"], [f"{run}-{n}" for n in range(number)]
    try:
        yield [
            _sign_up(cognito, pool, client_id, f"{name}@example.com", operator=index < staff)
            for index, name in enumerate(names)
        ]
    finally:
        for name in names:
            with contextlib.suppress(cognito.exceptions.UserNotFoundException):
                cognito.admin_delete_user(UserPoolId=pool, Username=f"{name}@example.com")
        cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client_id)


def _sign_up(cognito: Any, pool: str, client_id: str, email: str, *, operator: bool) -> str:
    """Make somebody and sign them in; gives an identity token, which lasts an hour."""
    password = f"{secrets.token_urlsafe(24)}-aA1"
    verified = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    who = {"UserPoolId": pool, "Username": email}
    cognito.admin_create_user(**who, MessageAction="SUPPRESS", UserAttributes=verified)
    cognito.admin_set_user_password(**who, Password=password, Permanent=True)
    if operator:
        cognito.admin_add_user_to_group(**who, GroupName=OPERATORS)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return str(answer["AuthenticationResult"]["IdToken"])


def _await_keys(api_url: str, callers: list[Caller]) -> None:
    """Wait until API Gateway lets new keys in: on AWS that takes up to a minute or so.

    Raises:
        OperatorError: when it does not.
    """
    deadline = time.monotonic() + _KEY_SECONDS
    for caller in callers:
        while not _let_in(api_url, caller):
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"API Gateway does not let the new key of {caller.identity} in after "
                    f"{_KEY_SECONDS:.0f} s. Try again in some minutes."
                )
            time.sleep(_POLL_SECONDS)


def _let_in(api_url: str, caller: Caller) -> bool:
    url, headers = f"{api_url}/partner/orders", dict(caller.headers)
    try:
        return httpx.get(url, headers=headers, timeout=30).is_success
    except httpx.HTTPError:
        return False

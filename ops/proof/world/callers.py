"""Who asks: partners and people that a run makes when a probe first needs them, and removes."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, NamedTuple

from infrastructure import outputs
from ops.partners import accounts
from ops.partners.accounts import Wanted
from ops.proof.world import people
from ops.proof.world.aws import code_of
from ops.proof.world.cannot_tell import CannotTell
from orders.settings import OPERATORS

if TYPE_CHECKING:
    from ops.proof.world.people import Person, Pool, Tokens
    from ops.reach.target import Target

_PLAN = "standard"


class Partner(NamedTuple):
    """A partner of the run."""

    partner_id: str
    key_id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What it sends to be known."""
        return {"x-api-key": self.key}


class Caller(NamedTuple):
    """A person of the run, who has signed in."""

    person: Person
    tokens: Tokens

    @property
    def headers(self) -> dict[str, str]:
        """What they send to be known."""
        return {"Authorization": self.tokens.identity}


class Callers:
    """The callers of one run; several probes may ask at once."""

    def __init__(self, target: Target, run: str) -> None:
        """Begin with none.

        Args:
            target: the stage that they are made in.
            run: what their names end with.
        """
        self._target, self._run = target, run
        self._lock = threading.RLock()
        self._partners: dict[str, Partner] = {}
        self._people: dict[str, Caller] = {}
        self._pool: Pool | None = None

    @property
    def secrets(self) -> list[str]:
        """What must stand in no report."""
        keys = [partner.key for partner in self._partners.values()]
        people_ = [(*each.tokens, each.person.password) for each in self._people.values()]
        return [secret for secret in (*keys, *(s for of in people_ for s in of)) if secret]

    def partner(self, name: str, url: str | None = None, *, plan: str = _PLAN) -> Partner:
        """Give a partner; the same one for the same name.

        Args:
            name: what the probe calls it.
            url: where its webhooks go; None for nowhere.
            plan: the usage plan of a new one.

        Raises:
            CannotTell: when there is one of this name from elsewhere.
        """
        with self._lock:
            if name not in self._partners:
                self._partners[name] = self._new_partner(f"prove-{name}-{self._run}", url, plan)
            return self._partners[name]

    def _new_partner(self, partner_id: str, url: str | None, plan: str) -> Partner:
        wanted = Wanted(partner_id, f"Proof {partner_id}", plan, url)
        prepared = accounts.prepare(self._target, wanted)
        if prepared is None or prepared.credentials.api_key is None:
            raise CannotTell(f"There is a partner {partner_id} already.")
        accounts.open_(self._target, prepared)
        return Partner(partner_id, prepared.key.key_id, prepared.credentials.api_key)

    def disable(self, partner: Partner) -> None:
        """Switch a partner off, as `orders partners disable` does."""
        accounts.disable(self._target, accounts.find(self._target, partner.partner_id))

    @property
    def pool(self) -> Pool:
        """The stage's user pool, with a client that takes passwords."""
        with self._lock:
            if self._pool is None:
                self._pool = people.open_pool(
                    self._target.client("cognito-idp"),
                    self._target.output(outputs.USER_POOL_ID),
                    self._target.output(outputs.USER_POOL_CLIENT_ID),
                    f"prove-{self._run}",
                )
            return self._pool

    def person(self, name: str) -> Caller:
        """Give a person who has signed in; the same one for the same name."""
        with self._lock:
            if name not in self._people:
                made = people.make(self.pool, f"prove-{name}-{self._run}")
                self._people[name] = Caller(made, people.sign_in(self.pool, made))
            return self._people[name]

    def operator(self, *, app: bool) -> Caller:
        """Give a member of the operators' group and of another, with an app or without one."""
        name = "operator-with-app" if app else "operator"
        with self._lock:
            if name not in self._people:
                made = people.make(self.pool, f"prove-{name}-{self._run}")
                for group in (OPERATORS, self._other_group()):
                    self.pool.cognito.admin_add_user_to_group(
                        UserPoolId=self.pool.pool, Username=made.name, GroupName=group
                    )
                made = people.switch_app_on(self.pool, made) if app else made
                self._people[name] = Caller(made, people.sign_in(self.pool, made))
            return self._people[name]

    def _other_group(self) -> str:
        name, pool = f"prove-{self._run}", self.pool
        with contextlib.suppress(pool.cognito.exceptions.GroupExistsException):
            pool.cognito.create_group(UserPoolId=pool.pool, GroupName=name)
        return name

    def leave(self) -> None:
        """Remove all of them: a running copy stays as it was."""
        for partner in self._partners.values():
            account = accounts.look(self._target, partner.partner_id)
            accounts.remove(self._target, account)
        if self._pool is not None:
            for caller in self._people.values():
                people.delete(self._pool, caller.person)
            pool = self._pool
            code_of(
                lambda: pool.cognito.delete_group(
                    UserPoolId=pool.pool, GroupName=f"prove-{self._run}"
                )
            )
            pool.cognito.delete_user_pool_client(UserPoolId=pool.pool, ClientId=pool.client)

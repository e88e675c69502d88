"""Partners' accounts: what `orders partners` does, without printing.

An account is a partner's API keys, each with an entry in the Partners table, and its endpoint. Each
operation looks first at what is there, so one that was interrupted anywhere is simply repeated. The
order of its steps is such that nothing half made opens anything, and nothing half removed stays
open. What is shown once is shown before it counts: see `prepare` and `open_`. What changes a
partner that somebody was shown stands within `changing`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from infrastructure import outputs
from ops import turns
from ops.partners import keys as partner_keys
from ops.partners import webhooks as partner_webhooks
from ops.partners.keys import Key, State
from ops.partners.webhooks import Webhook, new_secret
from ops.reach.errors import OperatorError, Overtaken
from orders.domain.synthetic import HEARTBEAT
from orders.settings import BY_PARTNER
from orders.webhooks import Deferred, Endpoint, Rejected, check_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops.reach.target import Target

THIS_MACHINE = "127.0.0.1/32 ::1/128"
"""The networks that the local run's webhooks reach besides public addresses."""

LONGEST_ID = 40
LONGEST_NAME = 100

SETTLES = dt.timedelta(minutes=2)
"""How long until every function has read a changed endpoint: they keep it for 72 s at most."""


@dataclass(frozen=True)
class Account:
    """A partner."""

    partner_id: str
    keys: tuple[Key, ...]
    """The oldest first."""
    webhook: Webhook | None

    @property
    def name(self) -> str:
        """The partner's name, as its newest key has it."""
        names = [key.partner_name for key in self.keys if key.partner_name]
        return names[-1] if names else ""

    @property
    def plan(self) -> str | None:
        """The usage plan: that of the newest key which is on one, and first of those in use."""
        on_plan = [key for key in self.keys if key.plan]
        chosen = [key for key in on_plan if key.live] or on_plan
        return chosen[-1].plan if chosen else None

    @property
    def state(self) -> State:
        """What the partner is: on as soon as any key is."""
        states = [key.state for key in self.keys]
        known = (State.ON, State.DISABLED, State.NEW)
        return next((state for state in known if state in states), State.OFF)

    @property
    def endpoint(self) -> Endpoint | None:
        """Where its events go; None when nothing that can be read is stored."""
        return self.webhook.endpoint if self.webhook else None

    @property
    def live(self) -> list[Key]:
        """The keys that the partner uses, now or once it is enabled."""
        return [key for key in self.keys if key.live]

    @property
    def unfinished(self) -> Key | None:
        """The key whose making was interrupted."""
        return next((key for key in reversed(self.keys) if key.unfinished), None)

    @property
    def finished(self) -> bool:
        """Whether the partner was ever made to its end."""
        return any(key.mark not in (None, State.NEW) for key in self.keys)


class Credentials(NamedTuple):
    """What the partner gets, and what is shown once."""

    partner_id: str
    api_key: str | None = None
    webhook_secret: str | None = None


class Prepared(NamedTuple):
    """A key that wants nothing but to be switched on."""

    key: Key
    credentials: Credentials
    disabled: bool = False
    """Whether the partner is, so that the key waits with the others."""


class UrlFound(NamedTuple):
    """What is wrong with a URL: a flaw, for which no event is ever sent; or a doubt."""

    flaw: str | None = None
    doubt: str | None = None


class Wanted(NamedTuple):
    """A partner to be made."""

    partner_id: str
    name: str
    plan: str
    url: str | None = None


# --- What can be said without asking AWS


def slug(name: str) -> str:
    """Make an id of a name; empty when nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-")


def is_id(text: str) -> bool:
    """Tell whether a text is a partner's id."""
    return bool(re.fullmatch(f"[a-z0-9][a-z0-9-]{{0,{LONGEST_ID - 1}}}", text))


def is_heartbeat(partner_id: str) -> bool:
    """Tell whether an id is the service's own, which is no partner's."""
    return partner_id == HEARTBEAT


def flaw_of_name(name: str) -> str | None:
    """Say why a text is no partner's name; None when it is one."""
    if not name.strip() or not name.isprintable():
        return "A name has visible characters, and no others"
    return f"A name has at most {LONGEST_NAME} characters" if len(name) > LONGEST_NAME else None


def look_at_url(url: str, *, local: bool = False) -> UrlFound:
    """Say whether events would be sent to a URL: by the very rules of a delivery.

    Args:
        url: whose name is looked up from here.
        local: whether the local run would send them.
    """
    try:
        check_url(url, networks=THIS_MACHINE if local else "")
    except Rejected as flaw:
        return UrlFound(flaw=flaw.reason)
    except Deferred as doubt:
        return UrlFound(doubt=doubt.reason)
    return UrlFound()


# --- Looking


def accounts(target: Target) -> list[Account]:
    """Read all partners, by their ids; the heartbeat, which has a key like them, is none."""
    keys: dict[str, list[Key]] = {}
    for key in partner_keys.read(target):
        if not is_heartbeat(key.partner_id):
            keys.setdefault(key.partner_id, []).append(key)
    webhooks = partner_webhooks.read(target, sorted(filter(is_id, keys)))
    return [Account(each, tuple(keys[each]), webhooks.get(each)) for each in sorted(keys)]


def look(target: Target, partner_id: str) -> Account:
    """Read one partner; one without keys when there is none."""
    keys = partner_keys.read(target, partner_id)
    webhooks = partner_webhooks.read(target, [partner_id])
    return Account(partner_id, tuple(keys), webhooks.get(partner_id))


def find(target: Target, partner_id: str) -> Account:
    """Read one partner.

    Raises:
        OperatorError: when there is none.
    """
    account = look(target, partner_id)
    if not account.keys and account.webhook is None:
        raise OperatorError(
            f"There is no partner {partner_id} in {target.name}. "
            f"`orders partners ls {target.option}` shows all."
        )
    return account


def inherits_orders(target: Target, account: Account) -> bool:
    """Tell whether who gets an id could read the orders of a partner that was removed."""
    if account.keys:
        return False  # interrupted before, perhaps, but nobody else
    return _has_orders(target, account.partner_id)


def _has_orders(target: Target, partner_id: str) -> bool:
    found = target.client("dynamodb").query(
        TableName=target.output(outputs.ORDERS_TABLE),
        IndexName=BY_PARTNER,
        KeyConditionExpression="partnerId = :partner",
        ExpressionAttributeValues={":partner": {"S": partner_id}},
        Limit=1,
    )
    return bool(found["Items"])


# --- Two operators


@contextlib.contextmanager
def changing(target: Target, account: Account) -> Iterator[Target]:
    """Let nobody else change a partner meanwhile, and nobody change what is not as it was shown.

    Yields:
        The target to change it with.

    Raises:
        Overtaken: when another operator changes it, or has changed it since it was looked at.
    """
    who = account.partner_id
    with turns.turn(target, f"partner:{who}", f"the partner {who}") as held:
        now = look(target, who)
        if now != account:
            told = ", ".join(differences(account, now))
            raise turns.changed(f"the partner {who}", told, f"orders partners show {who}")
        yield held


def differences(before: Account, now: Account) -> list[str]:
    """Say what has become of a partner, never with a secret."""
    was, has = ({key.key_id: key for key in account.keys} for account in (before, now))
    said = [f"the key {each} was made" for each in has if each not in was]
    said += [f"the key {each} is gone" for each in was if each not in has]
    for each in (each for each in was if each in has):
        said += _differences_of(was[each], has[each])
    return said + ([] if before.webhook == now.webhook else [_of_webhook(before, now)])


def _differences_of(before: Key, now: Key) -> list[str]:
    if before.state is not now.state:
        return [f"the key {now.key_id} was {before.state} and is {now.state}"]
    if before.plan != now.plan:
        plans = f"{before.plan or 'on no plan'} → {now.plan or 'on no plan'}"
        return [f"the plan of the key {now.key_id} ({plans})"]
    return [] if before == now else [f"what is noted of the key {now.key_id}"]


def _of_webhook(before: Account, now: Account) -> str:
    if now.webhook is None:
        return "its webhook is gone"
    was, has = before.endpoint, now.endpoint
    if was is None or has is None:
        return "its webhook was set"
    changed = [("URL", was.url != has.url), ("secrets", was.secrets != has.secrets)]
    parts = [part for part, is_other in changed if is_other] or ["contents, written again"]
    return f"its webhook's {' and '.join(parts)}"


# --- Making partners and keys: switched off first, entered, on a plan, and switched on last


def prepare(target: Target, wanted: Wanted) -> Prepared | None:
    """Make a partner up to its last step; what an interrupted attempt has made is used.

    One that is there, but on no plan, is put on it: a stage that came back has plans of its own.

    Returns:
        None when there is this partner already.

    Raises:
        OperatorError: when there is another one with this id.
    """
    account = look(target, wanted.partner_id)
    if account.finished:
        _refuse_another(account, wanted)
        _join_again(target, account, wanted.plan)
        return None
    key = _closed_key(target, account, wanted.name, wanted.plan)
    endpoint = account.endpoint
    if wanted.url is not None:
        endpoint = with_url(account, wanted.url)
        partner_webhooks.write(target, wanted.partner_id, endpoint)
    api_key = partner_keys.value_of(target, key)
    secret = endpoint.secrets[0] if endpoint else None
    return Prepared(key, Credentials(wanted.partner_id, api_key, secret))


def open_(target: Target, prepared: Prepared) -> None:
    """Let a key in: the last step, when its owner can be told what it is."""
    if prepared.disabled:
        partner_keys.mark(target, prepared.key, State.DISABLED)
    else:
        _let_in(target, prepared.key)


def another_key(target: Target, account: Account) -> Prepared:
    """Make a key beside the one that there is, up to its last step.

    Raises:
        OperatorError: when the partner has two already, or is not finished.
    """
    who = account.partner_id
    if not account.finished or account.plan is None:
        raise OperatorError(
            f"{who} is not finished or on no usage plan. Say `orders partners add` once more, "
            f"with --id {who}; or remove it."
        )
    if len(account.live) > 1 and account.unfinished is None:
        raise OperatorError(
            f"{who} has {len(account.live)} keys already. Once it uses the newest: "
            f"orders partners rotate-key {who} --expire-old"
        )
    key = _closed_key(target, account, account.name, account.plan)
    credentials = Credentials(who, partner_keys.value_of(target, key))
    return Prepared(key, credentials, disabled=account.state is State.DISABLED)


def _closed_key(target: Target, account: Account, name: str, plan: str) -> Key:
    number = max((key.number for key in account.keys), default=0) + 1
    key = account.unfinished or partner_keys.create(target, account.partner_id, number)
    partner_keys.enter(target, key, name)
    partner_keys.join(target, key, plan)
    return replace(key, mark=State.NEW, plan=plan)


def _join_again(target: Target, account: Account, plan: str) -> None:
    """Put the keys of a partner that is on no plan on one."""
    if account.plan is None:
        for key in account.live:
            partner_keys.join(target, key, plan)


def _refuse_another(account: Account, wanted: Wanted) -> None:
    same = account.name == wanted.name and account.plan in (None, wanted.plan)
    url = account.endpoint.url if account.endpoint else None
    if same and wanted.url in (None, url):
        return
    who = f"{account.partner_id} already: {account.name}, on the plan {account.plan}"
    raise OperatorError(
        f"There is a partner {who}. Choose another --id, or change that one: "
        "`orders partners --help` says how."
    )


# --- Shutting out, and in


def disable(target: Target, account: Account) -> int:
    """Switch all keys off, and note down which were on; gives how many those were."""
    on = [key for key in account.keys if key.state is State.ON]
    for key in on:
        if key.mark is not State.EXPIRED:
            partner_keys.mark(target, key, State.DISABLED)
        partner_keys.switch(target, key, on=False)
    _silence(target, account, disabled=True)
    return len(on)


def enable(target: Target, account: Account) -> int:
    """Switch on what `disable` has switched off, and nothing else; gives how many keys."""
    waiting = [key for key in account.keys if key.live and key.mark is State.DISABLED]
    for key in waiting:
        _let_in(target, key)
    _silence(target, account, disabled=False)
    return len(waiting)


def _silence(target: Target, account: Account, *, disabled: bool) -> None:
    """Have a partner's webhooks sent, or not: who is shut out hears nothing either."""
    endpoint = account.endpoint
    if endpoint is not None and endpoint.disabled != disabled:
        endpoint = structs.replace(endpoint, disabled=disabled)
        partner_webhooks.write(target, account.partner_id, endpoint)


def _let_in(target: Target, key: Key) -> None:
    """Switch a key on; off again, if another operator has taken over while that was under way.

    It may have shut the partner out, and then has not seen this key on.
    """
    partner_keys.switch(target, key, on=True)
    try:
        partner_keys.mark(target, key, State.ON)
    except Overtaken:
        partner_keys.switch(target, key, on=False)
        raise


def old_keys(account: Account) -> list[Key]:
    """Give the keys that would expire: all that can be used but the newest."""
    newest = account.live[-1:]
    usable = (State.ON, State.DISABLED)
    return [key for key in account.keys if key.state in usable and key not in newest]


def expire(target: Target, keys: Iterable[Key]) -> None:
    """Switch keys off for good."""
    for key in keys:
        partner_keys.mark(target, key, State.EXPIRED)
        partner_keys.switch(target, key, on=False)


def remove(target: Target, account: Account) -> None:
    """Remove a partner: shut out first, forgotten last. Its orders stay."""
    disable(target, account)
    partner_webhooks.delete(target, account.partner_id)
    for key in account.keys:
        partner_keys.delete(target, key)


# --- Webhooks


def endpoint_of(account: Account) -> Endpoint:
    """Give a partner's endpoint.

    Raises:
        OperatorError: when there is none, or none that can be read.
    """
    if account.endpoint is None:
        how = "can be read" if account.webhook else "is there"
        raise OperatorError(
            f"No webhook of {account.partner_id} {how}. To set it: "
            f"orders partners set-webhook {account.partner_id} https://…"
        )
    return account.endpoint


def with_another_secret(account: Account) -> Endpoint:
    """Give the endpoint with a new secret before the present one.

    Raises:
        OperatorError: when there are two already.
    """
    endpoint = endpoint_of(account)
    if len(endpoint.secrets) > 1:
        raise OperatorError(
            f"{account.partner_id} has two secrets already. Once it verifies with the newer: "
            f"orders partners rotate-secret {account.partner_id} --finish"
        )
    return structs.replace(endpoint, secrets=(new_secret(), *endpoint.secrets))


def with_one_secret(account: Account, now: dt.datetime) -> Endpoint:
    """Give the endpoint with its newest secret alone.

    Raises:
        OperatorError: when functions may still sign with the old one alone.
    """
    endpoint = endpoint_of(account)
    changed = account.webhook.changed if account.webhook else now
    if len(endpoint.secrets) > 1 and now - changed < SETTLES:
        raise OperatorError(
            "Not every function signs with the new secret as yet. Wait two minutes after the "
            "last change, and until the partner verifies with the new one; then try again."
        )
    return structs.replace(endpoint, secrets=endpoint.secrets[:1])


def with_url(account: Account, url: str) -> Endpoint:
    """Give the endpoint with another URL; the secrets stay, or a first one is made."""
    if account.endpoint:
        return structs.replace(account.endpoint, url=url)
    return Endpoint(url, (new_secret(),), disabled=account.state is State.DISABLED)

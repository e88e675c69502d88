"""`orders partners`: make partners, shut them out, change their keys and secrets, remove them."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage, Yes
from infrastructure.settings import STAGES
from ops.partners import accounts as partner_accounts
from ops.partners import restaurants
from ops.partners import usage as partner_usage
from ops.partners import webhooks as partner_webhooks
from ops.partners.accounts import Account, Credentials, Wanted
from ops.partners.keys import plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.partners.keys import Key
    from ops.partners.usage import Usage
    from ops.reach.target import Target

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        ID is a partner's id, such as acme-pos. For example:
        orders partners add "Acme Point of Sale" --plan standard --stage prod
        orders partners ls --stage prod
        orders partners rotate-key acme-pos --stage prod
        orders partners disable acme-pos --stage prod
    """),
)


def _id(text: str) -> str:
    if not partner_accounts.is_id(text):
        raise typer.BadParameter(
            f"{text!r} is no partner's id: lower-case letters, digits and hyphens, at most "
            f"{partner_accounts.LONGEST_ID}, and no hyphen first."
        )
    return _free(text)


def _free(partner_id: str) -> str:
    """Keep the commands from the one partner that is none."""
    if partner_accounts.is_heartbeat(partner_id):
        raise typer.BadParameter(
            f"{partner_id!r} is the service itself, whose orders reach nobody and are deleted. "
            "A partner has another id."
        )
    return partner_id


def _check_url(url: str, *, local: bool) -> None:
    """Refuse a URL at which each event would only become a dead letter."""
    found = partner_accounts.look_at_url(url, local=local)
    if found.flaw:
        raise typer.BadParameter(f"No event would be sent there: {found.flaw}.")
    if found.doubt:
        terminal.note(f"{found.doubt}. Events are tried again until it does, for a day.")


_ID = typer.Argument(
    metavar="ID",
    parser=_id,
    help="The partner's id.",
    show_default=False,
    autocompletion=options.partner_ids,
)
_PLANS = list(dict.fromkeys(plan for settings in STAGES.values() for plan in settings.plans))

Id = Annotated[str, _ID]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As people call it.")],
    *,
    plan: Annotated[
        str,
        typer.Option(metavar="PLAN", help=f"{' or '.join(_PLANS)}.", autocompletion=lambda: _PLANS),
    ],
    id_: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", parser=_id, help="Its id; made of the name unless given."
        ),
    ] = None,
    webhook_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where its events go; later, if not now."),
    ] = None,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Make a partner; shows its key and webhook secret once. Repeat it if it was interrupted."""
    flaw = partner_accounts.flaw_of_name(name)
    if flaw:
        raise typer.BadParameter(f"{flaw}.")
    if webhook_url is not None:
        _check_url(webhook_url, local=local)
    partner_id = id_ or _made_of(name)
    target = options.find(stage, local=local)
    if plan not in plans(target):
        raise options.unknown("plan", plan, plans(target))
    account = partner_accounts.look(target, partner_id)
    _agree_to_inherit(target, account, yes=yes)
    wanted = Wanted(partner_id, name.strip(), plan, webhook_url)
    with _changing(target, account, "add") as held:
        prepared = partner_accounts.prepare(held, wanted)
        if prepared:
            _show_once(prepared.credentials, json_=json_)
            partner_accounts.open_(held, prepared)
    if prepared:
        terminal.note(f"{partner_id} can place orders now.")
    else:
        _say_it_is_there(partner_id, json_=json_)


def _say_it_is_there(partner_id: str, *, json_: bool) -> None:
    """Name the ways to new credentials: those that were shown once cannot be shown again."""
    if json_:
        terminal.as_json({"id": partner_id})
    terminal.note(
        f"{partner_id} is there already, just so. Its key and secret were shown once. New ones: "
        f"`orders partners rotate-key {partner_id}`, `orders partners rotate-secret {partner_id}`"
    )


def _made_of(name: str) -> str:
    partner_id = partner_accounts.slug(name)
    if not partner_id:
        raise typer.BadParameter(f"No id can be made of {name!r}. Name one: --id")
    return _free(partner_id)


def _agree_to_inherit(target: Target, account: Account, *, yes: bool) -> None:
    """Ask before somebody gets the id, and by that the orders, of a partner that was removed."""
    if partner_accounts.inherits_orders(target, account):
        who = account.partner_id
        question = f"There are orders of a former partner {who}, which this one could read."
        terminal.agree(f"{question} Is it the same?", yes=yes)


@app.command()
def ls(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the partners: plan, keys with their age, and where webhooks go. Never a secret."""
    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading the partners of {target.name} …"):
        found = partner_accounts.accounts(target)
    if json_:
        terminal.as_json([_as_json(account) for account in found])
    elif not found:
        terminal.say("No partners.")
    else:
        columns = ("Id", "State", "Plan", "Webhook", "Name", "Keys")
        terminal.table(columns, [_row(account) for account in found])


@app.command()
def show(partner_id: Id, *, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """Show one partner: its keys, its plan, its endpoint. Never a secret."""
    account = partner_accounts.find(options.find(stage, local=local), partner_id)
    if json_:
        terminal.as_json(_as_json(account))
        return
    terminal.table(("Id", "State", "Plan", "Name"), [(*_row(account)[:3], account.name)])
    terminal.say("")
    rows = [(key.key_id, key.state, key.plan or "–", _age(key)) for key in account.keys]
    terminal.table(("Key id", "State", "Plan", "Age"), rows)
    terminal.say(f"\nWebhook: {_webhook_in_words(account)}")


@app.command()
def disable(
    partner_id: Id,
    *,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Shut a partner out: its keys are switched off, the next request gets 403, no webhook goes."""
    target = options.find(stage, local=local)
    account = partner_accounts.find(target, partner_id)
    terminal.agree(f"Shut {partner_id} out of {target.name}?", yes=yes)
    with _changing(target, account, "disable") as held:
        count = partner_accounts.disable(held, account)
    _report(partner_id, f"{terminal.counted(count, 'key')} switched off", count, json_=json_)


@app.command()
def enable(
    partner_id: Id, *, stage: Stage = None, local: Local = False, json_: Json = False
) -> None:
    """Let a partner in again: the keys that `disable` has switched off, and no others."""
    target = options.find(stage, local=local)
    account = partner_accounts.find(target, partner_id)
    with _changing(target, account, "enable") as held:
        count = partner_accounts.enable(held, account)
    _report(partner_id, f"{terminal.counted(count, 'key')} switched on", count, json_=json_)


@app.command("rotate-key")
def rotate_key(
    partner_id: Id,
    *,
    expire_old: Annotated[
        bool, typer.Option("--expire-old", help="Switch off all keys but the newest.")
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Make a key beside the old one, and show it once; later, expire the old one."""
    target = options.find(stage, local=local)
    account = partner_accounts.find(target, partner_id)
    if expire_old:
        _expire(target, account, json_=json_, yes=yes)
        return
    with _changing(target, account, "rotate-key") as held:
        prepared = partner_accounts.another_key(held, account)
        _show_once(prepared.credentials, json_=json_)
        partner_accounts.open_(held, prepared)
    when = "once it is enabled" if prepared.disabled else "now"
    terminal.note(f"Both keys of {partner_id} work {when}, the old one until --expire-old.")


def _expire(target: Target, account: Account, *, json_: bool, yes: bool) -> None:
    old = partner_accounts.old_keys(account)
    count = terminal.counted(len(old), "old key")
    if old:
        question = f"Switch off {count} of {account.partner_id}, {target.name}, for good?"
        terminal.agree(question, yes=yes)
    with _changing(target, account, "rotate-key --expire-old") as held:
        partner_accounts.expire(held, old)
    _report(account.partner_id, f"{count} expired", len(old), json_=json_)


@app.command("rotate-secret")
def rotate_secret(
    partner_id: Id,
    *,
    finish: Annotated[
        bool, typer.Option("--finish", help="Drop the old one: the partner uses the new.")
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Add a webhook secret, and show it once: both sign. Later, drop the old one."""
    target = options.find(stage, local=local)
    account = partner_accounts.find(target, partner_id)
    if finish:
        _finish(target, account, json_=json_, yes=yes)
        return
    endpoint = partner_accounts.with_another_secret(account)
    secret = endpoint.secrets[0]
    with _changing(target, account, "rotate-secret") as held:
        _show_once(Credentials(partner_id, webhook_secret=secret), json_=json_)
        partner_webhooks.write(held, partner_id, endpoint)
    terminal.note(
        f"In two minutes each event is signed with both. {partner_id} changes over after that; "
        "then: --finish"
    )


def _finish(target: Target, account: Account, *, json_: bool, yes: bool) -> None:
    before = partner_accounts.endpoint_of(account)
    endpoint = partner_accounts.with_one_secret(account, dt.datetime.now(dt.UTC))
    dropped = len(before.secrets) - 1
    if dropped:
        question = f"Does {account.partner_id} verify with the new secret, and drop the old one?"
        terminal.agree(question, yes=yes)
        with _changing(target, account, "rotate-secret --finish") as held:
            partner_webhooks.write(held, account.partner_id, endpoint)
    count = terminal.counted(dropped, "old secret")
    _report(account.partner_id, f"{count} dropped", dropped, json_=json_)


@app.command("set-webhook")
def set_webhook(
    partner_id: Id,
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="Where its events go.", show_default=False),
    ] = None,
    *,
    none: Annotated[bool, typer.Option("--none", help="Send no events any more.")] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Send a partner's events elsewhere; secrets stay. A first secret is shown once."""
    if (url is None) != none:
        raise typer.BadParameter("Name either a URL or --none.")
    if url is not None:
        _check_url(url, local=local)
    target = options.find(stage, local=local)
    account = partner_accounts.find(target, partner_id)
    if url is None:
        question = f"Send {partner_id} no events any more? None is kept, and secrets are forgotten."
        terminal.agree(question, yes=yes)
        with _changing(target, account, "set-webhook --none") as held:
            partner_webhooks.delete(held, partner_id)
        _report(partner_id, "No events are sent", 1, json_=json_)
        return
    endpoint = partner_accounts.with_url(account, url)
    if account.endpoint is None:
        _show_once(Credentials(partner_id, webhook_secret=endpoint.secrets[0]), json_=json_)
        terminal.agree(f"Does {partner_id} verify with this secret, from now on?", yes=yes)
    else:
        terminal.agree(f"Send the events of {partner_id} to {url}?", yes=yes)
    with _changing(target, account, "set-webhook") as held:
        partner_webhooks.write(held, partner_id, endpoint)
    terminal.note(f"Within two minutes the events of {partner_id} go there.")


@app.command()
def usage(
    partner_id: Id,
    *,
    days: Annotated[
        int, typer.Option(min=1, max=partner_usage.LONGEST_DAYS, help="Up to today, UTC.")
    ] = 14,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Show a partner's requests per day against its plan's daily quota."""
    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading what {partner_id} has used of {target.name} …"):
        account = partner_accounts.find(target, partner_id)
        used = partner_usage.usage(target, account, days)
    if json_:
        terminal.as_json(_usage_as_json(partner_id, used))
    elif not used.days:
        terminal.say(f"API Gateway tells no usage of {partner_id}; an emulator never does.")
    else:
        quota = f"{used.quota or 'no'} requests a day for each key"
        terminal.say(f"{partner_id}, {account.plan}: {quota}")
        terminal.table(("Day", "Requests", "Of quota", ""), _chart(used))


@app.command()
def remove(
    partner_id: Id,
    *,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Remove a partner: keys, entries, endpoint. Its orders stay. Repeat it if interrupted."""
    target = options.find(stage, local=local)
    account = partner_accounts.find(target, partner_id)
    restaurants.refuse_removal(target, partner_id)
    question = f"{partner_id} will be shut out of {target.name} and forgotten; its orders stay."
    terminal.agree_by_typing(question, partner_id, yes=yes)
    with _changing(target, account, "remove") as held:
        restaurants.refuse_removal(held, partner_id)
        restaurants.forget(held, partner_id)
        partner_accounts.remove(held, account)
    _report(partner_id, "removed", len(account.keys), json_=json_)


@contextlib.contextmanager
def _changing(target: Target, account: Account, command: str) -> Iterator[Target]:
    """Change a partner in a turn, and say so in the audit log."""
    with (
        audited(target, f"partners {command}", partner=account.partner_id),
        partner_accounts.changing(target, account) as held,
    ):
        yield held


# --- How it is told


def _show_once(credentials: Credentials, *, json_: bool) -> None:
    if json_:
        document = {
            "id": credentials.partner_id,
            "apiKey": credentials.api_key,
            "webhookSecret": credentials.webhook_secret,
        }
        terminal.as_json({name: value for name, value in document.items() if value})
    else:
        terminal.say(f"Partner         {credentials.partner_id}")
        if credentials.api_key:
            terminal.say(f"API key         {credentials.api_key}")
        if credentials.webhook_secret:
            terminal.say(f"Webhook secret  {credentials.webhook_secret}")
    terminal.note(
        "This is shown once. Hand it over where nobody else can read it: not by mail or chat."
    )


def _report(partner_id: str, what: str, count: int, *, json_: bool) -> None:
    if json_:
        terminal.as_json({"id": partner_id, "changed": count})
    else:
        terminal.say(f"{partner_id}: {what}.")


def _row(account: Account) -> tuple[object, ...]:
    host = account.webhook.host if account.webhook else "–"
    keys = ", ".join(f"{key.state} {_age(key)}" for key in account.keys) or "–"
    return account.partner_id, account.state, account.plan or "–", host, account.name, keys


def _age(key: Key) -> str:
    return terminal.age(key.age)


def _webhook_in_words(account: Account) -> str:
    if account.webhook is None:
        return "none"
    if account.endpoint is None:
        return "what is stored cannot be read; `orders partners set-webhook` replaces it"
    secrets = terminal.counted(len(account.endpoint.secrets), "secret")
    off = ", disabled: nothing is sent" if account.endpoint.disabled else ""
    return f"{account.endpoint.url}, {secrets}{off}"


def _as_json(account: Account) -> dict[str, Any]:
    return {
        "id": account.partner_id,
        "name": account.name,
        "state": account.state.value,
        "plan": account.plan,
        "keys": [_key_as_json(key) for key in account.keys],
        "webhook": _webhook_as_json(account),
    }


def _key_as_json(key: Key) -> dict[str, Any]:
    created = key.created.astimezone(dt.UTC).isoformat(timespec="seconds") if key.created else None
    return {
        "keyId": key.key_id,
        "state": key.state.value,
        "plan": key.plan,
        "createdAt": created and created.replace("+00:00", "Z"),
        "ageSeconds": key.age,
    }


def _webhook_as_json(account: Account) -> dict[str, Any] | None:
    if account.webhook is None:
        return None
    endpoint = account.endpoint
    return {
        "host": account.webhook.host,
        "url": endpoint.url if endpoint else None,
        "secrets": len(endpoint.secrets) if endpoint else None,
        "disabled": endpoint.disabled if endpoint else None,
    }


def _usage_as_json(partner_id: str, used: Usage) -> dict[str, Any]:
    days = [
        {"day": day.day.isoformat(), "requests": day.requests, "busiestKey": day.busiest}
        for day in used.days
    ]
    return {"id": partner_id, "dailyQuota": used.quota, "days": days}


def _chart(used: Usage) -> list[tuple[object, ...]]:
    """Give a row for each day; without a quota the bars are measured by the busiest day."""
    return [
        (
            day.day.isoformat(),
            day.requests,
            f"{day.busiest / used.quota:.1%}" if used.quota else "–",
            terminal.bar(day.busiest / used.most),
        )
        for day in used.days
    ]

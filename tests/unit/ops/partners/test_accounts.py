"""Partners' ids, names, keys, secrets and charts: what can be said without asking AWS."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite
from typer.testing import CliRunner

from cli.app import app
from cli.commands.partners import bar
from ops.partners import accounts as partner_accounts
from ops.partners.accounts import Account, flaw_of_name, flaw_of_url, is_id, per_day, slug
from ops.partners.keys import Key, State, key_name, owner_in
from ops.partners.webhooks import Webhook, new_secret
from ops.reach.errors import OperatorError
from orders.partner_endpoints import endpoint_in, text_of
from orders.webhooks import Endpoint

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
URL = "https://pos.example.com/orders"
IDS = st.from_regex("[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)


def key(
    day: int, mark: State | None = State.ON, *, enabled: bool | None = True, **more: Any
) -> Key:
    """Make the key of a day."""
    created = NOW + dt.timedelta(days=day)
    return Key(f"k{day}", "acme", day, enabled=enabled, created=created, mark=mark, **more)


def account(*keys: Key, webhook: Webhook | None = None) -> Account:
    return Account("acme", keys, webhook)


@given(st.text())
@example("Straße & Söhne GmbH")
@example("-" * 50)
def test_any_name_makes_an_id_or_none(name: str) -> None:
    """Whatever a partner is called, its id is one that everything else takes."""
    made = slug(name)
    assert made == "" or is_id(made)
    assert slug(made) == made


@given(IDS)
def test_an_id_is_kept(partner_id: str) -> None:
    """What is an id may be entered, and blurs nobody else's customers."""
    assert is_id(partner_id)
    assert "#" not in partner_id


@pytest.mark.parametrize("text", ["", "-x", "a#b", "A", "a_b", "a/b", "é", "a" * 41, "a\n", "٣"])
def test_no_id(text: str) -> None:
    """Capitals, slashes, hashes and the like are in no id."""
    assert not is_id(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme Point of Sale", "acme-point-of-sale"),
        ("Café Zoë, Ltd.", "cafe-zoe-ltd"),
        ("寿司", ""),
    ],
)
def test_slug(name: str, expected: str) -> None:
    """An id can be read as the name that it was made of."""
    assert slug(name) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "Somebody", "--id", "heartbeat", "--plan", "standard"),
        ("add", "Heartbeat!", "--plan", "standard"),
        ("show", "heartbeat"),
        ("disable", "heartbeat"),
        ("remove", "heartbeat"),
    ],
)
def test_nobody_gets_the_id_of_the_heartbeat(arguments: tuple[str, ...]) -> None:
    """A partner whose orders nobody heard of would be a bad surprise; the sentence says why."""
    ended = CliRunner().invoke(app, ["partners", *arguments, "--stage", "prod"])
    assert ended.exit_code == 2
    said = " ".join(ended.output.replace("│", " ").split())
    assert "whose orders reach nobody and are deleted" in said


def test_the_heartbeat_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a key as partners have, and is none."""
    keys = [key(0), replace(key(1), partner_id="heartbeat")]
    monkeypatch.setattr("ops.partners.keys.read", lambda _: keys)
    monkeypatch.setattr("ops.partners.webhooks.read", lambda *_: {})
    target: Any = None
    assert [account.partner_id for account in partner_accounts.accounts(target)] == ["acme"]


@composite
def named_key(draw: DrawFn) -> tuple[str, int]:
    return draw(IDS), draw(st.integers(1, 999_999))


@given(named_key(), named_key())
@example(("acme", 1), ("acme-1", 1))
def test_a_key_s_name_tells_its_owner(one: tuple[str, int], other: tuple[str, int]) -> None:
    """No partner's key can be taken for another's, however their ids begin or end."""
    assert owner_in("dev", key_name("dev", *one)) == one
    assert (key_name("dev", *one) == key_name("dev", *other)) == (one == other)


@pytest.mark.parametrize(
    "name", ["", "food-delivery-prod-acme-1", "food-delivery-dev-acme", "demo-acme-1", "x"]
)
def test_other_keys_are_left_alone(name: str) -> None:
    """Keys of another stage, or of somebody else's API, are none of ours."""
    assert owner_in("dev", name) is None


@pytest.mark.parametrize(
    ("mark", "enabled", "state"),
    [
        (None, False, State.NEW),
        (State.NEW, False, State.NEW),
        (State.NEW, True, State.ON),
        (State.ON, True, State.ON),
        (State.ON, False, State.OFF),
        (State.DISABLED, False, State.DISABLED),
        (State.DISABLED, True, State.ON),
        (State.EXPIRED, False, State.EXPIRED),
        (State.EXPIRED, True, State.ON),
        (State.ON, None, State.GONE),
    ],
)
def test_state(mark: State | None, enabled: bool | None, state: State) -> None:  # noqa: FBT001
    """A key that lets its owner in is shown as on, whatever our own notes say."""
    assert key(1, mark, enabled=enabled).state is state


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        ([], State.OFF),
        ([key(1, State.EXPIRED, enabled=False), key(2)], State.ON),
        ([key(1, State.DISABLED, enabled=False), key(2, State.DISABLED)], State.ON),
        ([key(1, State.DISABLED, enabled=False)], State.DISABLED),
        ([key(1, State.NEW, enabled=False)], State.NEW),
        ([key(1, enabled=False)], State.OFF),
    ],
)
def test_state_of_a_partner(keys: list[Key], state: State) -> None:
    """A partner counts as shut out only when not a single key lets it in."""
    assert account(*keys).state is state


def test_old_keys() -> None:
    """The newest key in use never expires, and one that is off cannot take its place."""
    keys = [key(1), key(2), key(3, State.NEW, enabled=False), key(4, enabled=False)]
    assert [old.key_id for old in partner_accounts.old_keys(account(*keys))] == ["k1"]
    assert partner_accounts.old_keys(account(key(1))) == []
    interrupted = account(key(1), key(2, State.EXPIRED))
    assert [old.key_id for old in partner_accounts.old_keys(interrupted)] == ["k2"]


def test_unfinished() -> None:
    """A partner of which only a beginning was made can be told from one that is there."""
    half = account(key(1, State.NEW, enabled=False))
    assert (half.finished, half.unfinished) == (False, half.keys[0])
    whole = account(key(1), key(2, None, enabled=False))
    assert (whole.finished, whole.unfinished) == (True, whole.keys[1])


def test_plan() -> None:
    """A partner's plan is that of its newest key in use."""
    keys = [key(1, plan="standard"), key(2, plan="premium"), key(3, State.EXPIRED, enabled=False)]
    assert account(*keys).plan == "premium"
    assert account(keys[2]).plan is None


def test_secret() -> None:
    """Each secret is new, and of 256 random bits as Standard Webhooks writes them."""
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b64decode(each.removeprefix("whsec_"))) for each in made} == {32}


def with_secrets(*secrets: str, changed: dt.datetime = NOW) -> Account:
    return account(key(1), webhook=Webhook(changed, Endpoint(URL, secrets)))


def test_two_secrets_and_no_more() -> None:
    """A new secret stands first, and a third is never made."""
    two = partner_accounts.with_another_secret(with_secrets("whsec_old"))
    assert (two.url, two.secrets[1:]) == (URL, ("whsec_old",))
    with pytest.raises(OperatorError, match="--finish"):
        partner_accounts.with_another_secret(with_secrets("whsec_b", "whsec_a"))


def test_the_old_secret_is_kept_while_it_is_needed() -> None:
    """It goes only when every function has had the time to read the new one."""
    two = with_secrets("whsec_b", "whsec_a")
    with pytest.raises(OperatorError, match="two minutes"):
        partner_accounts.with_one_secret(two, NOW + dt.timedelta(seconds=119))
    later = partner_accounts.with_one_secret(two, NOW + dt.timedelta(seconds=120))
    assert later == Endpoint(URL, ("whsec_b",))


def test_what_somebody_broke_by_hand() -> None:
    """An endpoint that cannot be read is shown as such, and set anew with a new secret."""
    broken = account(key(1), webhook=Webhook(NOW, None))
    assert broken.webhook is not None
    assert broken.webhook.host == "unreadable"
    with pytest.raises(OperatorError, match="set-webhook acme"):
        partner_accounts.endpoint_of(broken)
    assert partner_accounts.with_url(broken, URL).secrets[0].startswith("whsec_")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://u:secret@x.example.com:8443/a", "x.example.com:8443"),
        ("https://[", "unreadable"),
        ("", "unreadable"),
    ],
)
def test_host(url: str, host: str) -> None:
    """The list shows where events go, without what may be secret in a URL."""
    assert Webhook(NOW, Endpoint(url, ("whsec_a",))).host == host


@given(st.text(), st.lists(st.text(), min_size=1, max_size=2))
def test_endpoints_are_read_as_they_were_written(url: str, secrets: list[str]) -> None:
    """What an operator stores is what the functions read."""
    endpoint = Endpoint(url, tuple(secrets))
    assert endpoint_in(text_of(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("url", "flaw"),
    [
        (URL, None),
        ("http://x.example.com", "the URL is not https"),
        ("https://u@x.example.com", "the URL has credentials"),
        ("https://x.example.com/#", "the URL has a fragment"),
        ("https:///x", "the URL has no host"),
        ("https://x.example.com/a b", "the URL is malformed"),
    ],
)
def test_url(url: str, flaw: str | None) -> None:
    """A URL is accepted exactly when events would be sent there."""
    assert flaw_of_url(url) == flaw


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[2J", "x" * 101])
def test_no_name(name: str) -> None:
    """A name is one that can be read in a list."""
    assert flaw_of_name(name)


def test_name() -> None:
    """Names are in any language."""
    assert flaw_of_name("寿司 & Söhne") is None


def test_usage_of_two_keys() -> None:
    """Days add up over keys; what counts against the quota is the key that asked most."""
    first = dt.date(2026, 11, 1)
    records = [[[5, 95], [7, 93]], [[10, 90]]]
    assert [(day.day.day, *day[1:]) for day in per_day(first, 3, records)] == [
        (1, 15, 10),
        (2, 7, 7),
        (3, 0, 0),
    ]
    assert per_day(first, 3, []) == []


@given(st.floats(0, 2))
@example(1e-9)
def test_bar(share: float) -> None:
    """Whatever is not nothing can be seen, and more than the quota stays within the chart."""
    drawn = bar(share)
    assert len(drawn) <= 40
    assert bool(drawn) == (share > 0)
    assert share < 1 or drawn == "█" * 40

"""Partners' ids, names, keys and secrets: what can be said without asking AWS."""

from __future__ import annotations

import datetime as dt
import socket
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ops.partners import accounts as partner_accounts
from ops.partners.accounts import Account, UrlFound, flaw_of_name, is_id, look_at_url, slug
from ops.partners.keys import Key, State
from ops.partners.webhooks import Webhook
from ops.reach.errors import OperatorError
from orders.domain.events import OrderEvent
from orders.partner_endpoints import endpoint_in, text_of
from orders.webhooks import Endpoint, Rejected, deliver

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


def test_the_heartbeat_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a key as partners have, and is none."""
    keys = [key(0), replace(key(1), partner_id="heartbeat")]
    monkeypatch.setattr("ops.partners.keys.read", lambda _: keys)
    monkeypatch.setattr("ops.partners.webhooks.read", lambda *_: {})
    target: Any = None
    assert [account.partner_id for account in partner_accounts.accounts(target)] == ["acme"]


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


@pytest.mark.parametrize("disabled", [True, False])
def test_another_address_does_not_let_a_partner_hear_again(*, disabled: bool) -> None:
    """Who is disabled stays so, whether its endpoint is changed or a first one is set."""
    state = State.DISABLED if disabled else State.ON
    old = Webhook(NOW, Endpoint(URL, ("whsec_a",), disabled=disabled))
    for webhook in (old, None):
        one = account(key(1, state, enabled=not disabled), webhook=webhook)
        moved = partner_accounts.with_url(one, "https://other.example.com/")
        assert moved.disabled is disabled


def test_what_is_stored_of_a_partner_that_is_not_disabled_is_as_it_was() -> None:
    """A release that knows nothing of it can read what this one writes of all others."""
    assert "disabled" not in text_of(Endpoint(URL, ("whsec_a",)))
    assert endpoint_in(text_of(Endpoint(URL, (), disabled=True))).disabled


def test_what_somebody_broke_by_hand() -> None:
    """An endpoint that cannot be read is shown as such, and set anew with a new secret."""
    broken = account(key(1), webhook=Webhook(NOW, None))
    assert broken.webhook is not None
    assert broken.webhook.host == "unreadable"
    with pytest.raises(OperatorError, match="set-webhook acme"):
        partner_accounts.endpoint_of(broken)
    assert partner_accounts.with_url(broken, URL).secrets[0].startswith("whsec_")


NOWHERE = "nowhere.example.com"
ADDRESSES = {
    "pos.example.com": ["93.184.215.14", "2606:2800:21f:cb07::1"],
    "inside.example.com": ["10.0.0.1"],
    "halfway.example.com": ["93.184.215.14", "192.168.0.1"],
    "localhost": ["127.0.0.1"],
}


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS as the tests know it; an address is its own name."""

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host == NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = ADDRESSES.get(host, [host])
        return [(0, 0, 0, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


BAD_URLS = [
    ("http://pos.example.com", "the URL is not https"),
    ("https://u@pos.example.com", "the URL has credentials"),
    ("https://pos.example.com/#", "the URL has a fragment"),
    ("https:///x", "the URL has no host"),
    ("https://pos.example.com/a b", "the URL is malformed"),
    ("https://pos.example.com:0/", "the URL is malformed"),
    ("https://pos.example.com:70000/", "the URL is malformed"),
    ("https://10.0.0.1/", "the address is not public"),
    ("https://169.254.169.254/latest/", "the address is not public"),
    ("https://[::1]/", "the address is not public"),
    ("https://[::ffff:10.0.0.1]/", "the address is not public"),
    ("https://inside.example.com/", "the address is not public"),
    ("https://halfway.example.com/", "the address is not public"),
    ("https://localhost/", "the address is not public"),
]


@pytest.mark.usefixtures("dns")
@pytest.mark.parametrize(("url", "flaw"), BAD_URLS)
def test_url_to_which_no_event_would_be_sent(url: str, flaw: str) -> None:
    """A URL is refused exactly when a delivery would refuse it, and for the same reason."""
    assert look_at_url(url) == UrlFound(flaw=flaw)
    with pytest.raises(Rejected, match=f"^{flaw}$"):
        deliver(Endpoint(url, ("whsec_c2VjcmV0",)), OrderEvent("order-1.1", b"{}"))


@pytest.mark.usefixtures("dns")
def test_url() -> None:
    """A public address is accepted; a name that nobody knows yet is, with a doubt."""
    assert look_at_url(URL) == UrlFound()
    assert look_at_url("https://93.184.215.14:8443/hooks?partner=1") == UrlFound()
    doubt = "DNS: the name does not resolve"
    assert look_at_url(f"https://{NOWHERE}/") == UrlFound(doubt=doubt)


@pytest.mark.usefixtures("dns")
def test_url_on_this_machine() -> None:
    """The local run sends to servers on this machine, and to no other inside."""
    assert look_at_url("https://localhost:8443/", local=True) == UrlFound()
    assert look_at_url("https://10.0.0.1/", local=True).flaw == "the address is not public"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[2J", "x" * 101])
def test_no_name(name: str) -> None:
    """A name is one that can be read in a list."""
    assert flaw_of_name(name)


def test_name() -> None:
    """Names are in any language."""
    assert flaw_of_name("寿司 & Söhne") is None

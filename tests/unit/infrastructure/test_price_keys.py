"""Keys that may sign prices are checked where they are set, and never shown when they are wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import app
from infrastructure.price_keys import modulus_of, text_of
from infrastructure.settings import STAGES, Settings, settings_of
from infrastructure.settings_validation import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = "2026-11"


@cache
def key(bits: int = 2_048, exponent: int = 65_537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


def pem(made: Any) -> str:
    kind = PublicFormat.SubjectPublicKeyInfo
    return str(made.public_key().public_bytes(Encoding.PEM, kind).decode())


def jwk(made: rsa.RSAPrivateKey, **changes: Any) -> str:
    numbers = made.public_key().public_numbers()
    return json.dumps({"kty": "RSA", "n": text_of(numbers.n), "e": text_of(numbers.e), **changes})


def n(made: rsa.RSAPrivateKey) -> str:
    return text_of(made.public_key().public_numbers().n)


def with_keys(**keys: str) -> Settings:
    return replace(settings_of("dev"), price_keys={k.replace("_", "-"): v for k, v in keys.items()})


@pytest.mark.parametrize("form", [pem, jwk, n, lambda made: f"\n{pem(made)}\n"])
def test_a_key_in_each_form(form: Any) -> None:
    """PEM, JWK and its `n` are the same key to the functions."""
    stage = with_keys(k1=form(key()))
    assert stage.price_keys == {"k1": n(key())}
    assert stage.price_key_list == f"k1:{n(key())}"


@pytest.mark.parametrize("bits", [2_048, 4_096])
def test_the_smallest_and_the_largest_key(bits: int) -> None:
    """Between 2,048 and 4,096 bits, both included."""
    assert modulus_of(pem(key(bits))) == n(key(bits))


WRONG: dict[str, tuple[Callable[[], str], str]] = {
    "small": (lambda: pem(key(1_024)), "k1 has 1024 bits, or is no RSA key: make one of 2048"),
    "small n": (lambda: n(key(1_024)), "k1 has 1024 bits"),
    "even": (lambda: text_of(2**2_047), "is no RSA key"),
    "large": (lambda: text_of(2**4_096 + 1), "4097 bits"),
    "exponent": (lambda: pem(key(2_048, 3)), "k1 has the exponent 3: make one with 65537"),
    "exponent of a JWK": (lambda: jwk(key(), e="Aw"), "exponent 3"),
    "of another kind": (lambda: pem(ec.generate_private_key(ec.SECP256R1())), "signed with RSA"),
    "JWK of another kind": (lambda: jwk(key(), kty="EC"), "signed with RSA"),
    "no JWK": (lambda: '{"kty":"RSA"}', "it has kty, n and e"),
    "no text of a key": (lambda: "ä" * 342, "neither a PEM nor a JWK"),
    "no base64url": (lambda: "A" * 341, "copy the whole"),
    "a cut PEM": (lambda: pem(key())[:200], "copy all of its lines"),
    "private": (
        lambda: key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "is a private key, which belongs to the signer alone",
    ),
    "private JWK": (lambda: jwk(key(), d="AQAB"), "is a private key"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_key_that_cannot_be_is_told(what: str) -> None:
    """I read which key is wrong and what to do, and never the key."""
    make, words = WRONG[what]
    text = make()
    with pytest.raises(SettingError, match="price_keys the key k1 ") as refused:
        with_keys(k1=text)
    assert words in str(refused.value)
    assert text[-12:] not in str(refused.value)


def test_how_many_keys_there_may_be() -> None:
    """Three may sign at once, each under one id, which fits a list parted by blanks and colons."""
    three = {f"k{number}": n(key(2_048 + 8 * number)) for number in range(3)}
    assert len(with_keys(**three).price_keys) == 3
    with pytest.raises(SettingError, match="at most 3 keys"):
        with_keys(**three, k4=n(key(2_048 + 32)))
    with pytest.raises(SettingError, match="one key under two ids"):
        with_keys(k1=n(key()), k2=pem(key()))
    for name in ("", "a:b", "a b", "k" * 33):
        with pytest.raises(SettingError, match="ids of 1 to 32"):
            replace(settings_of("dev"), price_keys={name: n(key())})


def test_a_key_that_is_no_text() -> None:
    """A number is no key: the setting is named."""
    with pytest.raises(SettingError, match="price_keys"):
        replace(settings_of("dev"), price_keys={"k1": 65_537})  # type: ignore[dict-item]


def test_keys_and_origins_fit_a_function_together() -> None:
    """Lambda takes 4 KB of variables: too much of both is told here, not at the deployment."""
    origins = tuple(f"https://{number:03}.{'a' * 40}.example" for number in range(30))
    large = {f"k{number}": n(key(4_096 - 8 * number)) for number in range(2)}
    with pytest.raises(SettingError, match="origins and price_keys must not have more than"):
        replace(settings_of("dev"), origins=origins, price_keys=large)


def test_who_vouches_for_prices() -> None:
    """Prod is safe from the start: no customer names a price, though nobody can order yet."""
    prod, dev = settings_of("prod"), settings_of("dev")
    assert (prod.price_quotes, dict(prod.price_keys), dev.price_quotes) == (
        "required",
        {},
        "checked",
    )
    assert Settings(stage="x").price_quotes == "required"
    assert set(STAGES) >= {"dev", "prod"}


def test_what_is_unsafe_is_said() -> None:
    """Whoever synthesizes a stage reads that customers name their prices, or cannot order."""
    prod = settings_of("prod")
    assert "takes no order of a customer" in (prod.price_warning() or "")
    good = replace(prod, price_keys={GOOD: n(key())})
    assert good.price_warning() is None
    for mode in ("checked", "off"):
        said = replace(good, price_quotes=mode).price_warning()
        assert said is not None
        assert f"price_quotes is '{mode}': customers of prod name their own prices" in said


@pytest.mark.parametrize(("stage", "words"), [("prod", "takes no order"), ("dev", "own prices")])
def test_the_synthesis_says_it(
    stage: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make synth` and `make deploy` show it, whoever reads the settings or not."""
    built = SimpleNamespace(warning=lambda: None, path=Path("asset"))
    monkeypatch.setattr(app, "build_for_aws", lambda _: built)
    monkeypatch.setattr(app, "_written", lambda *_: Path("template"))
    monkeypatch.setenv("STAGE", stage)
    app.main()
    assert words in capsys.readouterr().err

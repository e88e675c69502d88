"""Whom a function believes to be AWS, and what that relies on of Python's compiled modules."""

from __future__ import annotations

import _socket
import _ssl
import datetime as dt
import hashlib
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from orders.aws import tls
from orders.aws.connection import Request, address_of, connect
from tests.unit.orders.aws.speaking import http, speaking

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")  # Starfield's is 0

ASKED = Request("POST", "/", "", {"host": "x"}, b"{}").written()
PUBLISHED = (
    "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
    "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
    "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
    "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
    "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",
)
"""What https://www.amazontrust.com/repository/ says: the SHA-256 of each root's public key."""


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that AWS_CA_BUNDLE names."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv(tls.BUNDLE, str(tmp_path / "authority.pem"))
    return made


def serving(certificate: trustme.LeafCert, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Make a server's side of TLS."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(made)
    if newest is not None:
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = newest
        made.set_ciphers("ALL:@SECLEVEL=0")
    return made


def ask(context: ssl.SSLContext, host: str = "localhost") -> int:
    """Ask a server over TLS, and give its answer's status."""
    with speaking([http()], tls=context) as server:
        connection = connect(address_of(f"https://{host}:{server.port}"), 5)
        try:
            return connection.exchange(ASKED, 5)[0].status
        finally:
            connection.close()


def refusal(context: ssl.SSLContext, host: str = "localhost") -> str:
    """Ask a server that must not be believed, and give why it was not."""
    with pytest.raises(_ssl.SSLError) as caught:
        ask(context, host)
    return str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_who_has_a_certificate_of_the_bundle_is_asked(authority: trustme.CA, host: str) -> None:
    """Whom an authority of AWS_CA_BUNDLE vouches for is asked: a company's proxy, an emulator."""
    assert ask(serving(authority.issue_cert(host)), host) == 200


def test_another_host_s_certificate_is_refused(authority: trustme.CA) -> None:
    """Whoever has a sound certificate of another name is not AWS."""
    assert "ostname mismatch" in refusal(serving(authority.issue_cert("elsewhere.example")))
    assert "IP address mismatch" in refusal(serving(authority.issue_cert("localhost")), "127.0.0.1")


def test_a_name_that_only_the_subject_has_is_refused(authority: trustme.CA) -> None:
    """Only the names that a certificate is issued for count, as everywhere since 2017."""
    issued = authority.issue_cert("elsewhere.example", common_name="localhost")
    assert "ostname mismatch" in refusal(serving(issued))


def test_an_expired_certificate_is_refused(authority: trustme.CA) -> None:
    """A certificate that has ended proves nothing."""
    ended = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    issued = authority.issue_cert("localhost", not_after=ended)
    assert "certificate has expired" in refusal(serving(issued))


@pytest.mark.usefixtures("authority")
def test_an_unknown_authority_is_refused() -> None:
    """Who vouches for himself, or has an authority that nobody named, is not AWS."""
    refused = refusal(serving(trustme.CA().issue_cert("localhost")))
    assert "certificate verify failed" in refused


def test_a_root_that_is_trusted_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a bundle Amazon's roots alone count, whatever the system trusts."""
    monkeypatch.delenv(tls.BUNDLE, raising=False)
    assert "certificate verify failed" in refusal(serving(trustme.CA().issue_cert("localhost")))


def test_old_tls_is_refused(authority: trustme.CA) -> None:
    """Nothing below TLS 1.2 is spoken."""
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context = serving(authority.issue_cert("localhost"), ssl.TLSVersion.TLSv1_1)
    assert refusal(context)


def test_a_bundle_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A misspelt AWS_CA_BUNDLE never means that everybody is trusted."""
    monkeypatch.setenv(tls.BUNDLE, str(tmp_path / "missing.pem"))
    with pytest.raises(FileNotFoundError):
        ask(serving(trustme.CA().issue_cert("localhost")))


def test_the_roots_are_amazon_s_five(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file holds the roots that Amazon Trust Services publishes, and no other."""
    monkeypatch.delenv(tls.BUNDLE, raising=False)
    with open(tls.ROOTS, "rb") as file:  # noqa: PTH123 - as the function has it
        roots = x509.load_pem_x509_certificates(file.read())
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    keys = [root.public_key().public_bytes(*form) for root in roots]
    assert [hashlib.sha256(key).hexdigest() for key in keys] == [*PUBLISHED]
    assert tls._context(tls.ROOTS).cert_store_stats()["x509_ca"] == len(PUBLISHED)


def test_the_roots_last_for_years() -> None:
    """A root is replaced long before it ends: this fails five years ahead."""
    with open(tls.ROOTS, "rb") as file:  # noqa: PTH123 - as the function has it
        roots = x509.load_pem_x509_certificates(file.read())
    first = min(root.not_valid_after_utc for root in roots)
    assert first - dt.datetime.now(dt.UTC) > dt.timedelta(days=5 * 365)


def test_python_s_compiled_modules_are_as_they_were() -> None:
    """An update of Python that moves what the client relies on is noticed here, with its name."""
    made = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    used = tls._context(tls.ROOTS)
    assert (used.verify_mode, used.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert used.minimum_version == ssl.TLSVersion.TLSv1_2
    assert used.verify_flags & ssl.VERIFY_X509_STRICT
    assert issubclass(_ssl.SSLError, OSError)
    assert issubclass(_ssl.SSLCertVerificationError, _ssl.SSLError)
    plain = tls.Socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        secure = used._wrap_socket(plain, server_side=False, server_hostname="x.example")
        assert all(callable(getattr(secure, name)) for name in ("do_handshake", "read", "write"))
    finally:
        plain.close()
    assert callable(_socket.getaddrinfo)

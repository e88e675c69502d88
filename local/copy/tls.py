"""Certificates for HTTPS on this machine: webhooks go to https addresses only, also here.

A copy has an authority of its own, which nobody trusts but its functions. `server.pem` is a
certificate with its key for `localhost` and `127.0.0.1`: whoever writes a webhook receiver can
serve with it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from ops.partners.accounts import THIS_MACHINE
from orders.webhooks import TEST_NETWORKS
from project import private_files

if TYPE_CHECKING:
    from ops.reach.layout import Layout

NAMES = ("localhost", "127.0.0.1")
"""Whom the certificate is for."""


def ready(layout: Layout) -> None:
    """Make the copy's authority and certificate, unless they are there."""
    if layout.server_certificate.exists():
        return
    authority = trustme.CA(organization_name="Food-delivery orders, local run")
    issued = authority.issue_cert(*NAMES)
    _write(layout.trusted_authorities, [authority.cert_pem.bytes(), *_of_the_system()])
    chain = [blob.bytes() for blob in issued.cert_chain_pems]
    _write(layout.server_certificate, [*chain, issued.private_key_pem.bytes()])


def function_environment(layout: Layout) -> dict[str, str]:
    """Give the variables with which functions send webhooks to this machine.

    They are set for the emulator's process and never in the template: a function on AWS reaches
    public addresses only.
    """
    return {
        "SSL_CERT_FILE": str(layout.trusted_authorities),
        TEST_NETWORKS: THIS_MACHINE,
    }


def server_context(layout: Layout) -> ssl.SSLContext:
    """Give the TLS settings of a server of this copy."""
    return context_of(layout.server_certificate)


def context_of(certificate: Path) -> ssl.SSLContext:
    """Give the TLS settings of a server with a certificate, whose key is in the same file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _of_the_system() -> list[bytes]:
    """Read the authorities that this machine trusts, so that real addresses work, too."""
    bundle = ssl.get_default_verify_paths().cafile
    return [Path(bundle).read_bytes()] if bundle and Path(bundle).is_file() else []


def _write(path: Path, parts: list[bytes]) -> None:
    private_files.write(path, b"\n".join(parts))

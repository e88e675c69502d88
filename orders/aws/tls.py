"""TLS for calls of AWS, on the compiled modules below `ssl` and `socket`.

The two cost a start 45 million instructions, most of it for enums: more than the handshake. What is
relied on of the compiled ones is listed here and nowhere else, and tests/unit/orders/aws/test_tls
holds each, for every Python that there is to run it with (docs/decisions/0040-own-client.md):

    _socket.socket       may be derived from; settimeout bounds what TLS does on it, too
    _ssl._SSLContext     of PROTOCOL_TLS_CLIENT verifies the chain and the host's name by itself
    _ssl._SSLSocket      do_handshake, read and write; what fails raises an OSError
"""

from __future__ import annotations

import _socket
import _ssl
import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Protocol

    class Secure(Protocol):
        """A connection that is secured."""

        def do_handshake(self) -> None:
            """Agree on keys and verify who answers."""

        def read(self, most: int) -> bytes:
            """Read so many bytes at most; none at the end."""

        def write(self, data: bytes | memoryview) -> int:
            """Send, and tell how many bytes were taken."""


ROOTS = os.path.join(os.path.dirname(__file__), "roots.pem")  # noqa: PTH118, PTH120 - pathlib costs a start more than TLS does
"""Amazon Trust Services' five roots; a bundle of all authorities takes 46 ms to load."""

BUNDLE = "AWS_CA_BUNDLE"
"""The variable that names a file with other authorities, as AWS's own libraries know it."""


class Socket(_socket.socket):
    """A socket that TLS can be put on: it keeps a weak reference to it."""

    __slots__ = ("__weakref__",)

    def __del__(self) -> None:
        """Close what nobody uses any more, without the warning of Python's own."""
        self.close()


def secured(plain: Socket, host: str) -> Secure:
    """Put TLS on a connected socket, and verify that it is the host who answers.

    Raises:
        OSError: when it is not, or somebody vouches for it who is not trusted.
    """
    made: Secure = _context(os.environ.get(BUNDLE) or ROOTS)._wrap_socket(  # noqa: SLF001 - it has no other
        plain, server_side=False, server_hostname=host
    )
    made.do_handshake()
    return made


@cache
def _context(authorities: str) -> Any:
    """Make what connections verify AWS with, once for this process.

    The same as `ssl.create_default_context`, and stricter: a name in the subject does not count.

    Raises:
        OSError: when there is no such file, or there are no certificates in it.
    """
    made: Any = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)  # noqa: SLF001 - the class below ssl's
    made.verify_mode = _ssl.CERT_REQUIRED
    made.check_hostname = True
    made.minimum_version = _ssl.PROTO_TLSv1_2
    made.verify_flags |= _ssl.VERIFY_X509_STRICT
    made._host_flags |= _ssl.HOSTFLAG_NEVER_CHECK_SUBJECT  # noqa: SLF001 - it has no other
    made.load_verify_locations(authorities)
    return made

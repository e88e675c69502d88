"""The digests that are taken of the compiled module below `hashlib` and `hmac`."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from orders.aws.digests import hmac_sha256, sha256


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_digests_are_the_standard_library_s(key: bytes, text: bytes) -> None:
    """AWS and partners compute the same digests, whatever is signed and by whichever key."""
    assert sha256(text).hexdigest() == hashlib.sha256(text).hexdigest()
    assert hmac_sha256(key, text) == hmac.digest(key, text, "sha256")


def test_a_start_makes_no_other_algorithm() -> None:
    """A function starts without the algorithms that nobody asks it for."""
    program = (
        "import sys, orders.handlers.create_order; print(*{'hashlib', 'hmac'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"

"""Sign-in on the local run: what a page does with Cognito, as far as the emulator has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.demo.people import PEOPLE, Pool, _authenticate, _client_id, subject_of
from tests.shared.people import aws

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


@pytest.fixture
def pool(stack: Endpoints) -> Pool:
    return Pool(aws(stack, "cognito-idp"), stack.user_pool_id)


def renewed(pool: Pool, name: str) -> dict[str, Any]:
    """Renew a demo person's tokens in the way that takes no password."""
    asked = {
        "ClientId": _client_id(pool),
        "RefreshToken": _authenticate(pool, name)["RefreshToken"],
    }
    answer = pool.cognito.get_tokens_from_refresh_token(**asked)
    result: dict[str, Any] = answer["AuthenticationResult"]
    return result


@pytest.mark.parametrize("name", PEOPLE)
def test_a_token_is_renewed_in_the_way_that_rotates(
    stack: Endpoints, pool: Pool, name: str
) -> None:
    """GetTokensFromRefreshToken gives an identity token of the same person, which the API takes."""
    token = renewed(pool, name)["IdToken"]
    listed = httpx.get(f"{stack.api_url}/orders", headers={"Authorization": token})
    assert listed.status_code == 200
    assert subject_of(token) == subject_of(str(_authenticate(pool, name)["IdToken"]))


def test_the_emulator_does_not_rotate(pool: Pool) -> None:
    """No new refresh token comes here, as docs/emulator.md says; on AWS one does."""
    assert "RefreshToken" not in renewed(pool, "customer")

"""Who is an operator: a member of the group with an authenticator app, and nobody else."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import log as logs
from orders.aws_api import ApiError, Unreachable
from orders.callers import caller_of
from orders.domain.lifecycle import Role
from orders.handlers import check_second_factor as module
from orders.routes import ROUTES
from orders.settings import OPERATORS

PERSON = "44d8a4c8-1021-70f1-5a2b-6b1f0e9c7d11"
POOL = "us-east-1_Example"
APP = ["SOFTWARE_TOKEN_MFA"]
CUSTOMERS_ROUTE = next(route for route in ROUTES if route.caller is not Role.PARTNER)

_GROUPS = st.lists(
    st.one_of(
        st.sampled_from([OPERATORS, f"x,{OPERATORS}", f"{OPERATORS},", f"[{OPERATORS}]", "x"]),
        st.text(st.sampled_from("operators,x[] "), max_size=12),
    ),
    unique=True,
)


class Cognito:
    """A user pool, which knows each person's second factors."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | ApiError = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, _service: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, arguments))
        if isinstance(self.answer, ApiError):
            raise self.answer
        return self.answer


@pytest.fixture
def cognito(monkeypatch: pytest.MonkeyPatch) -> Cognito:
    made = Cognito()
    monkeypatch.setattr(module, "call", made.call)
    return made


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", written)
    return written


def event(*groups: str, source: str = "Authentication") -> dict[str, Any]:
    """Give Cognito's event, before it makes the tokens of a member of some groups."""
    return {
        "version": "1",
        "triggerSource": f"TokenGeneration_{source}",
        "region": "us-east-1",
        "userPoolId": POOL,
        "userName": PERSON,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client"},
        "request": {
            "userAttributes": {"sub": PERSON, "email": "someone@example.com"},
            "groupConfiguration": {
                "groupsToOverride": [*groups],
                "iamRolesToOverride": [],
                "preferredRole": None,
            },
        },
        "response": {"claimsOverrideDetails": None},
    }


def groups_after(given_back: dict[str, Any]) -> list[str]:
    """Give the groups that Cognito then writes into the token."""
    override = given_back["response"]["claimsOverrideDetails"]
    if override is None:
        found: list[str] = given_back["request"]["groupConfiguration"]["groupsToOverride"]
        return found
    left: list[str] = override["groupOverrideDetails"]["groupsToOverride"]
    assert override.get("claimsToSuppress", []) == ([] if left else ["cognito:groups"])
    return left


def role_with(groups: list[str]) -> Role:
    """Tell what the API takes somebody for: API Gateway joins the groups by commas."""
    claims = {"token_use": "id", "sub": PERSON, "cognito:groups": ",".join(groups)}
    return caller_of({"authorizer": {"claims": claims}}, CUSTOMERS_ROUTE).role


def test_an_operator_has_an_app(cognito: Cognito) -> None:
    """With an app a member of the group is an operator."""
    cognito.answer = {"UserMFASettingList": APP, "PreferredMfaSetting": APP[0]}
    sent = event(OPERATORS, "testers")
    assert module.handler(sent, None) == event(OPERATORS, "testers")
    assert cognito.asked == [("AdminGetUser", {"UserPoolId": POOL, "Username": PERSON})]


@pytest.mark.parametrize(
    "answer",
    [{}, {"UserMFASettingList": []}, {"UserMFASettingList": ["EMAIL_OTP"]}, {"x": APP}],
)
def test_a_password_alone_makes_no_operator(cognito: Cognito, answer: dict[str, Any]) -> None:
    """Without an app a member of the group signs in as the customer that everybody is."""
    cognito.answer = answer
    assert groups_after(module.handler(event(OPERATORS, "testers"), None)) == ["testers"]
    assert groups_after(module.handler(event(OPERATORS), None)) == []


def test_a_renewal_is_asked_about_too(cognito: Cognito) -> None:
    """Who takes the app away is no operator from the next renewal on, an hour later at most."""
    cognito.answer = {"UserMFASettingList": []}
    assert groups_after(module.handler(event(OPERATORS, source="RefreshTokens"), None)) == []


@pytest.mark.parametrize("error", [ApiError("AccessDeniedException"), Unreachable("Timeout")])
def test_who_cannot_be_asked_about_is_no_operator(
    cognito: Cognito, log: io.StringIO, error: ApiError
) -> None:
    """While Cognito does not answer, operators sign in as customers; the log says why."""
    cognito.answer = error
    assert groups_after(module.handler(event(OPERATORS), None)) == []
    line = json.loads(log.getvalue())
    assert (line["outcome"], line["cause"]) == (module.UNKNOWN, error.code)


def test_a_customer_waits_for_nobody(cognito: Cognito) -> None:
    """Of a customer Cognito is asked nothing, so nothing that fails keeps customers out."""
    cognito.answer = Unreachable("Timeout")
    for sent in (event(), event("testers")):
        assert module.handler(json.loads(json.dumps(sent)), None) == sent
    assert not cognito.asked


def test_no_group_of_another_name_makes_an_operator(cognito: Cognito) -> None:
    """A group `x,operators` looks like two behind API Gateway: it goes, even beside an app."""
    cognito.answer = {"UserMFASettingList": APP}
    assert groups_after(module.handler(event(f"x,{OPERATORS}"), None)) == []
    both = event(f"x,{OPERATORS}", OPERATORS)
    assert groups_after(module.handler(both, None)) == [OPERATORS]


@given(groups=_GROUPS, has_app=st.booleans())
def test_whatever_the_groups_are_called(groups: list[str], *, has_app: bool) -> None:
    """Behind API Gateway an operator is a member of `operators` who has an app, and nobody else."""
    cognito = Cognito()
    cognito.answer = {"UserMFASettingList": APP if has_app else []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "call", cognito.call)
        after = groups_after(module.handler(event(*groups), None))
    expected = OPERATORS in groups and has_app
    assert (role_with(after) is Role.OPERATOR) is expected
    assert set(after) <= set(groups)
    assert {name for name in groups if OPERATORS not in name.split(",")} <= set(after)


def test_the_log_says_who_and_nothing_personal(cognito: Cognito, log: io.StringIO) -> None:
    """Each sign-in is a line with the person's id and what they are; no address is in it."""
    cognito.answer = {"UserMFASettingList": APP}
    for groups in ((), (OPERATORS,)):
        module.handler(event(*groups), None)
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    assert [line["outcome"] for line in lines] == [module.CUSTOMER, module.OPERATOR]
    assert {line["personId"] for line in lines} == {PERSON}
    assert "example.com" not in log.getvalue()


@pytest.mark.parametrize("broken", [{}, {"userPoolId": POOL}, {**event(), "request": None}])
def test_what_is_not_cognito_s_gets_no_tokens(broken: dict[str, Any]) -> None:
    """An event of another form fails, and Cognito then makes no tokens."""
    with pytest.raises(ValueError, match=r"Expected|missing"):
        module.handler(broken, None)

"""Settings are checked before anything is synthesized."""

from __future__ import annotations

from typing import Any

import pytest

from infrastructure.settings import (
    STAGES,
    AddressLimits,
    Capacity,
    Domain,
    Plan,
    SettingError,
    Settings,
    Throttle,
    settings_of,
)

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d"
MISTAKES = [
    (Capacity, {"min_provisioned": 10, "max_provisioned": 5}, "capacity.min_provisioned"),
    (Capacity, {"max_units": 0}, "capacity.max_units"),
    (Capacity, {"target_percent": 95}, "capacity.target_percent"),
    (Throttle, {"rate": 0, "burst": 1}, "throttle.rate"),
    (Throttle, {"rate": 1, "burst": -1}, "throttle.burst"),
    (Plan, {"throttle": Throttle(rate=1, burst=1), "daily_quota": 0}, "plan.daily_quota"),
    (Settings, {"stage": "x", "memory_mb": 64}, "memory_mb"),
    (Settings, {"stage": "x", "timeout_seconds": 30}, "timeout_seconds"),
    (Settings, {"stage": "x", "idempotency_hours": 0}, "idempotency_hours"),
    (Settings, {"stage": "x", "reserved_concurrency": {"creat_order": 1}}, "creat_order"),
    (Settings, {"stage": "x", "reserved_concurrency": {"get_order": 0}}, "get_order"),
    (Settings, {"stage": "x", "plans": {}}, "plans"),
    (Settings, {"stage": "x", "origins": ()}, "origins"),
    (Settings, {"stage": "x", "origins": ("https://a.example/path",)}, "https://a.example/path"),
    (Settings, {"stage": "x", "origins": ("http://a.example",)}, "http://a.example"),
    (Settings, {"stage": "x", "origins": ("*",)}, "origins"),
    (AddressLimits, {"customers": 9}, "address_limits.customers"),
    (AddressLimits, {"partners": 0}, "address_limits.partners"),
    (
        Settings,
        {"stage": "x", "address_limits": AddressLimits(partners=59_999)},
        "address_limits.partners must be at least 60000",
    ),
    (Domain, {"name": "https://a.example", "certificate_arn": CERTIFICATE}, "https://a.example"),
    (Domain, {"name": "localhost", "certificate_arn": CERTIFICATE}, "localhost"),
    (Domain, {"name": "a.example", "certificate_arn": "0a1b2c3d"}, "domain.certificate_arn"),
    (
        Settings,
        {
            "stage": "x",
            "region": "eu-west-1",
            "domain": Domain(name="a.example", certificate_arn=CERTIFICATE),
        },
        "certificate in eu-west-1",
    ),
]


@pytest.mark.parametrize(("kind", "values", "named"), MISTAKES)
def test_a_setting_that_cannot_be_is_named(kind: Any, values: dict[str, Any], named: str) -> None:
    """A mistake in the settings stops the synthesis with a sentence that names the setting."""
    with pytest.raises(SettingError, match=named):
        kind(**values)


def test_an_unknown_stage_is_told_which_there_are() -> None:
    """A typo in STAGE lists the stages."""
    with pytest.raises(SettingError, match="no stage 'prd'; there are dev, prod"):
        settings_of("prd")


def test_both_stages_reserve_a_hundred_creates() -> None:
    """At lunch, a hundred orders at the same moment find a function each."""
    assert {stage.reserved_concurrency["create_order"] for stage in STAGES.values()} == {100}


def test_both_stages_let_a_hundred_creates_pass_at_once() -> None:
    """No throttle stands in the way of a hundred simultaneous orders, of one partner even."""
    for stage in STAGES.values():
        throttles = [stage.stage_throttle, *(plan.throttle for plan in stage.plans.values())]
        assert min(throttle.burst for throttle in throttles) >= 100

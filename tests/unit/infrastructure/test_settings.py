"""Settings are checked before anything is synthesized."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from documents import configuration
from infrastructure.settings import (
    STAGES,
    AddressLimits,
    Capacity,
    CapacityMode,
    Domain,
    Mail,
    Plan,
    Settings,
    Throttle,
    WebClient,
    Webhooks,
    Worker,
    settings_of,
)
from infrastructure.settings_validation import SettingError, regions
from tests.unit.infrastructure.test_wrong_settings import with_stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d"
ELSEWHERE = CERTIFICATE.replace("us-east-1", "eu-west-1")
PLACE = {"name": "a.example", "certificate_arn": CERTIFICATE}
SLOW = Throttle(rate=1, burst=1)
WORKER = Worker(most_at_once=100, retry_seconds=5)
MISTAKES = [
    (Capacity, {"min_provisioned": 10, "max_provisioned": 5}, "capacity.min_provisioned"),
    (Capacity, {"max_read_units": 0}, "capacity.max_read_units"),
    (Capacity, {"max_write_units": 0}, "capacity.max_write_units"),
    (Capacity, {"target_percent": 95}, "capacity.target_percent"),
    (Throttle, {"rate": 0, "burst": 1}, "throttle.rate"),
    (Throttle, {"rate": 1, "burst": -1}, "throttle.burst"),
    (Plan, {"throttle": Throttle(rate=1, burst=1), "daily_quota": 0}, "plan.daily_quota"),
    (Settings, {"stage": "x", "memory_mb": 64}, "memory_mb"),
    (Settings, {"stage": "x", "timeout_seconds": 30}, "timeout_seconds"),
    (Settings, {"stage": "x", "idempotency_hours": 0}, "idempotency_hours"),
    (Settings, {"stage": "x", "account": "1234"}, "account must be the 12 digits"),
    (Settings, {"stage": "x", "account": "12345678901x"}, "account must be the 12 digits"),
    (Settings, {"stage": "x", "permission_boundary": "a b"}, "permission_boundary must be the"),
    (Settings, {"stage": "x", "permission_boundary": "arn:aws:iam::1:policy/b"}, "its ARN"),
    (Settings, {"stage": "x", "tags": {"": "x"}}, "tags of ''"),
    (Settings, {"stage": "x", "tags": {"team": "a\nb"}}, "tags of 'team'"),
    (Settings, {"stage": "x", "tags": {"Stage": "y"}}, "tags must not name 'Stage'"),
    (Settings, {"stage": "x", "tags": {"partner": "y"}}, "it is the service's own"),
    (Settings, {"stage": "x", "tags": {"aws:team": "y"}}, "it is AWS's own"),
    (Settings, {"stage": "x", "tags": {f"t{n}": "" for n in range(21)}}, "at most 20 entries"),
    (Settings, {"stage": "x", "order_retention_days": 29}, "order_retention_days"),
    (Settings, {"stage": "x", "order_retention_days": 3_651}, "order_retention_days"),
    (
        Settings,
        {"stage": "x", "order_retention_days": 30, "idempotency_hours": 721},
        "order_retention_days must be at least 31",
    ),
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
        {"stage": "x", "address_limits": AddressLimits(partners=2_999)},
        "address_limits.partners must be at least 3000",
    ),
    (
        Settings,
        {"stage": "x", "address_limits": AddressLimits(customers=1_199)},
        "address_limits.customers must be at least 1200",
    ),
    (Domain, {"name": "https://a.example", "certificate_arn": CERTIFICATE}, "https://a.example"),
    (Domain, {"name": "localhost", "certificate_arn": CERTIFICATE}, "localhost"),
    (Domain, {"name": "a.example", "certificate_arn": "0a1b2c3d"}, "domain.certificate_arn"),
    (WebClient, {**PLACE, "menu_url": "http://menu.example"}, "web_client.menu_url"),
    (WebClient, {**PLACE, "menu_url": "https://menu.example/"}, "menu_url"),
    (Settings, {"stage": "x", "web_client": WebClient(**PLACE)}, "origins must name https://a.ex"),
    (
        Settings,
        {
            "stage": "x",
            "origins": ("https://a.example",),
            "web_client": WebClient(**{**PLACE, "certificate_arn": ELSEWHERE}),
        },
        "a certificate in us-east-1, for CloudFront",
    ),
    (
        Settings,
        {
            "stage": "x",
            "region": "eu-west-1",
            "domain": Domain(name="a.example", certificate_arn=CERTIFICATE),
        },
        "certificate in eu-west-1",
    ),
    (Settings, {"stage": "Dev"}, "stage must be .*, not 'Dev'"),
    (Settings, {"stage": "a_b"}, "stage must be"),
    (Settings, {"stage": ""}, "stage must be"),
    (Settings, {"stage": "x", "region": "us-east"}, "region must be a Region of the partition aws"),
    (
        Settings,
        {"stage": "x", "log_level": "debug"},
        "log_level must be 'DEBUG', 'INFO', .*not 'debug'",
    ),
    (Settings, {"stage": "x", "memory_mb": "512"}, "memory_mb must be a whole number, not '512'"),
    (Settings, {"stage": "x", "memory_mb": True}, "memory_mb must be a whole number, not bool"),
    (Settings, {"stage": "x", "keep_data": "no"}, "keep_data must be True or False, not 'no'"),
    (Settings, {"stage": "x", "keep_data": True}, "mail must name .* or mail_waiver must say why"),
    (
        Settings,
        {"stage": "x", "keep_data": True, "mail_waiver": " "},
        "mail_waiver must be .* sentence",
    ),
    (
        Settings,
        {"stage": "x", "mail": Mail(sender="a@b.example"), "mail_waiver": "Few people."},
        "mail_waiver must be empty",
    ),
    (Mail, {"sender": "b.example"}, "mail.sender must be an e-mail address, not 'b.example'"),
    (Settings, {"stage": "x", "capacity": {}}, "capacity must be a Capacity, not dict"),
    (Settings, {"stage": "x", "origins": "https://a.example"}, "origins must be a tuple"),
    (Settings, {"stage": "x", "plans": {"Gold": Plan(throttle=SLOW, daily_quota=1)}}, "'Gold'"),
    (
        Settings,
        {
            "stage": "x",
            "plans": {"gold": Plan(throttle=Throttle(rate=1, burst=106), daily_quota=1)},
        },
        "plans.gold.throttle.burst must not be above stage_throttle.burst, 105",
    ),
    (Settings, {"stage": "x", "workers": {"process_order": WORKER}}, "workers must be"),
    (
        Settings,
        {"stage": "x", "reserved_concurrency": {"process_order": 99}},
        "workers.process_order.most_at_once must not be above reserved_concurrency.process_order",
    ),
    (
        Settings,
        {"stage": "x", "reserved_concurrency": {"notify_partner": 79}},  # 50, 20, 10
        "workers.notify_partner.most_at_once must not be above reserved_concurrency.notify_partner",
    ),
    (Webhooks, {"waits": (751,)}, "webhooks.waits must begin with 750 at most"),
    (Webhooks, {"waits": (5, 35_001)}, "waits"),
    (Webhooks, {"waits": ()}, "waits"),
    (
        Settings,
        {"stage": "x", "reserved_concurrency": {"create_order": 500, "get_order": 401}},
        "adds up to 901, but of concurrency_quota 1000 Lambda keeps 100 unreserved",
    ),
    (
        Settings,
        {"stage": "x", "concurrency_quota": 10},
        "adds up to 300, but of concurrency_quota 10 ",
    ),
    (
        Settings,
        {"stage": "x", "placing_throttle": Throttle(rate=150, burst=151)},
        "routes of create_order let 302 requests through at one moment, but only 300 can run",
    ),
    (
        Settings,
        {"stage": "x", "stage_throttle": Throttle(rate=105, burst=106)},
        "routes of get_order let 522 requests through at one moment, but only 520 can run",
    ),
    (
        Settings,
        {"stage": "x", "serving_throttle": Throttle(rate=55, burst=56)},
        "routes of get_order let 522 requests through .* 520 can run, neither reserved nor the",
    ),
    (
        Settings,
        {"stage": "x", "head_throttle": Throttle(rate=1, burst=51)},
        "routes of get_order let 524 requests through .* 520 can run, neither reserved nor the",
    ),
    (
        Settings,
        {
            "stage": "x",
            "concurrency_quota": 2_000,
            "reserved_concurrency": {"create_order": 300, "update_order": 310},
        },
        "routes of update_order let 320 requests .* only 310 can run, its reservation",
    ),
    (
        Settings,
        {"stage": "x", "concurrency_quota": 999},
        "routes of get_order let 520 requests through at one moment, but only 519 can run",
    ),
    (Capacity, {"mode": "on-demand"}, "capacity.mode must be a CapacityMode, not"),
    (Throttle, {"rate": 2, "burst": 1}, "throttle.burst must not be below throttle.rate"),
    (Throttle, {"rate": 10**5_000, "burst": 10**5_000}, "throttle.rate must be"),
    (Worker, {"most_at_once": 1, "retry_seconds": 1}, "worker.most_at_once must be at least 2"),
    (Worker, {"most_at_once": 2, "retry_seconds": 601}, "worker.retry_seconds"),
    (
        Worker,
        {"most_at_once": 2, "retry_seconds": 1, "timeout_seconds": 901},
        "worker.timeout_seconds",
    ),
    (Worker, {"most_at_once": 2, "retry_seconds": 1, "batch_size": 11}, "worker.batch_size"),
]


@pytest.mark.parametrize(("kind", "values", "named"), MISTAKES)
def test_a_setting_that_cannot_be_is_named(kind: Any, values: dict[str, Any], named: str) -> None:
    """A mistake in the settings stops the synthesis with a sentence that names the setting."""
    with pytest.raises(SettingError, match=named) as caught:
        kind(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("origin", "fault"),
    [
        ("*", "wildcards"),
        ("https://*.example.com", "wildcards"),
        ("https://A.example", "lower case"),
        ("https://a.example/", "without a path"),
        ("https://a.example/shop", "without a path"),
        ("http://a.example", "begins with https://"),
        ("a.example", "begins with https://"),
        ("https://a.example:443", "usual port"),
        ("https://a.example:65536", "at most 65535"),
        ("https://a.example:0", "nothing else"),
        ("https://a..example", "nothing else"),
        ("https://a.example?x", "nothing else"),
        ("https://a.example\n", "nothing else"),
        ("http://localhost.evil.example", "nothing else"),
    ],
)
def test_what_is_not_an_origin(origin: str, fault: str) -> None:
    """An origin that no browser would ever send is refused, with what is wrong about it."""
    with pytest.raises(
        SettingError, match=rf"origins\[0\] must be a web origin, not .*: .*{fault}"
    ):
        Settings(stage="x", origins=(origin,))


@pytest.mark.parametrize(
    "origin", ["https://a.example", "https://a-b.example:8443", "http://localhost:5173"]
)
def test_what_is_an_origin(origin: str) -> None:
    """Origins as browsers send them are taken."""
    assert Settings(stage="x", origins=(origin,)).origins == (origin,)


def test_the_regions_are_those_that_boto_knows() -> None:
    """A Region is taken if boto3 can reach any service of ours in it, and no other."""
    known = set(boto3.Session().get_available_regions("lambda", partition_name="aws"))
    assert known <= set(regions())
    assert {"us-east-1", "eu-west-1"} < known


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_other_partitions_are_refused(region: str) -> None:
    """China, GovCloud and the like have other ARNs and addresses: nothing here was tried there."""
    with pytest.raises(SettingError, match="region must be a Region of the partition aws"):
        Settings(stage="x", region=region)


def test_an_account_of_ten_can_be_served() -> None:
    """With nothing reserved and small throttles, a new account's quota of 10 is no obstacle.

    So few cannot be shared fairly, nor does each route find one free at the same moment: the stage
    says in a sentence why it does not matter, and without the sentence it is refused.
    """
    one, worker = Throttle(rate=1, burst=1), Worker(most_at_once=2, retry_seconds=1)
    small: dict[str, Any] = {
        "stage": "x",
        "concurrency_quota": 10,
        "reserved_concurrency": {},
        "placing_throttle": one,
        "stage_throttle": one,
        "serving_throttle": one,
        "head_throttle": one,
        "plans": {"small": Plan(throttle=one, daily_quota=100)},
        "workers": dict.fromkeys(STAGES["dev"].workers, worker),
        "webhooks": Webhooks(most_at_once=2, restaurants_at_once=2),
    }
    why = "Ten executions are for whoever tries it out."
    assert Settings(**small, shares_waiver=why).reserved == 0
    with pytest.raises(SettingError, match="get_order let 8 requests through at one moment"):
        Settings(**small)


def test_a_function_s_routes_let_no_more_through_than_can_run() -> None:
    """All routes of a function together, HEAD included, stay within what Lambda lets it run.

    Beyond that Lambda refuses at once, and callers would get 500 instead of 429.
    """
    for stage in STAGES.values():
        assert stage.burst_of("create_order") == 2 * 150 <= 300
        reading = 2 * 105 + 2 * 55 + 4 * 50
        assert stage.burst_of("get_order") == stage.burst_of("list_orders") == reading
        assert stage.burst_of("update_order") == 2 * 105 + 2 * 55
        shared = stage.concurrency_quota - stage.reserved - stage.shared_workers
        assert stage.burst_of("get_order") <= shared == 520


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 1_200)
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(["create_order", "process_order", "https://a.example", "gold", "DEBUG"]),
    lambda inner: (
        st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.none(), inner)
    ),
    max_leaves=3,
)
KINDS: list[Any] = [Capacity, Throttle, Plan, AddressLimits, Domain, Worker, Settings]
PARTS = ANYTHING | st.sampled_from(
    [
        SLOW,
        CapacityMode.PROVISIONED,
        Plan(throttle=SLOW, daily_quota=1),
        {"gold": Plan(throttle=SLOW, daily_quota=1)},
        {"process_order": WORKER, "notify_partner": WORKER},
        MappingProxyType({"notify_partner": 10}),
        ("https://a.example", "https://a.example"),
        Domain(name="a.example", certificate_arn=CERTIFICATE),
    ]
)


def needed(item: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return item.default is missing and item.default_factory is missing


def values_of(kind: Any) -> st.SearchStrategy[tuple[Any, dict[str, Any]]]:
    """Give any values for a kind of settings, a few of them at a time."""
    names = [item.name for item in dataclasses.fields(kind)]
    required = {item.name: PARTS for item in dataclasses.fields(kind) if needed(item)}
    if kind is Settings:
        required["stage"] = st.just("x") | PARTS
    some = st.dictionaries(st.sampled_from(names), PARTS, max_size=3)
    return st.builds(
        lambda more, needed: (kind, {**more, **needed}), some, st.fixed_dictionaries(required)
    )


# The first text of a fresh checkout takes seconds: Hypothesis lists all of Unicode.
@trying(suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of([values_of(kind) for kind in KINDS]))
def test_nothing_but_a_sentence(attempt: tuple[Any, dict[str, Any]]) -> None:
    """Whatever I write into a setting, it is taken, or refused in a line that names a setting."""
    kind, values = attempt
    refusal = refusal_of(lambda: kind(**values))
    names = [item.name for item in dataclasses.fields(kind)]
    assert refusal is None or any(name in refusal for name in names)
    assert "\n" not in (refusal or "")


def refusal_of(attempt: Callable[[], object]) -> str | None:
    """Give the sentence of a refusal; any other error ends the test."""
    try:
        attempt()
    except SettingError as error:
        return str(error)
    return None


def test_what_is_replaced_is_checked() -> None:
    """A stage made from another, with something replaced, is checked as any other."""
    with pytest.raises(SettingError, match="memory_mb must be at least 128"):
        dataclasses.replace(STAGES["dev"], memory_mb=64)


@given(st.text())
@example("dev ")
def test_any_stage(name: str) -> None:
    """Whatever STAGE says, it is a stage, or refused with those that there are."""
    refusal = refusal_of(lambda: settings_of(name))
    assert name in STAGES if refusal is None else f"there are {', '.join(STAGES)}" in refusal


def test_stages_are_called_what_they_are() -> None:
    """A stage is found under its own name, so that none is deployed over another."""
    assert {name: settings.stage for name, settings in STAGES.items()} == {n: n for n in STAGES}


def test_an_unknown_stage_is_told_which_there_are() -> None:
    """A typo in STAGE lists the stages."""
    with pytest.raises(SettingError, match=f"no stage 'prd'; there are {', '.join(STAGES)}"):
        settings_of("prd")


def test_both_stages_reserve_what_placing_lets_through() -> None:
    """At lunch, a hundred orders at the same moment find a function each, by either route."""
    both = [STAGES["dev"], STAGES["prod"]]
    assert {stage.reserved_concurrency["create_order"] for stage in both} == {300}
    assert min(stage.placing_throttle.burst for stage in both) >= 100


def test_configuration_is_documented() -> None:
    """docs/configuration.md tells each setting of each stage as it is now."""
    assert configuration.DOCUMENT.read_text() == configuration.document(), "run: make docs"


def test_the_example_of_a_stage_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever copies the entry that the document shows has a stage of that name and Region."""
    file = tmp_path / "settings.py"
    file.write_text(with_stage(configuration.EXAMPLE.rstrip(",\n")))
    spec = importlib.util.spec_from_file_location("settings_with_example", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    mara = module.STAGES["mara"]
    assert (mara.stage, mara.region, mara.keep_data) == ("mara", "eu-central-1", True)
    assert mara.webhooks.waits == (60,)
    assert configuration.EXAMPLE in configuration.DOCUMENT.read_text()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_explained(kind: Any) -> None:
    """Each setting says what it decides."""
    explained = configuration.explanations()[kind.__name__]
    assert [one.name for one in dataclasses.fields(kind) if not explained.get(one.name)] == []


def test_every_value_stands_in_the_document() -> None:
    """The document goes down to the single numbers, such as the rate of each plan."""
    text = configuration.document()
    assert "| `plans.premium.throttle.rate` | 1 to 2000000000 | `10` | `10` | `10` |" in text
    assert "| `workers.notify_partner.retry_seconds` | 1 to 600 | `5` | `1` | `5` |" in text
    assert "| `domain.name` | a host name in lower case | – | – | – |" in text

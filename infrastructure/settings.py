"""The stages and what differs between them; typed, and checked before anything is synthesized."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

API_FUNCTIONS = ("create_order", "get_order", "list_orders", "update_order")
"""The functions of the API, each a module of `orders.handlers`."""

WORKERS = ("process_order", "notify_partner")
"""The functions that queues feed, each a module of `orders.handlers`."""

DEPLOYERS = ("create_parameters",)
"""The functions that CloudFormation calls, each a module of `orders.handlers`."""

FUNCTIONS = (*API_FUNCTIONS, *WORKERS, *DEPLOYERS)
"""All functions."""

WRITERS = ("create_order", "update_order", "process_order")
"""Those of them that write to a table."""

FLAG_READERS = ("update_order", "process_order", "notify_partner")
"""Those of them that ask feature flags."""

RATE_WINDOW_SECONDS = 300
"""Over how long the firewall counts the requests of an address."""


FLAGS, PARTNERS, SIGNING_KEY = "flags", "partners", "webhook-signing-key"
"""Below a stage's prefix in Parameter Store: the flags, the folder of the partners' own, and the
key from which a partner's secret is derived that has none of its own."""


class CapacityMode(StrEnum):
    """How DynamoDB is paid for; one table cannot have both at once."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


class SettingError(ValueError):
    """A setting that cannot be; the message names it."""


_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+")
_EMAIL = re.compile(r"[^@\s]+@([a-zA-Z0-9-]+\.)+[a-zA-Z]{2,63}")
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?|http://localhost(:[0-9]+)?")


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads like assert
    if not condition:
        raise SettingError(message)


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Capacity of each table and index.

    On demand, `max_units` reads and writes a second are a fuse for costs: 100 transactional creates
    in one second take about 600 write units. Provisioned, auto-scaling moves between
    `min_provisioned` and `max_provisioned` units and aims at `target_percent` of them in use.
    """

    mode: CapacityMode = CapacityMode.ON_DEMAND
    max_units: int = 1_000
    min_provisioned: int = 5
    max_provisioned: int = 100
    target_percent: int = 70

    def __post_init__(self) -> None:
        """Check the numbers against each other."""
        _require(self.max_units >= 1, "capacity.max_units must be at least 1")
        _require(self.min_provisioned >= 1, "capacity.min_provisioned must be at least 1")
        _require(
            self.min_provisioned <= self.max_provisioned,
            "capacity.min_provisioned must not be above capacity.max_provisioned",
        )
        _require(20 <= self.target_percent <= 90, "capacity.target_percent must be 20 to 90")


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Requests a second in the long run, and at one moment."""

    rate: int
    burst: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        _require(self.rate >= 1, "throttle.rate must be at least 1")
        _require(self.burst >= 1, "throttle.burst must be at least 1")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a partner on this usage plan may ask for."""

    throttle: Throttle
    daily_quota: int

    def __post_init__(self) -> None:
        """Check the quota."""
        _require(self.daily_quota >= 1, "plan.daily_quota must be at least 1")


@dataclass(frozen=True, kw_only=True)
class AddressLimits:
    """Requests that the firewall lets through from one address in five minutes.

    A customer is a person, or an office of them behind one address; a partner is a server, whose
    plan must be reached before this limit.
    """

    customers: int = 2_000
    partners: int = 60_000

    def __post_init__(self) -> None:
        """Check against what AWS WAF takes."""
        for name, limit in (("customers", self.customers), ("partners", self.partners)):
            _require(10 <= limit <= 2_000_000_000, f"address_limits.{name} must be at least 10")


@dataclass(frozen=True, kw_only=True)
class Domain:
    """An address of the API's own; the DNS record is yours to make."""

    name: str
    certificate_arn: str
    """Of a certificate for the name, in AWS Certificate Manager in the stage's Region."""

    def __post_init__(self) -> None:
        """Check the forms."""
        _require(bool(_HOST.fullmatch(self.name)), f"domain.name: {self.name} is no host name")
        _require(
            bool(_CERTIFICATE.fullmatch(self.certificate_arn)),
            "domain.certificate_arn must be the ARN of a certificate in Certificate Manager",
        )

    @property
    def region(self) -> str:
        """The Region of the certificate."""
        return self.certificate_arn.split(":")[3]

    @property
    def certificate_id(self) -> str:
        """The certificate within its account and Region."""
        return self.certificate_arn.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Worker:
    """How a queue feeds its function.

    A message that failed waits `retry_seconds` for its second try, and four times as long before
    each further one; after the fifth it is dead. The queue's visibility time-out, which applies to
    a function that was killed, is six times the function's time-out.
    """

    most_at_once: int
    retry_seconds: int
    timeout_seconds: int = 15
    batch_size: int = 10

    def __post_init__(self) -> None:
        """Check against what Lambda and SQS take."""
        _require(2 <= self.most_at_once <= 1_000, "worker.most_at_once must be 2 to 1000")
        _require(1 <= self.retry_seconds <= 600, "worker.retry_seconds must be 1 to 600")
        _require(1 <= self.timeout_seconds <= 900, "worker.timeout_seconds must be 1 to 900")
        _require(1 <= self.batch_size <= 10, "worker.batch_size must be 1 to 10")


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Which requests X-Ray records: so many a second in any case, and a share of the others."""

    a_second: int = 0
    share: float = 0.1

    def __post_init__(self) -> None:
        """Check against what X-Ray takes."""
        _require(self.a_second >= 0, "sampling.a_second must be at least 0")
        _require(0 <= self.share <= 1, "sampling.share must be 0 to 1")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a month may cost before somebody is told, and whom.

    The expected cost at `orders_per_day` is recorded in expected_costs.json; the limit is `margin`
    times as much. Without an address there is no budget: one without subscribers tells nobody.
    """

    orders_per_day: int = 3_500
    margin: float = 1.5
    alarm_emails: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check against reason, and against what AWS Budgets takes."""
        _require(self.orders_per_day >= 1, "budget.orders_per_day must be at least 1")
        _require(self.margin >= 1, "budget.margin must be at least 1, or it alarms every month")
        _require(len(self.alarm_emails) <= 10, "budget.alarm_emails may have 10 addresses at most")
        for address in self.alarm_emails:
            known = bool(_EMAIL.fullmatch(address))
            _require(known, f"budget.alarm_emails: {address} is no e-mail address")


def _workers(processing_retry: int = 5, webhook_retry: int = 30) -> Mapping[str, Worker]:
    return MappingProxyType(
        {
            "process_order": Worker(most_at_once=100, retry_seconds=processing_retry),
            "notify_partner": Worker(most_at_once=50, retry_seconds=webhook_retry),
        }
    )


def _reservations() -> Mapping[str, int | None]:
    return MappingProxyType({"create_order": 100})


def _plans() -> Mapping[str, Plan]:
    standard = Plan(throttle=Throttle(rate=100, burst=200), daily_quota=200_000)
    premium = Plan(throttle=Throttle(rate=200, burst=400), daily_quota=1_000_000)
    return MappingProxyType({"standard": standard, "premium": premium})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a stage decides."""

    stage: str
    region: str = "us-east-1"
    capacity: Capacity = field(default_factory=Capacity)
    keep_data: bool = False
    memory_mb: int = 512
    timeout_seconds: int = 10
    reserved_concurrency: Mapping[str, int | None] = field(default_factory=_reservations)
    stage_throttle: Throttle = Throttle(rate=300, burst=600)
    placing_throttle: Throttle = Throttle(rate=150, burst=150)
    plans: Mapping[str, Plan] = field(default_factory=_plans)
    origins: tuple[str, ...] = ("http://localhost:5173",)
    web_firewall: bool = False
    address_limits: AddressLimits = AddressLimits()
    domain: Domain | None = None
    customer_key: bool = False
    workers: Mapping[str, Worker] = field(default_factory=_workers)
    idempotency_hours: int = 24
    log_level: str = "INFO"
    sampling: Sampling | None = None
    """For X-Ray; None for its default, one request a second and 5 % of the others."""
    budget: Budget = Budget()

    def __post_init__(self) -> None:
        """Check what a deployment would only refuse minutes later, or never."""
        _require(128 <= self.memory_mb <= 10_240, "memory_mb must be 128 to 10240")
        _require(1 <= self.timeout_seconds <= 29, "timeout_seconds must be 1 to 29")
        _require(self.idempotency_hours >= 1, "idempotency_hours must be at least 1")
        _require(set(self.workers) == set(WORKERS), f"workers must be {', '.join(WORKERS)}")
        unknown = set(self.reserved_concurrency) - set(FUNCTIONS)
        _require(not unknown, f"reserved_concurrency names unknown functions: {sorted(unknown)}")
        for name, units in self.reserved_concurrency.items():
            _require(units is None or units >= 1, f"reserved_concurrency.{name} must be 1 or more")
        _require(bool(self.plans), "plans must name at least one usage plan")
        _require(bool(self.origins), "origins must name at least one web origin")
        for origin in self.origins:
            _require(bool(_ORIGIN.fullmatch(origin)), f"origins: {origin} is not a web origin")
        busiest = max(plan.throttle.rate for plan in self.plans.values()) * RATE_WINDOW_SECONDS
        _require(
            self.address_limits.partners >= busiest,
            f"address_limits.partners must be at least {busiest}, or no partner reaches its plan",
        )
        if self.domain is not None:
            _require(
                self.domain.region == self.region,
                f"domain.certificate_arn must be of a certificate in {self.region}",
            )


STAGES: Mapping[str, Settings] = MappingProxyType(
    {
        # In dev an integrator should not wait half an hour to see a webhook tried again.
        "dev": Settings(stage="dev", log_level="DEBUG", workers=_workers(1, 1)),
        "prod": Settings(
            stage="prod",
            keep_data=True,
            origins=("https://orders.example.com",),  # yours
            web_firewall=True,
            sampling=Sampling(),
        ),
    }
)
"""The stages by name."""


def parameter_prefix(stage: str) -> str:
    """Give what the names of a stage's parameters in Parameter Store begin with."""
    return f"/food-delivery/{stage}"


def settings_of(stage: str) -> Settings:
    """Look up a stage.

    Raises:
        SettingError: when there is none of this name.
    """
    try:
        return STAGES[stage]
    except KeyError:
        raise SettingError(f"no stage {stage!r}; there are {', '.join(STAGES)}") from None


def stack_name(stage: str) -> str:
    """Name the stack of a stage."""
    return f"food-delivery-orders-{stage}"


def tags(stage: str) -> dict[str, str]:
    """Give the tags of everything of a stage; bills can be split by them."""
    return {"service": "food-delivery-orders", "stage": stage}

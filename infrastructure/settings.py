"""The stages and what differs between them; typed, and checked before anything is synthesized.

A field's docstring says what it decides: docs/configuration.md is made from them (`make docs`).
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from infrastructure.functions import Caller, names

RATE_WINDOW_SECONDS = 300
"""Over how long the firewall counts the requests of an address."""


FLAGS, PARTNERS, SIGNING_KEY = "flags", "partners", "webhook-signing-key"
"""Below a stage's prefix in Parameter Store: the flags, the folder of the partners' own, and the
key from which a partner's secret is derived that has none of its own."""


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

LOG_LEVELS: tuple[str, ...] = get_args(LogLevel)
"""From all lines to the fewest."""


class CapacityMode(StrEnum):
    """How DynamoDB is paid for; one table cannot have both at once."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


KEPT_UNRESERVED = 100
"""Lambda refuses a reservation that leaves the account's other functions less (Lambda quotas)."""


class SettingError(ValueError):
    """A setting that cannot be; the message names it."""


@dataclass(frozen=True)
class Between:
    """The numbers that a setting takes, both ends included."""

    low: int
    high: int = 2_000_000_000  # CloudFormation's whole numbers have 32 bits

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


@dataclass(frozen=True)
class Form:
    """The texts that a setting takes: a pattern, and what it means to people."""

    pattern: str
    words: str

    def __contains__(self, text: str) -> bool:
        return re.fullmatch(self.pattern, text) is not None

    def __str__(self) -> str:
        return self.words


_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = Form(rf"({_LABEL}\.)+[a-z]{{2,63}}", "a host name in lower case")
_CERTIFICATE = Form(
    "arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+",
    "the ARN of a certificate in Certificate Manager",
)
_STAGE = Form("[a-z][a-z0-9-]{0,19}", "a letter, then at most 19 of a-z, 0-9 and -")
_REGION = Form("[a-z]{2}(-[a-z]+){1,2}-[0-9]{1,2}", "a Region such as us-east-1")
_PLAN = Form("[a-z][a-z0-9]{0,19}", "a lower-case letter, then at most 19 of a-z and 0-9")
_ORIGIN = re.compile(rf"(https://({_LABEL}\.)*{_LABEL}|http://localhost)(:([1-9][0-9]{{0,4}}))?")
_EMAIL = Form(r"[^@\s]+@([a-zA-Z0-9-]+\.)+[a-zA-Z]{2,63}", "an e-mail address")
_RUNBOOKS = Form(r"docs/runbooks|https://[^\s]{1,300}[^\s/]", "docs/runbooks, or an https address")
_ORIGINS_LENGTH = 2_000  # Lambda takes 4 KB of environment variables in all


class Checked:
    """Settings whose values are what their annotations say, and which fit together."""

    within: ClassVar[str] = ""
    """What the names of its settings begin with, in messages."""

    def __post_init__(self) -> None:
        """Check each value alone, then all against each other.

        Raises:
            SettingError: for the first that cannot be.
        """
        hints = get_type_hints(type(self), include_extras=True)
        for item in fields(self):  # type: ignore[arg-type] # every kind of settings is a dataclass
            _check(f"{self.within}{item.name}", getattr(self, item.name), hints[item.name])
        self._check_together()

    def _check_together(self) -> None:
        """Check what no value says alone; by default there is nothing to it."""


def _check(name: str, value: Any, hint: Any) -> None:
    """Check a value against an annotation.

    Raises:
        SettingError: when it is another kind of thing, or out of bounds.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        _check(name, value, inner[0])
        given = f", not {value!r}" if isinstance(value, str) else ""
        _require(value in inner[1], f"{name} must be {inner[1]}{given}")
    elif origin in (Union, types.UnionType):  # of one kind of thing and None
        if value is not None:
            _check(name, value, next(kind for kind in inner if kind is not type(None)))
    elif origin is Literal:
        known = isinstance(value, str) and value in inner
        _require(known, f"{name} must be one of {', '.join(inner)}")
    elif origin in (tuple, Mapping):
        _check_items(name, value, origin, inner)
    else:
        fits = _is_number(value, hint) if hint in (int, float) else isinstance(value, hint)
        _require(fits, f"{name} must be {kind_of(hint)}, not {type(value).__name__}")


def _is_number(value: Any, kind: type) -> bool:
    """Tell a number; True counts as a whole one in Python, not here."""
    return type(value) is int or (kind is float and type(value) is float and math.isfinite(value))


def _check_items(name: str, value: Any, origin: type, inner: tuple[Any, ...]) -> None:
    if origin is tuple:
        _require(isinstance(value, tuple), f"{name} must be a tuple of texts")
        for item in value:
            _check(f"{name}: each", item, inner[0])
        return
    _require(isinstance(value, Mapping), f"{name} must be a mapping of names")
    for key, item in value.items():
        _check(f"{name}: a name", key, inner[0])
        _check(f"{name}.{key if key.isidentifier() else repr(key)}", item, inner[1])


def kind_of(hint: Any) -> str:
    """Say in words what kind of thing an annotation takes."""
    words = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
    if hint in words:
        return words[hint]
    if is_dataclass(hint):
        return f"a {hint.__name__}"  # type: ignore[union-attr] # a class, never an instance
    return " or ".join(f"CapacityMode.{mode.name}" for mode in CapacityMode)


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads like assert
    if not condition:
        raise SettingError(message)


@dataclass(frozen=True, kw_only=True)
class Capacity(Checked):
    """Capacity of each table and index, in DynamoDB's units a second."""

    within: ClassVar[str] = "capacity."

    mode: CapacityMode = CapacityMode.ON_DEMAND
    """How DynamoDB is paid for; a table cannot have both at once."""
    max_units: Annotated[int, Between(1)] = 1_000
    """On demand: the most reads and the most writes a second, a fuse for costs. 100 transactional
    creates in one second take about 600 write units."""
    min_provisioned: Annotated[int, Between(1)] = 5
    """Provisioned: the least that auto-scaling goes down to."""
    max_provisioned: Annotated[int, Between(1)] = 100
    """Provisioned: the most that auto-scaling goes up to."""
    target_percent: Annotated[int, Between(20, 90)] = 70
    """Provisioned: how much of the capacity auto-scaling aims to have in use."""

    @property
    def ceiling(self) -> int:
        """The most units a second that a table or an index may use."""
        on_demand = self.mode is CapacityMode.ON_DEMAND
        return self.max_units if on_demand else self.max_provisioned

    def _check_together(self) -> None:
        _require(
            self.min_provisioned <= self.max_provisioned,
            "capacity.min_provisioned must not be above capacity.max_provisioned",
        )


@dataclass(frozen=True, kw_only=True)
class Throttle(Checked):
    """How many requests are let through; the others are answered 429."""

    within: ClassVar[str] = "throttle."

    rate: Annotated[int, Between(1)]
    """Requests a second in the long run."""
    burst: Annotated[int, Between(1)]
    """Requests at one moment."""

    def _check_together(self) -> None:
        _require(
            self.burst >= self.rate,
            "throttle.burst must not be below throttle.rate, "
            "for a second's requests may come at one moment",
        )


@dataclass(frozen=True, kw_only=True)
class Plan(Checked):
    """What a partner on this usage plan may ask for."""

    within: ClassVar[str] = "plan."

    throttle: Throttle
    """Of all its requests together."""
    daily_quota: Annotated[int, Between(1)]
    """Requests from midnight to midnight, UTC."""


@dataclass(frozen=True, kw_only=True)
class AddressLimits(Checked):
    """Requests that the firewall lets through from one address in five minutes."""

    within: ClassVar[str] = "address_limits."

    customers: Annotated[int, Between(10, 2_000_000_000)] = 2_000
    """A customer is a person, or an office of them behind one address."""
    partners: Annotated[int, Between(10, 2_000_000_000)] = 60_000
    """A partner is a server, whose plan must be reached before this limit."""


@dataclass(frozen=True, kw_only=True)
class Domain(Checked):
    """An address of the API's own; the DNS record is yours to make."""

    within: ClassVar[str] = "domain."

    name: Annotated[str, _HOST]
    """The host name."""
    certificate_arn: Annotated[str, _CERTIFICATE]
    """Of a certificate for the name, in AWS Certificate Manager in the stage's Region."""

    @property
    def region(self) -> str:
        """The Region of the certificate."""
        return self.certificate_arn.split(":")[3]

    @property
    def certificate_id(self) -> str:
        """The certificate within its account and Region."""
        return self.certificate_arn.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Worker(Checked):
    """How a queue feeds its function.

    The queue's visibility time-out, which applies to a function that was killed, is six times the
    function's time-out.
    """

    within: ClassVar[str] = "worker."

    most_at_once: Annotated[int, Between(2, 1_000)]
    """How many of the function the queue keeps busy at once, at most."""
    retry_seconds: Annotated[int, Between(1, 600)]
    """How long a message that failed waits for its second try; four times as long before each
    further one. After the fifth it is dead."""
    timeout_seconds: Annotated[int, Between(1, 900)] = 15
    """When the function is ended."""
    batch_size: Annotated[int, Between(1, 10)] = 10
    """How many messages one call of the function gets, at most."""


@dataclass(frozen=True, kw_only=True)
class Sampling(Checked):
    """Which requests and changes X-Ray records."""

    within: ClassVar[str] = "sampling."

    a_second: Annotated[int, Between(0)] = 0
    """So many requests a second in any case."""
    share: Annotated[float, Between(0, 1)] = 0.1
    """The share of the other requests."""
    changes: Annotated[float, Between(0, 1)] = 0.03
    """The share of the changes of orders on their way to the workers."""


@dataclass(frozen=True, kw_only=True)
class Budget(Checked):
    """What a month may cost before somebody is told, and whom.

    The expected cost at `orders_per_day` is recorded in expected_costs.json; the limit is `margin`
    times as much. Without an address there is no budget: one without subscribers tells nobody.
    """

    within: ClassVar[str] = "budget."

    orders_per_day: Annotated[int, Between(1)] = 3_500
    """The load that the cost is computed for."""
    margin: Annotated[float, Between(1, 100)] = 1.5
    """How many times the expected cost is too much; below 1 it would alarm every month."""
    alarm_emails: tuple[Annotated[str, _EMAIL], ...] = ()
    """Whom to tell."""

    def _check_together(self) -> None:
        """Check against what AWS Budgets takes."""
        _require(len(self.alarm_emails) <= 10, "budget.alarm_emails may have 10 addresses at most")


@dataclass(frozen=True, kw_only=True)
class OpeningHours(Checked):
    """When customers order, in hours of the day, UTC."""

    within: ClassVar[str] = "opening_hours."

    opens: Annotated[int, Between(0, 23)]
    """The first hour."""
    closes: Annotated[int, Between(0, 23)]
    """The hour that is closed again; below or equal to `opens` it is one of the next day."""


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
class Settings(Checked):
    """Everything that a stage decides."""

    stage: Annotated[str, _STAGE]
    """The stage's name, which its resources' names hold."""
    region: Annotated[str, _REGION] = "us-east-1"
    """Where it is deployed."""
    capacity: Capacity = field(default_factory=Capacity)
    """What the tables can take."""
    keep_data: bool = False
    """Whether tables and people stay when the stack goes, and the stack is protected from going."""
    memory_mb: Annotated[int, Between(128, 10_240)] = 256
    """Memory of each function; Lambda gives processor time in proportion. `make simulate` says
    which is the cheapest that keeps the promised p95."""
    timeout_seconds: Annotated[int, Between(1, 29)] = 10
    """When a function of the API is ended; API Gateway itself gives up after 29 s."""
    reserved_concurrency: Mapping[str, Annotated[int, Between(1)] | None] = field(
        default_factory=_reservations
    )
    """How many of a function can run at once, whatever else goes on in the account, and how many
    at most; None, or no entry, shares with all others."""
    concurrency_quota: Annotated[int, Between(10)] = 1_000
    """The account's Lambda quota "Concurrent executions", as far as you know it: 1000 is AWS's
    default, new accounts may have 10. `orders doctor` asks AWS for the real one."""
    stage_throttle: Throttle = Throttle(rate=300, burst=600)
    """Of each route, for all callers together."""
    placing_throttle: Throttle = Throttle(rate=150, burst=150)
    """Of the two routes that place orders, for all callers together."""
    plans: Mapping[Annotated[str, _PLAN], Plan] = field(default_factory=_plans)
    """The partners' usage plans by name."""
    origins: tuple[str, ...] = ("http://localhost:5173",)
    """The web origins whose pages may call the API."""
    web_firewall: bool = False
    """Whether AWS WAF stands before the API."""
    address_limits: AddressLimits = AddressLimits()
    """What the firewall lets through from one address."""
    domain: Domain | None = None
    """An address of the API's own; None for the one that API Gateway gives."""
    customer_key: bool = False
    """Whether a KMS key of your own encrypts tables and queues, rather than AWS's."""
    workers: Mapping[str, Worker] = field(default_factory=_workers)
    """The functions that queues feed, by name."""
    idempotency_hours: Annotated[int, Between(1, 8_760)] = 24
    """How long a repeated request with the same idempotency key gets the first one's answer."""
    log_level: LogLevel = "INFO"
    """The least important lines that functions log; `orders logs level` changes it at any time."""
    sampling: Sampling | None = None
    """For X-Ray; None for its default, one request a second and 5 % of the others."""
    budget: Budget = Budget()
    """What a month may cost before somebody is told."""
    alarm_emails: tuple[Annotated[str, _EMAIL], ...] = ()
    """Whom alarms tell; each address gets a mail first that asks it to confirm."""
    runbooks: Annotated[str, _RUNBOOKS] = "docs/runbooks"
    """Where the runbooks are that alarms name: the address of the folder docs/runbooks in your
    repository's web pages makes it a link."""
    opening_hours: OpeningHours | None = None
    """When no order for half an hour is an alarm; None for never."""
    heartbeat_minutes: Annotated[int, Between(1, 60)] | None = None
    """Every so many minutes the service places an order of its own through the API's front door,
    which no restaurant and no partner hears of; None for never."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that the stage has."""
        callers = set(Caller) - ({Caller.SCHEDULE} if self.heartbeat_minutes is None else set())
        return names(*callers)

    def _check_together(self) -> None:
        """Check what a deployment would only refuse minutes later, or never."""
        workers = names(Caller.QUEUE)
        _require(set(self.workers) == set(workers), f"workers must be {' and '.join(workers)}")
        self._check_concurrency()
        self._check_plans()
        self._check_origins()
        if self.domain is not None:
            _require(
                self.domain.region == self.region,
                f"domain.certificate_arn must be of a certificate in {self.region}",
            )

    @property
    def reserved(self) -> int:
        """How many concurrent executions the functions reserve together."""
        return sum(units or 0 for units in self.reserved_concurrency.values())

    @property
    def shared_workers(self) -> int:
        """How many executions of the others' share the workers may take together."""
        return sum(
            worker.most_at_once
            for name, worker in self.workers.items()
            if self.reserved_concurrency.get(name) is None
        )

    def _check_concurrency(self) -> None:
        unknown = set(self.reserved_concurrency) - set(self.functions)
        _require(not unknown, f"reserved_concurrency names unknown functions: {sorted(unknown)}")
        left = self.concurrency_quota - self.reserved
        _require(
            self.reserved == 0 or left >= KEPT_UNRESERVED,
            f"reserved_concurrency adds up to {self.reserved}, but of concurrency_quota "
            f"{self.concurrency_quota} Lambda keeps {KEPT_UNRESERVED} unreserved",
        )
        for name, worker in self.workers.items():
            units = self.reserved_concurrency.get(name)
            _require(
                units is None or worker.most_at_once <= units,
                f"workers.{name}.most_at_once must not be above reserved_concurrency.{name}",
            )

    def _check_plans(self) -> None:
        _require(bool(self.plans), "plans must name at least one usage plan")
        for name, plan in self.plans.items():
            for part in ("rate", "burst"):
                most = getattr(self.stage_throttle, part)
                _require(
                    getattr(plan.throttle, part) <= most,
                    f"plans.{name}.throttle.{part} must not be above stage_throttle.{part}, "
                    f"{most}, or no partner reaches its plan",
                )
        busiest = max(plan.throttle.rate for plan in self.plans.values()) * RATE_WINDOW_SECONDS
        _require(
            self.address_limits.partners >= busiest,
            f"address_limits.partners must be at least {busiest}, or no partner reaches its plan",
        )

    def _check_origins(self) -> None:
        _require(bool(self.origins), "origins must name at least one web origin")
        for origin in self.origins:
            fault = _fault_of(origin)
            _require(not fault, f"origins: {origin!r} is not a web origin: {fault}")
        twice = len(set(self.origins)) < len(self.origins)
        _require(not twice, "origins must not name an origin twice")
        _require(
            len(" ".join(self.origins)) <= _ORIGINS_LENGTH,
            f"origins must not have more than {_ORIGINS_LENGTH} characters in all",
        )


def _fault_of(origin: str) -> str:
    """Say what keeps a text from being an origin as browsers send it; nothing if it is one."""
    scheme, _, rest = origin.partition("://")
    match = _ORIGIN.fullmatch(origin)
    port = int(match.group(match.re.groups) or 0) if match else 0
    faults = {
        "wildcards let every page in": "*" in origin,
        "browsers send it in lower case": origin != origin.lower(),
        "it ends after host and port, without a path or slash": "/" in rest,
        "it begins with https://, or is http://localhost": (
            scheme != "https" and not origin.startswith("http://localhost")
        ),
        "it has a host and, if any, a port, nothing else": match is None,
        "a port is at most 65535": port > 65_535,
        "browsers leave the usual port out": (scheme, port) in (("https", 443), ("http", 80)),
    }
    return next((fault for fault, found in faults.items() if found), "")


STAGES: Mapping[str, Settings] = MappingProxyType(
    {
        # In dev an integrator should not wait half an hour to see a webhook tried again.
        "dev": Settings(stage="dev", workers=_workers(1, 1)),
        "prod": Settings(
            stage="prod",
            keep_data=True,
            origins=("https://orders.example.com",),  # yours
            web_firewall=True,
            sampling=Sampling(),
            opening_hours=OpeningHours(opens=15, closes=2),  # in New York's winter and summer alike
            heartbeat_minutes=5,
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

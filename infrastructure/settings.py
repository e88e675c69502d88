"""The stages and what differs between them; typed, and checked before anything is synthesized.

A field's docstring says what it decides: docs/configuration.md is made from them (`make docs`).
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from infrastructure.price_keys import moduli_of
from infrastructure.settings_validation import SettingError, between, checked, form, regions
from infrastructure.shares import PERSON_SECONDS, RATE_WINDOW_SECONDS, unfair

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.routes import Route

from infrastructure.functions import NOTIFYING, Caller, names
from orders.routes import HEAD, ROUTES
from orders.settings import LONGEST_DELAY, WAIT_SPREAD
from project import mistyped

FLAGS, PARTNERS, SIGNING_KEY = "flags", "partners", "webhook-signing-key"
"""Below a stage's prefix in Parameter Store: the flags, the folder of the partners' own, and the
key from which a partner's secret is derived that has none of its own."""

RELEASE = "release"
"""Likewise: which release the stage runs, as `project.release` writes it."""


PriceQuotes = Literal["required", "checked", "off"]

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

LOG_LEVELS: tuple[str, ...] = get_args(LogLevel)
"""From all lines to the fewest."""


class CapacityMode(StrEnum):
    """How DynamoDB is paid for; one table cannot have both at once."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned"


KEPT_UNRESERVED = 100
"""Lambda refuses a reservation that leaves the account's other functions less (Lambda quotas)."""


_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = form(rf"({_LABEL}\.)+[a-z]{{2,63}}", "a host name in lower case")
_CERTIFICATE = form(
    "arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+",
    "the ARN of a certificate in Certificate Manager",
)
_STAGE = form("[a-z][a-z0-9-]{0,19}", "a lower-case letter, then at most 19 of a-z, 0-9 and -")
_REGION = form("|".join(regions()), "a Region of the partition aws, such as us-east-1")
_PLAN = form("[a-z][a-z0-9]{0,19}", "a lower-case letter, then at most 19 of a-z and 0-9")
_ORIGIN = re.compile(rf"(https://({_LABEL}\.)*{_LABEL}|http://localhost)(:([1-9][0-9]{{0,4}}))?")
_EMAIL = form(r"[^@\s]+@([a-zA-Z0-9-]+\.)+[a-zA-Z]{2,63}", "an e-mail address")
_REASON = form(r"|\S[^\n]{9,299}", "nothing, or a sentence of 10 to 300 characters")
_ADDRESS = "an https address without a slash at its end"
_RUNBOOKS = form(r"docs/runbooks|https://[^\s]{1,300}[^\s/]", f"docs/runbooks, or {_ADDRESS}")
_MENU = form(r"https://[a-z0-9.-]+(:[0-9]{1,5})?(/[^\s?#]*[^\s/?#])?", _ADDRESS)
_ACCOUNT = form("[0-9]{12}", "the 12 digits of an AWS account")
_POLICY_NAME = "[A-Za-z0-9+=,.@_-]{1,128}"
_BOUNDARY = form(
    rf"{_POLICY_NAME}|arn:aws:iam::([0-9]{{12}}|aws):policy/([!-~]{{1,510}}/)?{_POLICY_NAME}",
    "the name of a managed policy in the stage's account, or its ARN",
)
_TAG = re.compile(r"[A-Za-z0-9+=._:/@-]{1,128}=[A-Za-z0-9+=._:/@ -]{0,256}")
_OURS = ("partner", "service", "stage")
"""Tags that mean something here: whose an API key is, and what belongs to a stage."""
_ORIGINS_LENGTH = 2_000  # Lambda takes 4 KB of environment variables in all
_LISTS_LENGTH = 2_600
_FEW = (
    f"with a quota below {KEPT_UNRESERVED} shares_waiver must say why callers share so few, until "
    "AWS raises the quota"
)


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads like assert
    if not condition:
        raise SettingError(message)


@checked
class Capacity:
    """Capacity of each table and index, in DynamoDB's units a second."""

    mode: CapacityMode = CapacityMode.ON_DEMAND
    """How DynamoDB is paid for; a table cannot have both at once."""
    max_read_units: Annotated[int, between(1)] = 6_000
    """On demand: the most reads a second. It limits the cost, and callers share it."""
    max_write_units: Annotated[int, between(1)] = 4_000
    """On demand: the most writes a second, likewise. A new table takes 4,000. A hundred orders take
    about 600."""
    min_provisioned: Annotated[int, between(1)] = 5
    """Provisioned: the least that auto-scaling goes down to."""
    max_provisioned: Annotated[int, between(1)] = 100
    """Provisioned: the most that auto-scaling goes up to."""
    target_percent: Annotated[int, between(20, 90)] = 70
    """Provisioned: how much of the capacity auto-scaling aims to have in use."""

    def ceiling_name(self, verb: str) -> str:
        """Name the setting that limits the reads or the writes of each table and index."""
        return f"max_{verb}_units" if self.mode is CapacityMode.ON_DEMAND else "max_provisioned"

    def ceiling_of(self, verb: str) -> int:
        """Give the most units a second that each table and index may use to read or to write."""
        return int(getattr(self, self.ceiling_name(verb)))

    def __post_init__(self) -> None:
        _require(
            self.min_provisioned <= self.max_provisioned,
            "capacity.min_provisioned must not be above capacity.max_provisioned",
        )


@checked
class Throttle:
    """How many requests are let through; the others are answered 429."""

    rate: Annotated[int, between(1)]
    """Requests a second in the long run."""
    burst: Annotated[int, between(1)]
    """Requests at one moment."""

    def __post_init__(self) -> None:
        _require(
            self.burst >= self.rate,
            "throttle.burst must not be below throttle.rate, "
            "for a second's requests may come at one moment",
        )


@checked
class Plan:
    """What a partner on this usage plan may ask for."""

    throttle: Throttle
    """Of all its requests together."""
    daily_quota: Annotated[int, between(1)]
    """Requests from midnight to midnight, UTC."""


@checked
class AddressLimits:
    """Requests that the firewall lets through from one address."""

    customers: Annotated[int, between(10, 2_000_000_000)] = 2_000
    """For people; an office may be behind one address."""
    partners: Annotated[int, between(10, 2_000_000_000)] = 3_000
    """For partners' servers; their plans' limits must come first."""


@checked
class SignInLimits:
    """Requests that the firewall lets through to sign-in from one address."""

    mails: Annotated[int, between(10, 2_000_000_000)] = 10
    """Those that send a mail: sign-up, the code again, a forgotten password. Each sign-up is a
    customer to pay for."""
    sign_ins: Annotated[int, between(10, 2_000_000_000)] = 100
    """Those that begin to sign in."""


@checked
class Mail:
    """Amazon SES sends the user pool's mails; Cognito's own sender sends 50 a day."""

    sender: Annotated[str, _EMAIL]
    """The address that mails come from. SES must have verified its domain in the stage's Region,
    and be out of the sandbox there: `orders doctor` asks."""

    @property
    def domain(self) -> str:
        """The identity in SES."""
        return self.sender.partition("@")[2]


@checked
class Domain:
    """An address of the API's own; the DNS record is yours to make."""

    name: Annotated[str, _HOST]
    """The host name."""
    certificate_arn: Annotated[str, _CERTIFICATE]
    """A certificate for the name, in the stage's Region."""

    @property
    def region(self) -> str:
        """The Region of the certificate."""
        return self.certificate_arn.split(":")[3]

    @property
    def certificate_id(self) -> str:
        """The certificate within its account and Region."""
        return self.certificate_arn.rpartition("/")[2]


@checked
class WebClient:
    """Where the web client is hosted; the DNS record is yours to make."""

    name: Annotated[str, _HOST]
    """The host name; `https://` before it makes one of the stage's `origins`."""
    certificate_arn: Annotated[str, _CERTIFICATE]
    """A certificate for the name, in us-east-1: CloudFront takes no other Region's."""
    menu_url: Annotated[str, _MENU] | None = None
    """Your menu that signs prices: the page asks it for `/menu` and `/quotes`, as
    `local/demo/menu.py` answers them. None for a page for restaurants and operators alone."""

    @property
    def domain(self) -> Domain:
        """Its name and certificate."""
        return Domain(name=self.name, certificate_arn=self.certificate_arn)


@checked
class Worker:
    """How a queue feeds its function.

    A message whose function was killed comes again after six times the function's time-out.
    Webhooks that failed have waits of their own.
    """

    most_at_once: Annotated[int, between(2, 1_000)]
    """The most executions of the function at once."""
    retry_seconds: Annotated[int, between(1, 600)]
    """How long a message that failed waits for its second try. Each further wait is four times as
    long. After the fifth try it is a dead letter."""
    timeout_seconds: Annotated[int, between(1, 900)] = 15
    """When the function is ended."""
    batch_size: Annotated[int, between(1, 10)] = 10
    """The most messages in one call of the function."""
    memory_mb: Annotated[int, between(128, 10_240)] | None = None
    """Memory of the function, and its share of a processor with it; None for the stage's."""


@checked
class Webhooks:
    """How webhooks are sent, and what becomes of one that its partner did not take at once."""

    waits: Annotated[tuple[Annotated[int, between(1, 35_000)], ...], Field(min_length=1)] = (
        *(5, 5 * 60, 30 * 60, 2 * 3_600),
        *(5 * 3_600, 8 * 3_600, 9 * 3_600),
    )
    """Seconds before each further try, at most a fifth longer by chance. After the last try it is a
    dead letter. SQS's limits allow 750 for the first and 35000 for the others."""
    most_at_once: Annotated[int, between(2, 1_000)] = 20
    """The most executions for retries at once, apart from those of `workers.notify_partner`."""
    restaurants_at_once: Annotated[int, between(2, 1_000)] = 10
    """The most executions for webhooks to who serves orders, apart from both others."""

    def __post_init__(self) -> None:
        most = int(LONGEST_DELAY / (1 + WAIT_SPREAD))
        _require(self.waits[0] <= most, f"webhooks.waits must begin with {most} at most")


@checked
class Sampling:
    """Which requests and changes X-Ray records."""

    a_second: Annotated[int, between(0)] = 0
    """Requests a second that are recorded in any case."""
    share: Annotated[float, between(0, 1)] = 0.1
    """The share of the other requests."""
    changes: Annotated[float, between(0, 1)] = 0.03
    """The share of orders' changes, where the topic decides (docs/tracing.md)."""


@checked
class Budget:
    """What AWS Budgets looks at, and whom it tells.

    The limit is `margin` times the cost at `orders_per_day`, as `orders cost` computes it with
    prices of us-east-1. Without an address there is no budget.
    """

    orders_per_day: Annotated[int, between(1)] = 3_500
    """The load that the cost is computed for."""
    margin: Annotated[float, between(1, 100)] = 1.5
    """How many times the expected cost is too much."""
    alarm_emails: Annotated[tuple[Annotated[str, _EMAIL], ...], Field(max_length=10)] = ()
    """Whom to tell."""


@checked
class OpeningHours:
    """When customers order, in hours of the day, UTC."""

    opens: Annotated[int, between(0, 23)]
    """The first hour."""
    closes: Annotated[int, between(0, 23)]
    """The first hour that is closed; up to `opens` it is one of the next day."""


@checked
class ReleaseSettings:
    """How a new version comes to be the one that callers meet."""

    rounds: Annotated[int, between(1, 10)] = 5
    """How often the gate tries each of five shapes of order with a new version."""
    slow_factor: Annotated[int, between(2, 100)] = 3
    """How many times as long as the live version a new one may take. Medians of each function are
    compared, where the new one's is above 300 ms."""
    monitor_minutes: Annotated[int, between(0, 180)] = 15
    """How long CloudFormation watches alarms of a new version that is live, to take it back."""
    keep_versions: Annotated[int, between(2, 50)] = 5
    """How many versions of each function are kept for `orders rollback`."""
    gate: Literal["check", "skip"] = "check"
    """Whether new versions are tried before they go live; `skip` needs `gate_waiver`. For a single
    deployment: `-c gate=skip -c reason='why'`."""
    gate_waiver: Annotated[str, _REASON] = ""
    """Why nothing is tried."""

    def __post_init__(self) -> None:
        _require(
            bool(self.gate_waiver) == (self.gate == "skip"),
            "release.gate_waiver must say why release.gate is 'skip', and nothing where it is not",
        )


def _web_origin(origin: str) -> str:
    """Take an origin as browsers send it; say what keeps another text from being one."""
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
    for fault, found in faults.items():
        _require(not found, f"must be a web origin, not {origin!r}: {fault}")
    return origin


def _tags(given: Mapping[str, str]) -> Mapping[str, str]:
    """Take tags as every service of AWS does, but none that means something to ours."""
    for name, value in given.items():
        _require(
            _TAG.fullmatch(f"{name}={value}") is not None,
            f"of {name!r} and {value!r} must have letters, digits and + - = . _ : / @ alone, "
            "128 at most before and 256 after; the latter may have blanks",
        )
        _require(name.lower() not in _OURS, f"must not name {name!r}: it is the service's own")
        _require(not name.lower().startswith("aws:"), f"must not name {name!r}: it is AWS's own")
    return given


def _workers(retry_seconds: int = 5) -> Mapping[str, Worker]:
    return {
        "process_order": Worker(most_at_once=100, retry_seconds=retry_seconds),
        # Half the wait for a processor, for some cents: docs/performance/webhooks.md.
        "notify_partner": Worker(most_at_once=50, retry_seconds=retry_seconds, memory_mb=512),
    }


def _reservations() -> Mapping[str, int | None]:
    return {"create_order": 300}  # both routes' bursts: docs/decisions/0018


def _plans() -> Mapping[str, Plan]:
    standard = Plan(throttle=Throttle(rate=5, burst=10), daily_quota=4_000)
    premium = Plan(throttle=Throttle(rate=10, burst=10), daily_quota=8_000)
    return {"standard": standard, "premium": premium}


@checked
class Settings:
    """Everything that a stage decides."""

    stage: Annotated[str, _STAGE]
    """The stage's name; resources' names contain it."""
    region: Annotated[str, _REGION] = "us-east-1"
    """Where it is deployed."""
    account: Annotated[str, _ACCOUNT] | None = None
    """The AWS account that it belongs to. With credentials of another `orders deploy` and `orders
    destroy` do nothing, and `orders doctor` says so. None takes any account."""
    permission_boundary: Annotated[str, _BOUNDARY] | None = None
    """The managed policy that bounds each role of the stage. The pipeline's role may ask for it
    (docs/how-to/pipeline.md)."""
    tags: Annotated[Mapping[str, str], Field(max_length=20), AfterValidator(_tags)] = field(
        default_factory=dict
    )
    """Tags of all resources, such as a cost centre, beside `service` and `stage`."""
    capacity: Capacity = field(default_factory=Capacity)
    """What each table and index can take, in DynamoDB's units a second."""
    keep_data: bool = False
    """Whether tables, people, keys and flags are kept when the stack is deleted, and the stack is
    protected from deletion."""
    memory_mb: Annotated[int, between(128, 10_240)] = 256
    """Memory of each function; Lambda gives processor time in proportion. `make simulate` says
    which is the cheapest."""
    timeout_seconds: Annotated[int, between(1, 29)] = 10
    """When a function of the API is ended; API Gateway gives up after 29."""
    reserved_concurrency: Mapping[str, Annotated[int, between(1)] | None] = field(
        default_factory=_reservations
    )
    """How many executions are reserved for a function, which are also its most. None, or no entry,
    shares with all others."""
    concurrency_quota: Annotated[int, between(10)] = 1_000
    """The account's Lambda quota "Concurrent executions". 1000 is AWS's default, new accounts may
    have 10; `orders doctor` asks AWS."""
    hidden_messages_quota: Annotated[int, between(1)] = 120_000
    """SQS's quota of hidden messages of one queue, such as those that wait for a partner. AWS
    raises it when it is asked."""
    stage_throttle: Throttle = field(default_factory=lambda: Throttle(rate=105, burst=105))
    """Of each route, for all callers together."""
    placing_throttle: Throttle = field(default_factory=lambda: Throttle(rate=150, burst=150))
    """Of each of the two routes that place orders, for all callers together."""
    serving_throttle: Throttle = field(default_factory=lambda: Throttle(rate=55, burst=55))
    """Of each route of who serves a restaurant's orders, for all callers together."""
    head_throttle: Throttle = field(default_factory=lambda: Throttle(rate=50, burst=50))
    """Of each route's HEAD, for all callers together."""
    person_throttle: Throttle = field(default_factory=lambda: Throttle(rate=4, burst=7))
    """Of each signed-in person, in each execution environment of a function. The firewall counts a
    person's requests of a minute besides."""
    plans: Mapping[Annotated[str, _PLAN], Plan] = field(default_factory=_plans)
    """The partners' usage plans by name."""
    shares_waiver: Annotated[str, _REASON] = ""
    """Why one caller may take more than a fifth of what all share. A stage that allows it needs
    this sentence, as one with 10 executions does."""
    origins: tuple[Annotated[str, AfterValidator(_web_origin)], ...] = ("http://localhost:5173",)
    """The web origins whose pages may call the API."""
    web_client: WebClient | None = None
    """Where the web client is hosted, by S3 and CloudFront; the DNS record is yours to make. None
    is nowhere. Its pages ask the API again and again, which costs (docs/web.md)."""
    web_firewall: bool = False
    """Whether AWS WAF stands before the API."""
    firewall_trial: bool = False
    """Whether AWS's rule groups only count what they would block, as they should when they are new
    to a stage. The rates of addresses block in any case."""
    address_limits: AddressLimits = field(default_factory=AddressLimits)
    """Requests that the firewall lets through from one address in five minutes."""
    sign_in_limits: SignInLimits = field(default_factory=SignInLimits)
    """Requests to sign-in that the firewall lets through from one address in five minutes."""
    mail: Mail | None = None
    """Who sends the mails of sign-up and forgotten passwords, by Amazon SES. None is Cognito
    itself, which sends 50 a day."""
    mail_waiver: Annotated[str, _REASON] = ""
    """Why Cognito's 50 mails are enough in a stage that keeps data: it needs `mail`, or this
    sentence."""
    operators_second_factor: bool | None = None
    """Whether members of the group `operators` need an authenticator app (docs/operations.md). None
    is: if the stage keeps its data."""
    domain: Domain | None = None
    """An address of the API's own; the DNS record is yours to make. None is the one that API
    Gateway gives."""
    customer_key: bool = False
    """Whether a KMS key of your own encrypts tables and queues, rather than AWS's."""
    workers: Mapping[str, Worker] = field(default_factory=_workers)
    """The functions that queues feed, by name."""
    webhooks: Webhooks = field(default_factory=Webhooks)
    """How webhooks are sent, and tried again."""
    idempotency_hours: Annotated[int, between(1, 8_760)] = 24
    """How long an idempotency key is kept."""
    accept_minutes: Annotated[int, between(2, 60)] = 10
    """How many minutes a restaurant has to accept or reject an order."""
    accept_lead_minutes: Annotated[int, between(15, 1_440)] = 60
    """How many minutes before its time a scheduled order must be answered, where that is later."""
    order_retention_days: Annotated[int, between(30, 3_650)] | None = None
    """How many days after it was placed an order is deleted; None is never. Earlier orders keep
    theirs; `orders customers hold` keeps a person's."""
    price_quotes: PriceQuotes = "required"
    """Whether customers send prices that the menu has signed (docs/api/quotes.md). With `checked`
    and `off` customers name their own prices."""
    price_keys: Annotated[Mapping[str, str], AfterValidator(moduli_of)] = field(
        default_factory=dict
    )
    """Who signs prices: three public RSA keys at most, by their ids (docs/api/quotes.md). Without
    any, `required` takes no customer's order."""
    log_level: LogLevel = "INFO"
    """The least important lines that functions log; `orders logs level` changes it."""
    sampling: Sampling | None = None
    """Which requests and changes X-Ray records. None is its default: one request a second and 5 %
    of the others."""
    budget: Budget = field(default_factory=Budget)
    """What a month may cost before somebody is told."""
    alarm_emails: tuple[Annotated[str, _EMAIL], ...] = ()
    """Whom alarms tell; a first mail asks each to confirm."""
    runbooks: Annotated[str, _RUNBOOKS] = "docs/runbooks"
    """Where the runbooks are that alarms name. With an address of that folder they are links."""
    opening_hours: OpeningHours | None = None
    """Hours of the day, UTC, when no order for half an hour is an alarm; None is never."""
    release: ReleaseSettings = field(default_factory=ReleaseSettings)
    """How a new version goes live."""
    heartbeat_minutes: Annotated[int, between(1, 60)] | None = None
    """Minutes between orders that the service places itself through the API, to see that it works.
    No restaurant and no partner hears of them; None is never."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that the stage has."""
        missing = {Caller.SCHEDULE} if self.heartbeat_minutes is None else set()
        if not self.asks_second_factor:
            missing.add(Caller.SIGN_IN)
        return names(*(set(Caller) - missing))

    @property
    def asks_second_factor(self) -> bool:
        """Whether nobody is an operator without an authenticator app."""
        asked = self.operators_second_factor
        return self.keep_data if asked is None else asked

    def __post_init__(self) -> None:
        """Check what a deployment would only refuse minutes later, or never."""
        workers = names(Caller.QUEUE)
        _require(set(self.workers) == set(workers), f"workers must be {' and '.join(workers)}")
        self._check_retention()
        self._check_concurrency()
        self._check_bursts()
        self._check_plans()
        self._check_shares()
        self._check_origins()
        self._check_web_client()
        self._check_mail()
        self._check_variables()
        if self.domain is not None:
            _require(
                self.domain.region == self.region,
                f"domain.certificate_arn must be of a certificate in {self.region}",
            )

    @property
    def reserved(self) -> int:
        """How many concurrent executions the functions reserve together."""
        return sum(units or 0 for units in self.reserved_concurrency.values())

    def memory_of(self, function: str) -> int:
        """Give the MB of a function."""
        worker = self.workers.get(function)
        return (worker and worker.memory_mb) or self.memory_mb

    @property
    def shared_workers(self) -> int:
        """How many executions of the others' share the workers may take together."""
        return sum(
            self._at_once(name)
            for name in self.workers
            if self.reserved_concurrency.get(name) is None
        )

    @property
    def unreserved(self) -> int:
        """How many executions all functions without a reservation share, the workers apart."""
        return self.concurrency_quota - self.reserved - self.shared_workers

    @staticmethod
    def throttle_name_of(route: Route) -> str:
        """Name the setting that limits a route."""
        own = {"POST": "placing_throttle", HEAD: "head_throttle"}
        return own.get(route.method, "serving_throttle" if route.serves else "stage_throttle")

    def throttle_of(self, route: Route) -> Throttle:
        """Give what limits a route, for all callers together."""
        throttle: Throttle = getattr(self, self.throttle_name_of(route))
        return throttle

    def burst_of(self, function: str) -> int:
        """Tell how many requests at one moment all routes of a function let through together."""
        routes = (route for route in ROUTES if route.function == function)
        return sum(self.throttle_of(route).burst for route in routes)

    def _at_once(self, name: str) -> int:
        """Say how many executions of a worker its queues keep busy together."""
        others = self.webhooks.most_at_once + self.webhooks.restaurants_at_once
        return self.workers[name].most_at_once + (others if name == NOTIFYING else 0)

    def _check_retention(self) -> None:
        """Keep an order as long as its Idempotency-Key is known: a repetition answers with it."""
        days = self.order_retention_days
        _require(
            days is None or days * 24 >= self.idempotency_hours,
            f"order_retention_days must be at least {-(-self.idempotency_hours // 24)}, "
            "as long as idempotency_hours",
        )

    def _check_concurrency(self) -> None:
        unknown = set(self.reserved_concurrency) - set(self.functions)
        _require(not unknown, f"reserved_concurrency names unknown functions: {sorted(unknown)}")
        left = self.concurrency_quota - self.reserved
        most = max(self.concurrency_quota - KEPT_UNRESERVED, 0)
        _require(
            self.reserved == 0 or left >= KEPT_UNRESERVED,
            f"reserved_concurrency adds up to {self.reserved}, but of concurrency_quota "
            f"{self.concurrency_quota} Lambda keeps {KEPT_UNRESERVED} unreserved: reserve {most} "
            f"at most{'' if most else f', reserved_concurrency={{}}, and {_FEW}'}",
        )
        for name in self.workers:
            units = self.reserved_concurrency.get(name)
            _require(
                units is None or self._at_once(name) <= units,
                f"workers.{name}.most_at_once must not be above reserved_concurrency.{name}",
            )

    def _check_bursts(self) -> None:
        """Let no more through than can run: Lambda refuses the rest, and callers get 500.

        An account that can reserve nothing has not one execution for each route: it says why not.
        """
        if self.shares_waiver and self.concurrency_quota < KEPT_UNRESERVED:
            return
        for name in names(Caller.API):
            reserved, burst = self.reserved_concurrency.get(name), self.burst_of(name)
            most = max(self.unreserved, 0) if reserved is None else reserved
            whose, cure = self._unreserved_told(), "lower one of these"
            if reserved is not None:
                whose, cure = "its reservation", f"raise reserved_concurrency.{name} to {burst}"
            elif self.concurrency_quota < KEPT_UNRESERVED:
                cure = _FEW
            _require(
                burst <= most,
                f"the routes of {name} let {burst} requests through at one moment, but only {most} "
                f"can run, {whose}: {cure}, or lower {self._bursts_told(name)}",
            )

    def _unreserved_told(self) -> str:
        """Name each setting that takes part in how many executions are left, with its value."""
        taken = {
            f"reserved_concurrency.{name}": units or 0
            for name, units in self.reserved_concurrency.items()
        }
        for name, worker in self.workers.items():
            if self.reserved_concurrency.get(name) is None:
                taken[f"workers.{name}.most_at_once"] = worker.most_at_once
        if self.reserved_concurrency.get(NOTIFYING) is None:
            taken["webhooks.most_at_once"] = self.webhooks.most_at_once
            taken["webhooks.restaurants_at_once"] = self.webhooks.restaurants_at_once
        less = ", ".join(f"{name} {units}" for name, units in taken.items() if units)
        return (
            "neither reserved nor the workers' "
            f"(concurrency_quota {self.concurrency_quota} less {less})"
        )

    def _bursts_told(self, function: str) -> str:
        """Name each throttle of a function's routes, with its burst and how many have it."""
        named = Counter(
            self.throttle_name_of(route) for route in ROUTES if route.function == function
        )
        told = [f"{name}.burst {getattr(self, name).burst} × {n}" for name, n in named.items()]
        return " + ".join(told)

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
        person = self.person_throttle.rate * RATE_WINDOW_SECONDS
        _require(
            self.address_limits.customers >= person,
            f"address_limits.customers must be at least {person}, or nobody reaches "
            "person_throttle.rate",
        )

    @property
    def person_limit(self) -> int:
        """How many requests of one person the firewall lets through in a minute."""
        return self.person_throttle.rate * PERSON_SECONDS

    def _check_shares(self) -> None:
        """Keep four fifths of what all share for the others, whatever one caller asks for."""
        faults = [] if self.shares_waiver else unfair(self)
        _require(not faults, "; ".join(faults))

    def _check_origins(self) -> None:
        _require(bool(self.origins), "origins must name at least one web origin")
        twice = len(set(self.origins)) < len(self.origins)
        _require(not twice, "origins must not name an origin twice")
        _require(
            len(" ".join(self.origins)) <= _ORIGINS_LENGTH,
            f"origins must not have more than {_ORIGINS_LENGTH} characters in all",
        )

    def _check_variables(self) -> None:
        """Let what has no other limit fit into a function's environment."""
        length = len(" ".join(self.origins)) + len(self.price_key_list)
        _require(
            length <= _LISTS_LENGTH,
            f"origins and price_keys must not have more than {_LISTS_LENGTH} characters in all, "
            f"not {length}: a key of 2048 bits has some 350",
        )

    @property
    def price_key_list(self) -> str:
        """The keys as the functions read them: `kid:n` by blanks."""
        return " ".join(f"{name}:{modulus}" for name, modulus in self.price_keys.items())

    def price_warning(self) -> str | None:
        """Say what is unsafe or missing in how prices are vouched for, and what to do, or None."""
        if self.price_quotes != "required":
            return (
                f"price_quotes is {self.price_quotes!r}: customers of {self.stage} name their own "
                "prices. To have them signed: price_keys and price_quotes='required' "
                "(docs/api/quotes.md)."
            )
        if not self.price_keys:
            return (
                f"price_keys is empty: {self.stage} takes no order of a customer, each is answered "
                "422 quote-required. Name the public key of whoever owns the menu "
                "(docs/api/quotes.md)."
            )
        return None

    def _check_web_client(self) -> None:
        if self.web_client is None:
            return
        origin = f"https://{self.web_client.name}"
        _require(origin in self.origins, f"origins must name {origin}, where web_client is")
        _require(
            self.web_client.domain.region == "us-east-1",
            "web_client.certificate_arn must be of a certificate in us-east-1, for CloudFront",
        )

    def _check_mail(self) -> None:
        _require(
            bool(self.mail or self.mail_waiver) or not self.keep_data,
            "mail must name who sends the mails of sign-up, for Cognito itself sends 50 a day; or "
            "mail_waiver must say why they do",
        )
        _require(
            not (self.mail and self.mail_waiver),
            "mail_waiver must be empty where mail names a sender",
        )


def _made(stages: Mapping[str, Callable[[], Settings]]) -> Mapping[str, Settings]:
    """Make the stages, or end the command, whichever reads them, with a sentence."""
    made = {}
    _refuse_twice(Path(__file__).read_text())
    for name, make in stages.items():
        try:
            _require(callable(make), "in STAGES it begins with `lambda: Settings(`")
            made[name] = make()
            _require(made[name].stage == name, f"stage must be {name!r}, as in STAGES")
        except Exception as error:  # noqa: BLE001 - a typing error may raise any
            line = mistyped.line_in(error, Path(__file__), within="<lambda>")
            place = f"infrastructure/settings.py{f', line {line}' if line else ''}"
            faults = error.args if isinstance(error, SettingError) else [mistyped.what(error)]
            sys.exit("\n  ".join([f"{place}: stage {name}: {faults[0]}", *faults[1:]]))
    return MappingProxyType(made)


def _refuse_twice(source: str) -> None:
    """End the command if an entry of STAGES has the name of another: Python keeps the last one."""
    begins = source.index("\nSTAGES")
    entries = re.compile(r'^ {8}"([^"\n]+)": ', re.MULTILINE).finditer(source, begins)
    seen: set[str] = set()
    for entry in entries:
        if entry[1] in seen:
            line = source.count("\n", 0, entry.start()) + 1
            sys.exit(f"infrastructure/settings.py, line {line}: stage {entry[1]} is there twice")
        seen.add(entry[1])


STAGES = _made(
    {
        # In dev an integrator should not wait for a day to see what becomes of a webhook, nor for
        # ten minutes to see what becomes of an order that nobody answers.
        "dev": lambda: Settings(
            stage="dev",
            workers=_workers(1),
            webhooks=Webhooks(waits=(1, 4, 16, 64)),
            accept_minutes=2,
            price_quotes="checked",  # an integrator begins without a menu
        ),
        "prod": lambda: Settings(
            stage="prod",
            keep_data=True,
            origins=("https://orders.example.com",),  # yours
            mail=Mail(sender="no-reply@orders.example.com"),  # yours
            web_firewall=True,
            sampling=Sampling(),
            opening_hours=OpeningHours(opens=15, closes=2),  # in New York's winter and summer alike
            heartbeat_minutes=5,
        ),
    }
)
"""The stages by name. Each is made by a function, so that a fault in it is told with its name."""


def parameter_prefix(stage: str) -> str:
    """Give what the names of a stage's parameters in Parameter Store begin with."""
    return f"/food-delivery/{stage}"


def settings_of(stage: str) -> Settings:
    """Look up a stage, or make that of a pull request or of a run of `orders prove`.

    Raises:
        SettingError: when there is none of this name.
    """
    if is_preview(stage):
        return preview_of(STAGES[PREVIEWED], stage)
    if is_proof(stage):
        return proof_of(STAGES[PROVED], stage)
    try:
        return STAGES[stage]
    except KeyError:
        raise SettingError(f"no stage {stage!r}; there are {', '.join(STAGES)}") from None


PREVIEWED = "dev"
"""The stage whose settings a pull request's own has, but for what `preview_of` changes."""

_PREVIEW = re.compile("pr-[1-9][0-9]{0,5}")


def is_preview(stage: str) -> bool:
    """Tell whether this names the stage of a pull request: `pr-12` is that of number 12."""
    return bool(_PREVIEW.fullmatch(stage))


def preview_of(like: Settings, stage: str) -> Settings:
    """Make the settings of a pull request's stage.

    It keeps nothing and reserves nothing, so that several fit into one account beside dev. It has
    no address of its own, and its budget is that of a hundred orders a day.

    Args:
        like: the stage that it resembles.
        stage: its name, as `is_preview` knows it.
    """
    return replace(
        like,
        stage=stage,
        keep_data=False,
        reserved_concurrency={},
        budget=replace(like.budget, orders_per_day=_PREVIEWED_ORDERS),
        domain=None,
        web_client=None,
        heartbeat_minutes=None,
    )


_PREVIEWED_ORDERS = 100

PROVED = "prod"
"""The stage whose settings a run of `orders prove` has, but for what `proof_of` changes."""

PROOF = "prove-"
"""What the name of such a run's stage begins with."""

_PROOF = re.compile(f"{PROOF}[0-9a-f]{{4,12}}")


def is_proof(stage: str) -> bool:
    """Tell whether this names the stage of a run of `orders prove`, such as `prove-0a1b2c`."""
    return bool(_PROOF.fullmatch(stage))


def proof_of(like: Settings, stage: str) -> Settings:
    """Make the settings of a run's stage.

    It keeps nothing, calls nobody and has no address of its own. Operators need an app, as in a
    stage that keeps its data. Customers name their own prices, for a run has no menu.

    Args:
        like: the stage that it resembles.
        stage: its name, as `is_proof` knows it.
    """
    return replace(
        like,
        stage=stage,
        keep_data=False,
        operators_second_factor=True,
        price_quotes="checked",
        mail=None,
        mail_waiver="",
        alarm_emails=(),
        budget=replace(like.budget, alarm_emails=()),
        domain=None,
        web_client=None,
        customer_key=False,
    )


def stack_name(stage: str) -> str:
    """Name the stack of a stage."""
    return f"food-delivery-orders-{stage}"


def tracing_policy(stack: str) -> str:
    """Name the resource policy in X-Ray that lets a stack's topic trace."""
    return f"{stack}-topic"


VERSION_TAG = "version"
"""The tag that says of a function which version it is of. No bill is split by it, and nothing is
found by it: it is another one with each release."""


def tags(stage: str) -> dict[str, str]:
    """Give the tags of everything of a stage; bills can be split by them."""
    return {"service": "food-delivery-orders", "stage": stage}

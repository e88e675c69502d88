"""The service: what it consists of, and who may do what to what."""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, CfnParameter, Environment, PermissionsBoundary, Stack, Tags
from aws_cdk import aws_lambda as lambda_

from infrastructure import outputs
from infrastructure.edge.api import Api
from infrastructure.edge.endpoint import Address
from infrastructure.edge.firewall import Firewall, measured
from infrastructure.edge.identity import Identity
from infrastructure.edge.web_hosting import WebHosting
from infrastructure.functions import (
    BY_NAME,
    FUNCTIONS,
    GATE,
    NOTIFYING,
    QUEUES,
    RESTAURANTS,
    Caller,
    Row,
    names,
    queues_of,
)
from infrastructure.nag_acknowledgements import acknowledge
from infrastructure.settings import (
    FLAGS,
    PARTNERS,
    RELEASE,
    SIGNING_KEY,
    VERSION_TAG,
    parameter_prefix,
    stack_name,
    tags,
)
from infrastructure.watching.alarms import Alarms
from infrastructure.watching.aws_metrics import Resources
from infrastructure.watching.budget import MonthlyBudget
from infrastructure.watching.contributor_insights import FailingPartners
from infrastructure.watching.dashboard import Dashboard
from infrastructure.watching.queries import ACCESS, SavedQueries
from infrastructure.watching.tracing import Tracing
from infrastructure.work.data import Data
from infrastructure.work.encryption import READING, WRITING, YOUR_KEY, CustomerKey, PartnerSecrets
from infrastructure.work.function import AUDITED, Function, log_group
from infrastructure.work.heartbeat import Heartbeat
from infrastructure.work.parameters import (
    ARN,
    JSON,
    NAME,
    NUMBER,
    ORIGINS,
    URL,
    CreatedParameters,
    Fact,
    Parameters,
)
from infrastructure.work.permissions import (
    CONFIRMING,
    IN_A_TRANSACTION,
    of_items,
    of_parameters,
    of_queues,
    of_tables,
    through,
)
from infrastructure.work.processing import Processing
from infrastructure.work.release import ReleaseGate
from orders.settings import (
    ACCEPT_LEAD_MINUTES,
    ACCEPT_MINUTES,
    ALLOWED_ORIGINS,
    API_URL,
    BY_CUSTOMER,
    BY_PARTNER,
    BY_SERVER,
    DEAD_LETTER_QUEUE,
    DEADLINES_GROUP,
    DEADLINES_QUEUE,
    DEADLINES_ROLE,
    FLAGS_PARAMETER,
    HEARTBEAT_KEY_ID,
    IDEMPOTENCY_HOURS,
    IDEMPOTENCY_TABLE,
    MAX_BODY_BYTES,
    NO_KEYS,
    ORDER_RETENTION_DAYS,
    ORDERS_TABLE,
    PARTNERS_PREFIX,
    PARTNERS_TABLE,
    PERSON_THROTTLE,
    PRICE_KEYS,
    PRICE_QUOTES,
    RESTAURANTS_DEAD_LETTERS,
    RESTAURANTS_QUEUE,
    RETRIES_QUEUE,
    RETRY_SECONDS,
    SIGNING_KEY_PARAMETER,
    STAGE,
    WEBHOOK_WAITS,
)
from project.release import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aws_cdk import aws_kms as kms
    from constructs import Construct, IConstruct

    from infrastructure.settings import Settings
    from infrastructure.watching.budget import CostModel
    from infrastructure.work.permissions import Conditions
    from project.release import Release


class Service(Stack):
    """The order API of one stage."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        asset: str,
        release: Release,
        model: CostModel | None = None,
    ) -> None:
        """Compose the service.

        Args:
            scope: the app.
            settings: the stage's.
            asset: the folder of the functions' code, as infrastructure.asset builds it.
            release: what this is. No function knows it: each commit would be a new version of all.
            model: of costs, for a budget whose cost is not recorded.
        """
        super().__init__(
            scope,
            stack_name(settings.stage),
            env=Environment(region=settings.region),
            description=f"Order API of a food-delivery company ({settings.stage})",
            termination_protection=settings.keep_data,
            permissions_boundary=_boundary(settings),
        )
        self._release = release
        self._tag(settings)

        self._flags_parameter = f"{parameter_prefix(settings.stage)}/{FLAGS}"
        self.key = self._customer_key(settings)
        self.data = Data(
            self, "Data", capacity=settings.capacity, keep=settings.keep_data, key=self.key
        )
        self.identity = Identity(self, "Identity", settings=settings)
        self.processing = Processing(
            self, "Processing", orders=self.data.orders, settings=settings, key=self.key
        )
        self.partner_secrets = PartnerSecrets(self, "PartnerSecrets", keep=settings.keep_data)
        code = lambda_.Code.from_asset(asset)
        self.functions = self._called_by_others(settings, code)
        self._connect(settings)
        self.api = self._open(settings)
        self.address = Address(self, "Address", api=self.api.rest_api, domain=settings.domain)
        self._guard(settings, model)
        if settings.heartbeat_minutes is not None:
            self._place_heartbeats(settings, code, settings.heartbeat_minutes)
        self._ask_before_live(settings)
        self._grant_key()
        self._observe(settings)
        self._tell(settings)
        acknowledge(self, settings)

    def _open(self, settings: Settings) -> Api:
        """Let requests come to what callers meet."""
        return Api(
            self,
            "Api",
            functions={name: self.functions[name].called for name in names(Caller.API)},
            user_pool=self.identity.user_pool,
            settings=settings,
            release=self._release,
        )

    def _host_web_client(self, settings: Settings) -> WebHosting | None:
        if settings.web_client is None:
            return None
        return WebHosting(
            self,
            "WebHosting",
            web_client=settings.web_client,
            api_url=self.address.url,
            region=settings.region,
        )

    def _guard(self, settings: Settings, model: CostModel | None) -> None:
        """Add what stands around it: web client, firewall, rules for traces, budget, parameters."""
        self.web_hosting = self._host_web_client(settings)
        self.audit_log = log_group(self, "AuditLog", AUDITED)
        for name in set(names(Caller.SIGN_IN)) & self.functions.keys():
            self.identity.ask_before_tokens(self.functions[name])
        stage = self.api.rest_api.deployment_stage
        if settings.web_firewall:
            pool = self.identity.user_pool
            Firewall(self, "Firewall", stage=stage, user_pool=pool, settings=settings)
        self._make_parameters(settings)
        topic = self.processing.topic
        Tracing(self, "Tracing", stage=stage, topic=topic, settings=settings)
        if settings.budget.alarm_emails:
            MonthlyBudget(self, "Budget", settings=settings, model=model)

    def _connect(self, settings: Settings) -> None:
        """Let functions have what they use, and workers their queues."""
        self._grant()
        self._grant_parameters(settings)
        self._feed_workers()

    def _ask_before_live(self, settings: Settings) -> None:
        """Let a new version be asked before callers meet it, once IAM has spread the roles."""
        self._wait_for_iam(self.processing.waits_for_iam, self.api.waits_for_iam)
        ReleaseGate(
            self,
            "Gate",
            gate=self.functions[GATE],
            functions=self.functions,
            partners=self.data.partners,
            settings=settings,
        )

    def _observe(self, settings: Settings) -> None:
        """Add what shows how the service does, and what calls people when it does badly."""
        resources = Resources(
            stage=settings.stage,
            api=self.api.rest_api,
            functions=self.functions,
            queues=self.processing.queues,
            retries=self.processing.retries,
            pipe_dead_letters=self.processing.pipe_dead_letters,
            tables=self.data.tables,
            pipe=self.processing.pipe_name,
            topic=self.processing.topic,
            people=self.identity.measured,
            firewall=measured(self, settings) if settings.web_firewall else None,
        )
        failing = FailingPartners(
            self, "FailingPartners", log_group=self.functions["notify_partner"].log_group
        )
        self.alarms = Alarms(
            self,
            "Alarms",
            resources=resources,
            settings=settings,
            failing_partners=failing,
            key=self.key or self.partner_secrets.key,
        )
        log_groups = {
            name: self.functions[name].log_group for name in names(Caller.API, Caller.QUEUE)
        }
        log_groups[ACCESS] = self.api.access_logs
        SavedQueries(self, "Queries", log_groups=log_groups)
        Dashboard(
            self,
            "Dashboard",
            resources=resources,
            log_groups=log_groups,
            alarms=self.alarms,
            failing_partners=failing,
            settings=settings,
        )

    def _place_heartbeats(self, settings: Settings, code: lambda_.Code, minutes: int) -> None:
        """Let the service place orders of its own: what does so depends on the API, not it on that.

        Its grants stand here, as what they are on is here.
        """
        heartbeat = Heartbeat(self, "Heartbeat", api=self.api.rest_api, minutes=minutes)
        (name,) = names(Caller.SCHEDULE)
        own = {API_URL: self.address.url, HEARTBEAT_KEY_ID: heartbeat.key.key_id}
        function = self._function(settings, code, BY_NAME[name], own)
        key = heartbeat.key
        function.allow("apigateway:GET", on=key.key_arn, why="Reads the value of its own API key")
        function.allow(
            "dynamodb:PutItem",
            on=self.data.partners.table_arn,
            why="Says whose its own API key is",
            conditions=of_items([key.key_id]),
        )
        self._wait_for_iam([heartbeat.call(function)])
        self.functions[name] = function

    def _tag(self, settings: Settings) -> None:
        for name, value in {**settings.tags, **tags(settings.stage)}.items():
            Tags.of(self).add(name, value)
        # On functions alone: each release would touch every other thing as well.
        functions = [lambda_.CfnFunction.CFN_RESOURCE_TYPE_NAME]
        version = self._release.version
        Tags.of(self).add(VERSION_TAG, version, include_resource_types=functions)

    def _customer_key(self, settings: Settings) -> kms.Key | None:
        if not settings.customer_key:
            return None
        return CustomerKey(self, "CustomerKey", keep=settings.keep_data).key

    def _called_by_others(self, settings: Settings, code: lambda_.Code) -> dict[str, Function]:
        """Define all functions but the one that calls us: that one needs the API's address."""
        rows = [BY_NAME[name] for name in settings.functions]
        called = [row for row in rows if row.caller is not Caller.SCHEDULE]
        return {row.name: self._function(settings, code, row) for row in called}

    def _function(
        self,
        settings: Settings,
        code: lambda_.Code,
        row: Row,
        own: Mapping[str, str] = MappingProxyType({}),
    ) -> Function:
        """Define a function of the table; `own` are variables that nothing else tells."""
        worker = settings.workers.get(row.name)
        known = {**self._variables(settings), **self._variables_of_a_queue(settings, row), **own}
        return Function(
            self,
            row.name,
            code=code,
            environment={name: known[name] for name in row.variables if known[name]},
            settings=settings,
            timeout_seconds=row.timeout_seconds or (worker.timeout_seconds if worker else None),
        )

    def _variables(self, settings: Settings) -> dict[str, str]:
        """Give what any function may find in its environment."""
        prefix = parameter_prefix(settings.stage)
        return {
            STAGE: settings.stage,
            ORDERS_TABLE: self.data.orders.table_name,
            IDEMPOTENCY_TABLE: self.data.idempotency_keys.table_name,
            PARTNERS_TABLE: self.data.partners.table_name,
            IDEMPOTENCY_HOURS: str(settings.idempotency_hours),
            ACCEPT_MINUTES: str(settings.accept_minutes),
            ACCEPT_LEAD_MINUTES: str(settings.accept_lead_minutes),
            DEADLINES_GROUP: self.processing.deadlines.group_name,
            DEADLINES_QUEUE: self.processing.deadlines.queue.queue_arn,
            DEADLINES_ROLE: self.processing.deadlines.role.role_arn,
            ORDER_RETENTION_DAYS: str(settings.order_retention_days or ""),
            ALLOWED_ORIGINS: " ".join(settings.origins),
            PERSON_THROTTLE: f"{settings.person_throttle.rate} {settings.person_throttle.burst}",
            PRICE_QUOTES: settings.price_quotes,
            PRICE_KEYS: settings.price_key_list or NO_KEYS,
            FLAGS_PARAMETER: self._flags_parameter,
            PARTNERS_PREFIX: f"{prefix}/{PARTNERS}",
            SIGNING_KEY_PARAMETER: f"{prefix}/{SIGNING_KEY}",
        }

    def _variables_of_a_queue(self, settings: Settings, row: Row) -> dict[str, str]:
        if row.caller is not Caller.QUEUE:
            return {}
        queues, restaurants = self.processing.queues, self.processing.queues[RESTAURANTS.name]
        return {
            DEAD_LETTER_QUEUE: queues[queues_of(row.name)[0].name].dead.queue_url,
            RESTAURANTS_QUEUE: restaurants.live.queue_url,
            RESTAURANTS_DEAD_LETTERS: restaurants.dead.queue_url,
            RETRY_SECONDS: str(settings.workers[row.name].retry_seconds),
            RETRIES_QUEUE: self.processing.retries.queue_url,
            WEBHOOK_WAITS: " ".join(map(str, settings.webhooks.waits)),
        }

    def _feed_workers(self) -> None:
        for name in names(Caller.QUEUE):
            self.processing.feed(name, self.functions[name])

    def _grant(self) -> None:
        """Let each function of the API, and the worker that confirms orders, have its tables."""
        orders, by_name = self.data.orders.table_arn, self.functions
        self._grant_placing(by_name["create_order"], orders)
        by_name["get_order"].allow("dynamodb:GetItem", on=orders, why="Reads the order")
        listing = by_name["list_orders"]
        for index in (BY_CUSTOMER, BY_PARTNER, BY_SERVER):
            arn = self.data.orders_index_arn(index)
            listing.allow("dynamodb:Query", on=arn, why="Lists a caller's own orders")
        listing.allow("dynamodb:Scan", on=orders, why="Lists all orders, for operators")
        by_name["update_order"].allow("dynamodb:UpdateItem", on=orders, why="Changes the order")
        by_name["process_order"].allow(
            "dynamodb:UpdateItem",
            on=orders,
            why="Confirms the order, or rejects what nobody has answered",
            conditions=CONFIRMING,
        )
        self.processing.deadlines.set_by(by_name["process_order"])
        known = "Whose API keys there are: all at the start, then each new one"
        for name in names(Caller.API):
            partners = self.data.partners.table_arn
            by_name[name].allow("dynamodb:Scan", "dynamodb:GetItem", on=partners, why=known)

    def _grant_placing(self, create: Function, orders: str) -> None:
        """Let orders be placed: a transaction needs the permissions of its parts."""
        keys = self.data.idempotency_keys.table_arn
        together = "Places the order and its key together"
        for table in (orders, keys):
            create.allow("dynamodb:PutItem", on=table, why=together, conditions=IN_A_TRANSACTION)
        create.allow("dynamodb:GetItem", on=orders, why="Answers a repetition again")
        create.allow("dynamodb:GetItem", on=keys, why="Knows a repetition by its key")

    def _grant_parameters(self, settings: Settings) -> None:
        """Let each function have its parameters; secrets through their key, and only those."""
        flags, partners, key = (
            self._parameter_arn(settings, name) for name in (FLAGS, f"{PARTNERS}/*", SIGNING_KEY)
        )
        for row in FUNCTIONS:
            if row.asks:
                self.functions[row.name].allow("ssm:GetParameter", on=flags, why=row.asks)
        self._grant_secret(partners, "Where a webhook goes; its secret")
        self._grant_secret(key, "Derives the secret of other partners")
        create = self.functions["create_parameters"]
        for made in (flags, key):
            create.allow("ssm:PutParameter", on=made, why="Makes it at the first deployment")
            if not settings.keep_data:
                create.allow("ssm:DeleteParameters", on=made, why="Removes it with the stack")
        create.allow(
            "kms:Encrypt",
            on=self.partner_secrets.key.key_arn,
            why="Makes the signing key a SecureString",
            conditions=of_parameters(key),
        )

    def _grant_secret(self, secret: str, why: str) -> None:
        """Let the function that sends webhooks read a parameter that is a secret."""
        notify = self.functions["notify_partner"]
        notify.allow("ssm:GetParameter", on=secret, why=why)
        notify.allow(
            "kms:Decrypt",
            on=self.partner_secrets.key.key_arn,
            why="Reads SecureStrings, and only its own",
            conditions=of_parameters(secret),
        )

    def _make_parameters(self, settings: Settings) -> None:
        self._created_parameters = CreatedParameters(
            self,
            "CreatedParameters",
            stage=settings.stage,
            function=self.functions["create_parameters"],
            key=self.partner_secrets.key,
            keep=settings.keep_data,
        )

    def _tell(self, settings: Settings) -> None:
        """Say in Parameter Store and in the stack's outputs what there is, once all is defined."""
        facts = Parameters(self, "Parameters", stage=settings.stage, facts=self._facts(settings))
        # The list of releases has none that the gate has refused.
        aliases = [each.live for each in self.functions.values() if each.live is not None]
        facts.node.find_child(RELEASE.capitalize()).node.add_dependency(*aliases)
        self._outputs()

    def _wait_for_iam(self, *late: Iterable[IConstruct]) -> None:
        """Make last what AWS makes only where a role may do its work already.

        IAM may spread a role's policy some seconds after it is CREATE_COMPLETE (aws-cdk #31211).
        What makes the parameters tries until its own is: whatever comes after that comes late.
        """
        for construct in itertools.chain(*late):
            construct.node.add_dependency(self._created_parameters)

    def _parameter_arn(self, settings: Settings, name: str) -> str:
        prefix = parameter_prefix(settings.stage).removeprefix("/")
        return self.format_arn(
            service="ssm", resource="parameter", resource_name=f"{prefix}/{name}"
        )

    def _versions(self) -> dict[str, str]:
        """Give the version of each function that callers meet."""
        return {
            name: function.version.version
            for name, function in self.functions.items()
            if function.version is not None
        }

    def _facts(self, settings: Settings) -> list[Fact]:
        """Say what other services may know of this one."""
        data, said = (
            self.data,
            "Version, commit and functions' versions; its history is the releases'",
        )
        return [
            Fact(RELEASE, self._release.text(self._versions(), self._template()), said, JSON),
            Fact("tables/orders", data.orders.table_name, "The table of orders", NAME),
            Fact("tables/partners", data.partners.table_name, "Which partner a key is of", NAME),
            Fact(
                "tables/idempotency-keys",
                data.idempotency_keys.table_name,
                "The keys that make placing an order repeatable",
                NAME,
            ),
            Fact(
                "topics/order-changes",
                self.processing.topic.topic_arn,
                "Every change of an order, whole: subscribe a queue of your own",
                ARN,
            ),
            Fact("api/url", self.address.url, "The API's base address", URL),
            Fact("api/origins", ",".join(settings.origins), "Web origins that may call", ORIGINS),
            Fact("limits/body-bytes", str(MAX_BODY_BYTES), "The largest request body", NUMBER),
            Fact(
                "limits/idempotency-hours",
                str(settings.idempotency_hours),
                "How long an Idempotency-Key is remembered",
                NUMBER,
            ),
            *self._queue_facts(),
        ]

    def _template(self) -> str:
        """Give what the template is called among the account's assets: `orders rollback` takes it.

        It cannot hold its own name, which is its hash: `orders deploy` tells it the stack.
        """
        told = "This template's name among the account's assets (`orders deploy`)"
        return CfnParameter(self, TEMPLATE, default="", description=told).value_as_string

    def _queue_facts(self) -> Iterator[Fact]:
        for queue in QUEUES:
            made, name = self.processing.queues[queue.name], f"queues/{queue.fact}"
            whose, dead = f"The queue of {queue.feeds}", f"What {queue.feeds} could not do"
            if queue is RESTAURANTS:
                whose, dead = (f"{text}, for who serves the order" for text in (whose, dead))
            yield Fact(name, made.live.queue_url, whose, URL)
            yield Fact(f"{name}-dead-letters", made.dead.queue_url, dead, URL)

    def _grant_key(self) -> None:
        """Let the functions use the key, and only through the services that hold its data."""
        if self.key is None:
            return
        on = self.key.key_arn
        for name, actions, conditions in self._uses_of_key():
            self.functions[name].allow(*actions, on=on, why=YOUR_KEY, conditions=conditions)

    def _uses_of_key(self) -> Iterator[tuple[str, tuple[str, ...], Conditions]]:
        """Say which function does what with the key, and for which data."""
        for row in (BY_NAME[name] for name in self.functions):
            if row.tables:
                tables = [self.data.tables[table].table_name for table in row.tables]
                actions = (*READING, *WRITING) if row.writes else READING
                yield row.name, actions, of_tables(tables)
                yield row.name, ("kms:DescribeKey",), through("dynamodb")
        retries = self.processing.retries.queue_arn
        for name in names(Caller.QUEUE):
            queues = [self.processing.queues[queue.name] for queue in queues_of(name)]
            sent_to = [queue.dead.queue_arn for queue in queues]
            sent_to += [retries] if name == NOTIFYING else []
            taken_from = [queue.live.queue_arn for queue in queues]
            yield name, ("kms:Decrypt",), of_queues([*taken_from, *sent_to])
            yield name, ("kms:GenerateDataKey",), of_queues(sent_to)

    def _outputs(self) -> None:
        values = {
            outputs.RELEASE: self._release.text(),
            outputs.API_URL: self.address.url,
            outputs.REST_API_ID: self.api.rest_api.rest_api_id,
            outputs.ORDERS_TABLE: self.data.orders.table_name,
            outputs.IDEMPOTENCY_TABLE: self.data.idempotency_keys.table_name,
            outputs.PARTNERS_TABLE: self.data.partners.table_name,
            outputs.ORDER_CHANGES_TOPIC: self.processing.topic.topic_arn,
            outputs.ORDER_CHANGES_PIPE: self.processing.pipe_name,
            outputs.PARTNER_RETRIES: self.processing.retries.queue_url,
            outputs.PIPE_DEAD_LETTERS: self.processing.pipe_dead_letters.queue_url,
            outputs.AUDIT_LOG: self.audit_log.log_group_name,
            outputs.FLAGS_PARAMETER: self._flags_parameter,
            outputs.PARTNER_SECRETS_KEY: self.partner_secrets.key.key_arn,
            outputs.USER_POOL_ID: self.identity.user_pool.user_pool_id,
            outputs.USER_POOL_CLIENT_ID: self.identity.client.user_pool_client_id,
        }
        if self.address.target is not None:
            values[outputs.DOMAIN_TARGET] = self.address.target
        if self.web_hosting is not None:
            values[outputs.WEB_CLIENT_URL] = self.web_hosting.url
            values[outputs.WEB_CLIENT_TARGET] = self.web_hosting.target
            values[outputs.WEB_CLIENT_BUCKET] = self.web_hosting.bucket.bucket_name
        for name, plan in self.api.usage_plans.items():
            values[outputs.usage_plan(name)] = plan.usage_plan_id
        for name, queue in self.processing.queues.items():
            values[outputs.queue(name)] = queue.live.queue_url
            values[outputs.dead_letters(name)] = queue.dead.queue_url
        for name, item in self.functions.items():
            values[outputs.function(name)] = item.function.function_name
        for name, value in values.items():
            CfnOutput(self, name, value=value)


def _boundary(settings: Settings) -> PermissionsBoundary | None:
    """Bound every role of the stack, those too that the CDK makes by itself."""
    named = settings.permission_boundary
    if named is None:
        return None
    is_arn = named.startswith("arn:")
    return PermissionsBoundary.from_arn(named) if is_arn else PermissionsBoundary.from_name(named)

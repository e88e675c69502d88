"""docs/security/personal-data.md says how long each place keeps things, as the template does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents import personal_data
from ops.customers.remains import PLACES

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

DAYS = {place.where: place.days or 0 for place in PLACES}
_DAY_SECONDS = 86_400


def test_the_page_is_current() -> None:
    """The committed tables are what the code says; `make docs` makes them so."""
    text = personal_data.DOCUMENT.read_text()
    assert text == personal_data.rendered()
    assert all(block in text for block in personal_data.blocks().values())


def test_no_queue_keeps_a_message_longer_than_is_said(template: Template) -> None:
    """Whoever asks for erasure is told the right day for messages and dead letters."""
    kept = {queue["MessageRetentionPeriod"] for _, queue in template.all("SQS::Queue")}
    assert kept == {DAYS["waiting messages of the queues"] * _DAY_SECONDS}
    assert DAYS["dead letters"] == DAYS["waiting messages of the queues"]


def test_no_log_is_kept_longer_than_is_said(template: Template) -> None:
    """Each log group is one of those that the table names, with its days."""
    audited = {"AuditLog": "audit log", "UpdateOrderLogs": "log of changes by the API"}
    for name, group in template.all("Logs::LogGroup"):
        where = next((audited[start] for start in audited if name.startswith(start)), "")
        assert group["RetentionInDays"] == DAYS[where or "logs of functions and of the API"]


def test_keys_are_gone_when_it_is_said(template: Template) -> None:
    """An Idempotency-Key's hours, and DynamoDB's two days to delete it, are within the days."""
    function = template.one("Lambda::Function", "CreateOrderFunction")
    hours = int(function["Environment"]["Variables"]["IDEMPOTENCY_HOURS"])
    assert hours / 24 + 2 <= DAYS["Idempotency-Keys"]


def test_copies_reach_back_no_further_than_is_said(template: Template) -> None:
    """Point-in-time recovery keeps its 35 days, and the ledger outlives them by one."""
    for _, table in template.all("DynamoDB::GlobalTable"):
        for replica in table["Replicas"]:
            days = replica["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays", 35)
            assert days == DAYS["copies for recovery"]

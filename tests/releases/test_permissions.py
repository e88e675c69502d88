"""Releases that may not do what they try, on a stage where the roles' policies decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.copy.emulator import Watch
from tests.releases.conftest import opened
from tests.releases.release import Release, Source, harmless, of_type
from tests.releases.stage import BACK, DONE
from tests.releases.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.releases.release import Template
    from tests.releases.stage import Stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

_READS = "    item = store().get(request.order_id)\n"
_WRITES = '    store().admit("#nobody", "nobody")\n'


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage that asks the roles' policies before it does anything."""
    with opened(tmp_path_factory.mktemp("guarded"), Watch(enforce=True)) as stage:
        yield stage


def may_not_read(template: Template) -> None:
    """Take from the function that reads orders what lets it read them."""
    policies = of_type(template, "AWS::IAM::Policy")
    (name,) = (one for one in policies if one.startswith("GetOrderRole"))
    document: Any = template["Resources"][name]["Properties"]["PolicyDocument"]
    left = [one for one in document["Statement"] if "dynamodb:GetItem" not in str(one["Action"])]
    assert len(left) < len(document["Statement"]), "mend the planting"
    document["Statement"] = left


def test_a_release_that_lacks_a_permission_is_met_by_nobody(guarded: Stage) -> None:
    """A function that tries what its role does not permit is refused, and whoever orders goes on.

    A good release passes on the same stage: the gate's own role permits all that it does.
    """
    planted = Source("orders/handlers/get_order.py", _READS, _WRITES + _READS)
    with Traffic(guarded.stack) as traffic, traffic.unharmed():
        assert guarded.deploy(harmless(300)).status == DONE
        live = guarded.live()
        outcome = guarded.deploy(Release((planted,)))
        assert outcome.status == BACK, outcome
        assert "get_order" in outcome.reason, outcome.reason
        assert guarded.live() == live


def test_a_permission_that_is_taken_away_comes_back(guarded: Stage) -> None:
    """A release that takes a permission away, which it needs, is refused, and the role is whole.

    A role belongs to a function and not to its version: until then the live version lacks it, too.
    """
    outcome = guarded.deploy(Release(harmless(301).sources, (may_not_read,)))
    assert outcome.status == BACK, outcome
    assert "get_order" in outcome.reason, outcome.reason
    with Traffic(guarded.stack) as traffic, traffic.unharmed():
        pass

"""What somebody did by hand, past CloudFormation: the next release finds its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.live.status import status
from ops.reach.layout import SHARED
from tests.releases.planted import BAD
from tests.releases.release import Release, harmless
from tests.releases.stage import BACK, DONE, LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.releases.stage import Stage
    from tests.releases.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture
def moved(stage: Stage) -> Iterator[dict[str, str]]:
    """Move what customers meet of one function to the version before, by hand; gives what is live.

    Both versions do the same.
    """
    before = stage.live()
    assert stage.deploy(harmless(200)).status == DONE
    point(stage, "create_order", before["create_order"])
    assert ("create_order", "alias") in told(stage)
    yield stage.live()
    assert stage.deploy(Release()).status == DONE


def point(stage: Stage, function: str, version: str) -> None:
    """Move the alias of a function, as the console does."""
    stage.client("lambda").update_alias(
        FunctionName=stage.stack.functions[function], Name=LIVE, FunctionVersion=version
    )


def told(stage: Stage) -> set[tuple[str, str]]:
    """Give what `orders status` tells of: where, and what is not as it was deployed."""
    found = status(stage.target()).differences
    return {(each.where, each.what) for each in found if not each.meant}


def test_an_alias_moved_by_hand_holds_up_no_release(
    stage: Stage, traffic: Traffic, moved: dict[str, str]
) -> None:
    """After somebody has moved an alias by hand, the next good release is live everywhere.

    Until then `orders status` tells of it.
    """
    with traffic.unharmed():
        assert stage.deploy(harmless(201)).status == DONE
    now = stage.live()
    assert ("create_order", "alias") not in told(stage)
    assert all(int(now[name]) > int(version) for name, version in moved.items())


def test_an_alias_moved_by_hand_stays_where_a_bad_release_finds_it(
    stage: Stage, traffic: Traffic, moved: dict[str, str]
) -> None:
    """A bad release is refused as ever, and what customers meet is what they met before it."""
    with traffic.unharmed():
        assert stage.deploy(BAD[0].release).status == BACK
        assert stage.live() == moved


def test_code_uploaded_by_hand_is_met_by_nobody(stage: Stage, traffic: Traffic) -> None:
    """Broken code that somebody uploads by hand reaches no one, and the next release removes it.

    `orders status` tells of it, which CloudFormation's drift detection does not.
    """
    functions, name = stage.client("lambda"), stage.stack.functions["create_order"]
    with traffic.unharmed():
        code = BAD[0].release.code(SHARED / "asset")
        functions.update_function_code(FunctionName=name, ZipFile=code)
        traffic.go_on()
        assert ("create_order", "code") in told(stage)
        assert stage.deploy(harmless(202)).status == DONE
        assert ("create_order", "code") not in told(stage)
        assert len({stage.latest()[each] for each in stage.released()}) == 1
        assert stage.deploy(Release()).status == DONE

"""Who serves which restaurant, while several operators and functions are at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ops.live.function_variables import MARK
from ops.partners import restaurants
from ops.partners.restaurants import FINGERPRINT, Snapshot
from ops.reach.errors import OperatorError, Overtaken
from ops.reach.target import Target
from orders.domain.serving.servers import Bound
from orders.partners import packed, unpacked
from tests.unit.ops.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Callable

ACME, STAFF = Bound("acme", ("bella",)), Bound("")
OUTPUTS = {"PartnersTable": "partners", "CreateOrderFunction": "create"}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "x")


class Aws(Functions):
    """A table with one item, and a function with variables; `meanwhile` is what others do."""

    def __init__(self) -> None:
        super().__init__({"create": {"OTHER": "stays"}})
        self.stored: bytes | None = None
        self.mark = {"S": ""}
        self.renewals = 0
        self.meanwhile: list[Callable[[], None]] = []

    def _others(self) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def get_item(self, **_: Any) -> dict[str, Any]:
        if self.stored is None:
            return {}
        return {"Item": {"restaurants": {"B": self.stored}, "mark": self.mark}}

    def put_item(self, **given: Any) -> None:
        self._others()
        values = given.get("ExpressionAttributeValues")
        expected = None if values is None else values[":before"]["B"]
        if expected != self.stored:
            raise refused("ConditionalCheckFailedException")
        self.stored, self.mark = given["Item"]["restaurants"]["B"], given["Item"]["mark"]

    @property
    def met(self) -> dict[str, str]:
        """What callers meet."""
        return {name: text for name, text in self.called("create").items() if name != MARK}

    def update_function_configuration(self, **given: Any) -> None:
        self._others()
        super().update_function_configuration(**given)

    def update_alias(self, **given: Any) -> Any:
        moved = super().update_alias(**given)
        self.renewals += 1
        return moved

    def changed_by_others(self) -> None:
        self.latest["create"]["RevisionId"] += "-of-others"


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def target(aws: Aws) -> Target:
    return Target("stage it", "stack", lambda _: aws, OUTPUTS, "")


def test_a_restaurant_is_bound_bound_anew_and_unbound(target: Target, aws: Aws) -> None:
    """Each command changes its own restaurant and leaves the others."""
    restaurants.change(target, "rest-1", None, ACME)
    restaurants.change(target, "rest-2", None, STAFF)
    assert restaurants.read(target).restaurants == {"rest-1": ACME, "rest-2": STAFF}
    restaurants.change(target, "rest-1", ACME, STAFF)
    restaurants.change(target, "rest-2", STAFF, None)
    assert aws.stored is not None
    assert unpacked(aws.stored) == {"rest-1": STAFF}


def test_what_is_so_already_is_not_written_again(target: Target, aws: Aws) -> None:
    """Whoever repeats an interrupted command finds it done, and goes on with the rest."""
    aws.stored = packed({"rest-1": ACME})
    aws.meanwhile = [lambda: pytest.fail("it was written")]
    assert restaurants.change(target, "rest-1", ACME, ACME).stored == aws.stored
    assert restaurants.change(target, "rest-1", None, ACME).stored == aws.stored


def test_a_removed_partner_places_nowhere_any_more(target: Target, aws: Aws) -> None:
    """A later partner of the same id does not inherit where its orders go; others stay."""
    both = Bound("acme", ("bella", "carl"))
    aws.stored = packed({"rest-1": both, "rest-2": STAFF})
    restaurants.forget(target, "bella")
    left = {"rest-1": Bound("acme", ("carl",)), "rest-2": STAFF}
    assert restaurants.read(target).restaurants == left
    aws.meanwhile = [lambda: pytest.fail("it was written")]
    restaurants.forget(target, "bella")


def test_another_operator_s_restaurant_survives(target: Target, aws: Aws) -> None:
    """Of two that write at the same moment, for two restaurants, neither is lost."""

    def other() -> None:
        aws.stored = packed({"rest-9": STAFF})

    aws.meanwhile = [other]
    restaurants.change(target, "rest-1", None, ACME)
    assert restaurants.read(target).restaurants == {"rest-1": ACME, "rest-9": STAFF}


def test_what_somebody_else_has_changed_is_not_overwritten(target: Target, aws: Aws) -> None:
    """Whoever was shown another server than the one of now is told, and nothing is written."""

    def other() -> None:
        aws.stored = packed({"rest-1": Bound("bella")})

    aws.meanwhile = [other]
    with pytest.raises(Overtaken, match="it is bella now"):
        restaurants.change(target, "rest-1", None, ACME)
    assert restaurants.read(target).restaurants == {"rest-1": Bound("bella")}


def test_who_never_gets_its_turn_is_told(target: Target, aws: Aws) -> None:
    """After some tries the command ends, with nothing written."""
    names = iter(range(100))

    def other() -> None:
        aws.stored = packed({f"other-{next(names)}": STAFF})

    aws.meanwhile = [other] * 10
    with pytest.raises(Overtaken, match="kept changing"):
        restaurants.change(target, "rest-1", None, ACME)


def test_what_cannot_be_read_is_never_overwritten(target: Target, aws: Aws) -> None:
    """A broken snapshot is told with what to do, for every order waits for it."""
    aws.stored = b"broken"
    with pytest.raises(OperatorError, match="from a recovery"):
        restaurants.change(target, "rest-1", None, ACME)
    assert aws.stored == b"broken"


def test_processes_are_replaced_once_for_each_snapshot(target: Target, aws: Aws) -> None:
    """A new snapshot starts `create_order` anew; the same one, repeated, does not."""
    snapshot = Snapshot({"rest-1": ACME}, packed({"rest-1": ACME}))
    restaurants.renew(target, snapshot)
    restaurants.renew(target, snapshot)
    assert aws.renewals == 1
    assert set(aws.met) == {"OTHER", FINGERPRINT}
    restaurants.renew(target, Snapshot({}, packed({})))
    assert aws.renewals == 2


def test_processes_are_replaced_where_all_is_as_it_once_was(target: Target, aws: Aws) -> None:
    """A process that started between two equal snapshots, by a command cut off there, has to go."""
    restaurants.renew(target, restaurants.change(target, "rest-1", None, ACME))
    restaurants.change(target, "rest-1", ACME, None)  # its command is killed here
    restaurants.renew(target, restaurants.change(target, "rest-1", None, ACME))
    assert aws.renewals == 2
    restaurants.renew(target, restaurants.read(target))
    assert aws.renewals == 2


def test_a_deployment_at_the_same_moment_is_waited_for(target: Target, aws: Aws) -> None:
    """Where somebody changes the function meanwhile, it is tried again, and told at last."""

    def other() -> None:
        aws.changed_by_others()

    snapshot = Snapshot({}, packed({}))
    aws.meanwhile = [other]
    restaurants.renew(target, snapshot)
    assert aws.renewals == 1
    aws.meanwhile = [other] * 10
    with pytest.raises(Overtaken, match="Repeat the command"):
        restaurants.renew(target, Snapshot({"rest-1": ACME}, packed({"rest-1": ACME})))


def test_an_unfinished_release_is_told(target: Target, aws: Aws) -> None:
    """What is written and what is not yet used are told apart, with what to do."""
    aws.latest["create"]["CodeSha256"] = "next"
    with pytest.raises(OperatorError, match=r"^It is written who.*Callers of create.*repeat the"):
        restaurants.renew(target, Snapshot({}, packed({})))
    assert aws.renewals == 0


def test_a_partner_that_serves_is_not_removed(target: Target, aws: Aws) -> None:
    """The refusal names its restaurants and the command that lets it go."""
    aws.stored = packed({"rest-1": ACME, "rest-2": ACME, "rest-3": Bound("", ("acme",))})
    with pytest.raises(OperatorError, match=r"serves rest-1, rest-2,.*orders restaurants unbind"):
        restaurants.refuse_removal(target, "acme")
    restaurants.refuse_removal(target, "bella")

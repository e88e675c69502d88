"""`orders restaurants`: who serves the orders of which restaurant, and its staff."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage, Yes
from ops.partners import accounts, restaurants, served_orders
from ops.partners import staff as staff_members
from ops.partners.restaurants import STAFF, in_words
from ops.partners.served_orders import OPEN, WAITING, Moved
from ops.reach.errors import OperatorError
from orders.domain.serving.servers import Bound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.partners.staff import Person
    from ops.reach.target import Target

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        ID is a restaurant's id, as orders name it. For example:
        orders restaurants bind rest-1 --to acme-pos --placers acme-pos,bella-aggregator
        orders restaurants bind rest-2 --to staff --stage prod
        orders restaurants staff add ann@example.com --restaurant rest-2 --stage prod
        orders restaurants unbind rest-1 --open --stage prod
    """),
)
staff = typer.Typer(no_args_is_help=True, help="Its staff: who they are.")
app.add_typer(staff, name="staff")


def _id(text: str) -> str:
    if not restaurants.can_be_bound(text):
        raise typer.BadParameter(
            f"{text!r} cannot be served: such an id has 1 to 64 letters, digits and . _ ~ - only, "
            "for it stands in an address. Have orders name the restaurant by another id."
        )
    return text


def _server(text: str) -> str:
    return "" if text == STAFF else _partner(text)


def _partner(text: str) -> str:
    if text == STAFF or not accounts.is_id(text) or accounts.is_heartbeat(text):
        raise typer.BadParameter(f"{text!r} is no partner's id. `orders partners ls` shows all.")
    return text


def _placers(text: str) -> tuple[str, ...]:
    return restaurants.placers_of(map(_partner, filter(None, text.split(","))))


Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        parser=_id,
        help="The restaurant's id.",
        show_default=False,
        autocompletion=options.restaurant_ids,
    ),
]
Who = Annotated[
    str,
    typer.Argument(metavar="EMAIL|SUB", help="The person's address or id.", show_default=False),
]
Restaurant = Annotated[
    str,
    typer.Option(
        metavar="ID",
        parser=_id,
        help="The restaurant's id.",
        show_default=False,
        autocompletion=options.restaurant_ids,
    ),
]
Open = Annotated[
    bool,
    typer.Option("--open", help="Move all orders that have not ended, not those alone that wait."),
]


@app.command()
def ls(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the restaurants that somebody serves, and which partners may place orders there."""
    found = restaurants.read(options.find(stage, local=local)).restaurants
    if json_:
        terminal.as_json([_as_json(name, found[name]) for name in sorted(found)])
    elif not found:
        terminal.say("Nobody serves any restaurant.")
    else:
        rows = [(name, in_words(found[name]), _named(found[name])) for name in sorted(found)]
        terminal.table(("Restaurant", "Served by", "Partners that place orders there"), rows)


@app.command()
def bind(
    restaurant_id: Id,
    *,
    to: Annotated[
        str,
        typer.Option(
            metavar="PARTNER|staff",
            parser=_server,
            help="Who is to serve its orders.",
            autocompletion=options.server_ids,
        ),
    ],
    placers: Annotated[
        Any,
        typer.Option(
            metavar="P,P",
            parser=_placers,
            help="All partners that mean this restaurant by the id; as they are unless given.",
            show_default=False,
        ),
    ] = None,
    open_: Open = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Let a partner, or the staff, serve a restaurant's orders. Repeat it if it was interrupted."""
    target = options.find(stage, local=local)
    shown = restaurants.read(target).restaurants.get(restaurant_id)
    kept = () if shown is None else shown.placers
    wanted = Bound(to, kept if placers is None else placers)
    for partner_id in {*wanted.placers, *([to] if to else [])}:
        accounts.find(target, partner_id)
    orders = f"the orders of {restaurant_id} in {target.name}, placed by {_placed_by(wanted)}"
    question = f"Let {in_words(wanted)} serve {orders}"
    was = "" if shown is None or shown.server == to else f", instead of {in_words(shown)}"
    terminal.agree(f"{question}{was}?", yes=yes)
    about = {"restaurant": restaurant_id, "to": to or STAFF, "placers": ",".join(wanted.placers)}
    with audited(target, "restaurants bind", **about), _there(target, to) as held:
        moved = _carry_out(held, restaurant_id, (shown, wanted), OPEN if open_ else WAITING)
    _report(restaurant_id, wanted, moved, json_=json_)


@app.command()
def unbind(
    restaurant_id: Id,
    *,
    open_: Open = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Let nobody serve a restaurant: partners move their own orders, operators all."""
    target = options.find(stage, local=local)
    shown = restaurants.read(target).restaurants.get(restaurant_id)
    question = f"Let nobody serve the orders of {restaurant_id} in {target.name}"
    was = "" if shown is None else f", instead of {in_words(shown)}"
    terminal.agree(f"{question}{was}? Customers' orders then reach operators alone.", yes=yes)
    with audited(target, "restaurants unbind", restaurant=restaurant_id):
        moved = _carry_out(target, restaurant_id, (shown, None), OPEN if open_ else WAITING)
    _report(restaurant_id, None, moved, json_=json_)


@contextlib.contextmanager
def _there(target: Target, partner_id: str) -> Iterator[Target]:
    """Keep a partner that is to serve from being removed meanwhile."""
    if not partner_id:
        yield target
        return
    with accounts.changing(target, accounts.find(target, partner_id)) as held:
        yield held


def _carry_out(
    target: Target,
    restaurant_id: str,
    change: tuple[Bound | None, Bound | None],
    statuses: tuple[Any, ...],
) -> Moved:
    """Write who serves, have it used, and move the orders that wait; says so if it was stopped."""
    shown, wanted = change
    moved = Moved()
    with restaurants.changing(target, restaurant_id) as held:
        snapshot = restaurants.change(held, restaurant_id, shown, wanted)
        restaurants.renew(held, snapshot)
        try:
            served_orders.move(held, restaurant_id, wanted, statuses, moved)
        except KeyboardInterrupt:
            terminal.note(f"Stopped: {terminal.counted(moved.orders, 'order')} moved. Repeat it.")
            raise
    return moved


@staff.command("ls")
def ls_staff(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the staff of restaurants, by their ids."""
    found = staff_members.everybody(options.find(stage, local=local))
    if json_:
        terminal.as_json([_person_as_json(person) for person in found])
    elif not found:
        terminal.say("Nobody is staff of a restaurant.")
    else:
        rows = [(person.subject, ", ".join(person.restaurants) or "none") for person in found]
        terminal.table(("Person", "Restaurants"), rows)


@staff.command("add")
def add_staff(
    who: Who,
    *,
    restaurant: Restaurant,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Make a person staff of a restaurant: it sees and moves the orders that its staff serves."""
    target = options.find(stage, local=local)
    person = staff_members.find(target, who)
    terminal.agree(f"Let {person.subject} serve {restaurant} in {target.name}?", yes=yes)
    with audited(target, "restaurants staff add", person=person.subject, restaurant=restaurant):
        person = staff_members.add(target, person, restaurant)
    _report_person(person, json_=json_)
    bound = restaurants.read(target).restaurants.get(restaurant)
    if bound is None or bound.server:
        terminal.note(
            f"{restaurant} is served by {in_words(bound)}. Its staff sees orders after: "
            f"orders restaurants bind {restaurant} --to {STAFF}"
        )


@staff.command("remove")
def remove_staff(
    who: Who,
    *,
    restaurant: Restaurant,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Take a restaurant from a person; a token that it has names it for an hour at most."""
    target = options.find(stage, local=local)
    person = staff_members.find(target, who)
    terminal.agree(f"Take {restaurant} from {person.subject} in {target.name}?", yes=yes)
    with audited(target, "restaurants staff remove", person=person.subject, restaurant=restaurant):
        person = staff_members.remove(target, person, restaurant)
    _report_person(person, json_=json_)


# --- How it is told


def _report(restaurant_id: str, bound: Bound | None, moved: Moved, *, json_: bool) -> None:
    if json_:
        server = None if bound is None else bound.server or STAFF
        document = {"id": restaurant_id, "servedBy": server, "moved": moved.orders}
        terminal.as_json(document | {"busy": moved.busy, "ofOtherPartners": moved.others})
    else:
        count = terminal.counted(moved.orders, "order")
        of_whom = f", for orders of {_placed_by(bound)}" if bound else ""
        terminal.say(
            f"{restaurant_id} is served by {in_words(bound)} from now on{of_whom}; {count} moved."
        )
    for placer, number in moved.others.items():
        terminal.note(
            f"{terminal.counted(number, 'order')} of {placer} stayed: it is not among --placers, "
            "so the id means another restaurant of its own. Same restaurant? Name all its placers."
        )
    if moved.busy:
        raise OperatorError(
            f"{terminal.counted(moved.busy, 'order')} kept changing and stayed where it was. "
            "Repeat the command."
        )


def _report_person(person: Person, *, json_: bool) -> None:
    if json_:
        terminal.as_json(_person_as_json(person))
    else:
        names = ", ".join(person.restaurants) or "no restaurant"
        terminal.say(f"{person.subject} is staff of {names}, once it signs in anew.")


def _placed_by(bound: Bound) -> str:
    return ", ".join(["customers", *bound.placers])


def _named(bound: Bound) -> str:
    return ", ".join(bound.placers) or "–"


def _as_json(restaurant_id: str, bound: Bound) -> dict[str, Any]:
    server = bound.server or STAFF
    return {"id": restaurant_id, "servedBy": server, "placers": list(bound.placers)}


def _person_as_json(person: Person) -> dict[str, Any]:
    return {"person": person.subject, "restaurants": list(person.restaurants)}

/** The web client: who is signed in, and which page the address asks for. */

import { type JSX, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { newKey } from "./api.ts";
import { type Basket, keepBasket, pieces, readBasket } from "./basket.ts";
import { type Config, load } from "./config.ts";
import { begin, type Placing, pending, settle } from "./placing.ts";
import * as session from "./session.ts";
import type { NewOrder, Order } from "./types.ts";
import { BasketPage } from "./views/basket.tsx";
import { Menu } from "./views/menu.tsx";
import { Operator } from "./views/operator.tsx";
import { OrderPage } from "./views/order.tsx";
import { Orders } from "./views/orders.tsx";
import { Heading } from "./views/parts.tsx";
import { PlacingPage } from "./views/placing.tsx";
import { RestaurantPage } from "./views/restaurant.tsx";
import { SignIn } from "./views/sign_in.tsx";

/** Gives the address behind the #, and what is asked for in it. */
function useRoute(): { path: string[]; query: URLSearchParams } {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").map(decodeURIComponent), query: new URLSearchParams(query) };
}

function App({ first }: { first: session.Me | undefined }): JSX.Element {
  const [me, setMe] = useState(first);
  async function enter(): Promise<void> {
    setMe(await session.me());
  }
  function leave(): void {
    setMe(undefined);
  }
  async function signOut(): Promise<void> {
    await session.leave();
    leave();
  }
  return (
    <>
      <a class="skip" href="#main" onClick={toContent}>To the content</a>
      {me ? <Inside key={me.id} me={me} onSignOut={() => void signOut()} onSignedOut={leave} /> : (
        <>
          <header><a class="brand" href="#/">Food orders</a></header>
          <main id="main" tabIndex={-1}><SignIn onDone={() => void enter()} /></main>
        </>
      )}
    </>
  );
}

/** Moves the focus, where following the link would change the address that names the page. */
function toContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

interface Ordering {
  basket: Basket | null;
  setBasket: (basket: Basket | null) => void;
  placing: Placing | undefined;
  refused: unknown;
  place: (order: NewOrder) => void;
  placed: (order: Order) => void;
  notPlaced: (error: unknown) => void;
}

/** The basket and the order that is on its way. */
function useOrdering(person: string): Ordering {
  const [basket, show] = useState(readBasket);
  const [placing, setPlacing] = useState(() => pending(localStorage, person, Date.now()));
  const [refused, setRefused] = useState<unknown>(null);
  function setBasket(next: Basket | null): void {
    keepBasket(next);
    show(next);
    setRefused(null);
  }
  function place(order: NewOrder): void {
    setRefused(null);
    setPlacing(begin(localStorage, person, order, Date.now(), newKey));
  }
  function end(): void {
    if (placing) settle(localStorage, person, placing.key);
    setPlacing(undefined);
  }
  function placed(order: Order): void {
    // Forgotten once its page is there: a reload just before asks again, and is led there, too.
    const shown = (): void => {
      end();
      setBasket(null);
    };
    addEventListener("hashchange", shown, { once: true });
    location.hash = `#/orders/${order.orderId}`;
  }
  function notPlaced(error: unknown): void {
    end();
    setRefused(error);
    location.hash = "#/basket";
  }
  return { basket, setBasket, placing, refused, place, placed, notPlaced };
}

function Inside(props: { me: session.Me; onSignOut: () => void; onSignedOut: () => void }): JSX.Element {
  const { me } = props;
  const route = useRoute();
  const ordering = useOrdering(me.id);
  const customer = !me.operator && me.restaurants.length === 0;
  return (
    <>
      <header>
        <a class="brand" href="#/">Food orders</a>
        <Links me={me} customer={customer} basket={ordering.basket} page={route.path[0] ?? ""} />
        <button type="button" class="plain" onClick={props.onSignOut}>Sign out<span class="hidden"> {me.email}</span></button>
      </header>
      <main id="main" tabIndex={-1}>
        {ordering.placing && route.path[0] !== "orders" // where one can look whether it has arrived
          ? <PlacingPage placing={ordering.placing} onPlaced={ordering.placed} onRefused={ordering.notPlaced} onSignedOut={props.onSignedOut} />
          : <Content key={location.hash} {...props} route={route} ordering={ordering} />}
      </main>
    </>
  );
}

function Links(props: { me: session.Me; customer: boolean; basket: Basket | null; page: string }): JSX.Element {
  const { me, customer, basket, page } = props;
  const some = pieces(basket);
  const links: [string, string][] = [
    ...(customer ? [["", "Menu"], ["basket", some ? `Basket (${some})` : "Basket"], ["orders", "Orders"]] as [string, string][] : []),
    ...(me.restaurants.length > 0 ? [["restaurants", "Restaurant"]] as [string, string][] : []),
    ...(me.operator ? [["operator", "Operator"]] as [string, string][] : []),
  ];
  const current = page || (customer ? "" : me.operator ? "operator" : "restaurants");
  return (
    <nav aria-label="Pages">
      {links.map(([name, said]) => (
        <a key={name} href={`#/${name}`} aria-current={current === name ? "page" : undefined}>{said}</a>
      ))}
    </nav>
  );
}

function Content(props: {
  me: session.Me;
  onSignedOut: () => void;
  route: ReturnType<typeof useRoute>;
  ordering: Ordering;
}): JSX.Element {
  const { me, onSignedOut, ordering } = props;
  const { path, query } = props.route;
  const [page = "", id] = path;
  const { basket, setBasket, refused, place } = ordering;
  if (page === "orders" && id) return <OrderPage id={id} me={me} onSignedOut={onSignedOut} />;
  if (page === "operator" || (page === "" && me.operator)) return <Operator query={query} onSignedOut={onSignedOut} />;
  if (page === "restaurants" || (page === "" && me.restaurants.length > 0)) {
    const which = id ?? me.restaurants[0] ?? "";
    return <RestaurantPage id={which} all={me.restaurants} onSignedOut={onSignedOut} />;
  }
  if (page === "") return <Menu basket={basket} setBasket={setBasket} />;
  if (page === "basket") return <BasketPage basket={basket} setBasket={setBasket} onPlace={place} refused={refused} />;
  if (page === "orders") return <Orders onSignedOut={onSignedOut} />;
  return <section><Heading>There is no such page</Heading><p><a href="#/">To the beginning</a></p></section>;
}

async function start(root: HTMLElement): Promise<void> {
  let config: Config;
  try {
    config = await load();
  } catch {
    render(<main><h1>Food orders</h1><p role="alert">This page cannot be loaded now. <a href="">Try again</a></p></main>, root);
    return;
  }
  session.prepare(config);
  render(<App first={await session.me().catch(() => undefined)} />, root);
}

void start(document.getElementById("app") as HTMLElement);

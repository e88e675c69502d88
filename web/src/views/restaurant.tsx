/** What a restaurant does: it sees what comes in, accepts it with a time or rejects it with a reason, and goes on. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "../api.ts";
import { change } from "../changing.ts";
import { REASONED, STAFF_MOVES, type Status } from "../lifecycle.ts";
import { lookAtOpenOrders } from "../kitchen.ts";
import { pauseOfList } from "../pauses.ts";
import type { Change, Order } from "../types.ts";
import type { Look } from "../watching.ts";
import { counted, MOVE, remaining, time } from "../words.ts";
import { Badge, Freshness, Heading, Lines, Trouble, useDoing, useWatched } from "./parts.tsx";
import { Reasoning } from "./reasoning.tsx";

const MINUTES = [10, 15, 20, 30, 45, 60];
const DELAYED: readonly Status[] = ["CONFIRMED", "PREPARING"];
const HURRY_MS = 60_000;

export function RestaurantPage(props: { id: string; all: readonly string[]; onSignedOut: () => void }): JSX.Element {
  const base = `/restaurants/${encodeURIComponent(props.id)}/orders`;
  const pause = (_: Order[] | undefined, hidden: boolean): number => pauseOfList(hidden);
  const { seen, error, again } = useWatched<Order[]>(base, openOrders, pause, props.onSignedOut);
  const now = useNow();
  const orders = seen.value ?? [];
  return (
    <section>
      <Heading>{props.id}</Heading>
      {props.all.length > 1 && (
        <nav aria-label="Restaurants" class="buttons">
          {props.all.map((id) => (
            <a key={id} href={`#/restaurants/${encodeURIComponent(id)}`} aria-current={id === props.id ? "page" : undefined}>{id}</a>
          ))}
        </nav>
      )}
      <Trouble error={error} />
      <Freshness seen={seen} />
      {!seen.value && !error && !seen.away && <p>Loading…</p>}
      <Group title="New" orders={waiting(orders)} base={base} now={now} onChanged={again} none="Nothing is waiting for you." live />
      <Group title="Under way" orders={orders.filter((order) => order.status !== "PLACED")} base={base} now={now} onChanged={again} none="Nothing is in the kitchen." />
    </section>
  );
}

function openOrders(base: string): Look<Order[]> {
  return lookAtOpenOrders(base, ask, Date.now);
}

/** Gives what waits, the most urgent first. */
function waiting(orders: readonly Order[]): Order[] {
  const until = (order: Order): string => order.acceptBy ?? order.createdAt;
  return orders.filter((order) => order.status === "PLACED").sort((a, b) => until(a).localeCompare(until(b)));
}

function Group(props: {
  title: string;
  orders: Order[];
  base: string;
  now: number;
  onChanged: () => void;
  none: string;
  live?: boolean;
}): JSX.Element {
  const id = props.title.toLowerCase().replace(" ", "-");
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{props.title} ({props.orders.length})</h2>
      {props.live && <p role="status" class="hidden">{counted(props.orders.length, "new order")}</p>}
      {props.orders.length === 0 && <p class="quiet">{props.none}</p>}
      <ul class="cards tickets">
        {props.orders.map((order) => (
          <li key={order.orderId}><Ticket order={order} base={props.base} now={props.now} onChanged={props.onChanged} /></li>
        ))}
      </ul>
    </section>
  );
}

/** One order, as the kitchen needs it. */
function Ticket(props: { order: Order; base: string; now: number; onChanged: () => void }): JSX.Element {
  const { order, base, now, onChanged } = props;
  const [asking, setAsking] = useState<Status | null>(null);
  const [busy, error, start] = useDoing();
  function send(wanted: Change): void {
    start(async () => {
      try {
        await change(order, wanted, `${base}/${order.orderId}`);
      } finally {
        setAsking(null);
        onChanged();
      }
    });
  }
  return (
    <article class="card" aria-label={`Order ${order.orderId.slice(-6)}`}>
      <div class="row"><strong>{order.orderId.slice(-6)}</strong>{order.status !== "PLACED" && <Badge status={order.status} />}</div>
      <Clock order={order} now={now} />
      <Lines lines={order.items} currency={order.currency} />
      {order.note && <p class="note">{order.note}</p>}
      {order.contactPhone && <p><a href={`tel:${order.contactPhone}`}>{order.contactPhone}</a></p>}
      {order.scheduledFor && <p>For {time(order.scheduledFor)}</p>}
      <Trouble error={error} />
      {order.status === "PLACED" && (
        <fieldset class="accept">
          <legend>Accept, ready in …</legend>
          <div class="buttons">
            {MINUTES.map((minutes) => (
              <button key={minutes} type="button" class="main" disabled={busy} onClick={() => send({ status: "CONFIRMED", readyAt: inMinutes(minutes, Date.now()) })}>
                {minutes}<span class="hidden"> minutes: accept</span> min
              </button>
            ))}
          </div>
        </fieldset>
      )}
      <div class="buttons">
        {moves(order.status).map((status) => (
          <button key={status} type="button" disabled={busy} class={REASONED.includes(status) ? "" : "main"}
            onClick={() => (REASONED.includes(status) ? setAsking(status) : send({ status }))}>
            {MOVE[status]}
          </button>
        ))}
        {order.readyAt && DELAYED.includes(order.status) && (
          <button type="button" disabled={busy} onClick={() => send({ readyAt: later(order.readyAt) })}>10 min later</button>
        )}
      </div>
      {asking && <Reasoning status={asking} busy={busy} onNo={() => setAsking(null)} onYes={(reason) => send({ status: asking, reason })} />}
    </article>
  );
}

/** Gives the moves that have a button of their own: what is new is accepted with a time, or rejected. */
function moves(status: Status): readonly Status[] {
  return status === "PLACED" ? ["REJECTED"] : STAFF_MOVES[status];
}

/** How long there is to answer, or when it is to be ready. */
function Clock({ order, now }: { order: Order; now: number }): JSX.Element | null {
  if (DELAYED.includes(order.status)) return order.readyAt ? <p>Ready at {time(order.readyAt)}</p> : null;
  if (!order.acceptBy || order.status !== "PLACED") return null;
  const left = Date.parse(order.acceptBy) - now;
  return (
    <p class={left < HURRY_MS ? "clock hurry" : "clock"}>
      {left > 0 ? <>Answer within <time role="timer">{remaining(left)}</time></> : "The time to answer is over."}
    </p>
  );
}

function inMinutes(minutes: number, from: number): string {
  return new Date(from + minutes * 60_000).toISOString();
}

/** Gives when it is ready after all: never a time that is past. */
function later(readyAt = ""): string {
  return inMinutes(10, Math.max(Date.parse(readyAt), Date.now()));
}

/** Gives the time, each second anew. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

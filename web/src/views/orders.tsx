/** A customer's orders, the newest first. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask, SignedOut } from "../api.ts";
import type { Order, Page } from "../types.ts";
import { counted, money, time } from "../words.ts";
import { Badge, Heading, Trouble, useDoing } from "./parts.tsx";

export function Orders({ onSignedOut }: { onSignedOut: () => void }): JSX.Element {
  const { orders, error, busy, more } = usePages("/orders?limit=20", onSignedOut);
  return (
    <section>
      <Heading>Your orders</Heading>
      <Trouble error={error} />
      {orders && <OrderList orders={orders} none="You have ordered nothing yet." />}
      {!orders && !error && <p>Loading…</p>}
      {(more || error !== null) && (
        <button type="button" onClick={more ?? (() => location.reload())} disabled={busy}>
          {error ? "Try again" : "Show more"}
        </button>
      )}
    </section>
  );
}

/** Orders as links. */
export function OrderList({ orders, none }: { orders: readonly Order[]; none: string }): JSX.Element {
  if (orders.length === 0) return <p>{none}</p>;
  return (
    <ul class="cards">
      {orders.map((order) => (
        <li key={order.orderId}>
          <a class="card" href={`#/orders/${order.orderId}`}>
            <span class="row"><strong>{order.restaurantId}</strong><Badge status={order.status} /></span>
            <span class="row">
              <span>{time(order.createdAt)} · {counted(order.items.reduce((sum, line) => sum + line.quantity, 0), "item")}</span>
              <span>{money(order.total, order.currency)}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Reads a list page by page; an empty page that has a cursor is passed over. */
export function usePages(
  path: string,
  onSignedOut: () => void,
): { orders: Order[] | null; error: unknown; busy: boolean; more: (() => void) | null } {
  const [orders, setOrders] = useState<Order[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [busy, error, start] = useDoing();

  function read(from: string | null, before: Order[]): void {
    start(async () => {
      try {
        const page = await nextPage(path, from);
        setOrders([...before, ...page.orders]);
        setCursor(page.cursor);
      } catch (problem) {
        if (problem instanceof SignedOut) onSignedOut();
        else throw problem;
      }
    });
  }
  useEffect(() => {
    setOrders(null);
    read(null, []);
  }, [path]);
  const more = error ? () => read(cursor, orders ?? []) : cursor ? () => read(cursor, orders ?? []) : null;
  return { orders, error, busy, more };
}

async function nextPage(path: string, from: string | null): Promise<Page> {
  let cursor = from;
  for (;;) {
    const at = cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`;
    const page = (await ask<Page>(at)).body ?? { orders: [], cursor: null };
    if (page.orders.length > 0 || page.cursor === null) return page;
    cursor = page.cursor;
  }
}

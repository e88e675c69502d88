/**
 * The orders of a restaurant that are not over.
 *
 * A page of a list looks at the 25 newest orders, whatever their status. So the first look reads all
 * pages; the next ones read the newest page alone, and ask for each order that is older than that.
 */

import type { Answer, Asked } from "./api.ts";
import { isFinal, type Status } from "./lifecycle.ts";
import type { Order, Page } from "./types.ts";

const OPEN: readonly Status[] = ["PLACED", "CONFIRMED", "PREPARING", "READY", "PICKED_UP"];

/** How long before its delivery an order can be placed, with a day for it to end. */
const OLDEST_MS = 8 * 86_400_000;

/** After so long without a look, more may have come than a page holds. */
const GAP_MS = 120_000;

type Ask = <T>(path: string, asked?: Asked) => Promise<Answer<T>>;

/**
 * Gives what looks at them, again and again.
 *
 * @param base - the path of the restaurant's orders.
 */
export function lookAtOpenOrders(base: string, ask: Ask, now: () => number): () => Promise<Answer<Order[]>> {
  let known = new Map<string, Order>();
  let looked = -Infinity;
  let from = "";

  return async () => {
    const whole = now() - looked > GAP_MS;
    if (whole) from = new Date(now() - OLDEST_MS).toISOString();
    const query = [...OPEN.map((status) => `status=${status}`), `createdFrom=${from}`, "limit=100"].join("&");
    const [fresh, complete] = await read(`${base}?${query}`, ask, whole);
    const found = new Map(fresh.map((order) => [order.orderId, order]));
    if (!complete) for (const order of await older(base, ask, known, found)) found.set(order.orderId, order);
    known = found;
    looked = now();
    return { status: 200, body: [...found.values()], etag: null };
  };
}

/** Reads pages, or only the first; tells whether that was all. */
async function read(path: string, ask: Ask, whole: boolean): Promise<[Order[], boolean]> {
  const orders: Order[] = [];
  let cursor: string | null = null;
  do {
    const at: string = cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`;
    const page: Page | undefined = (await ask<Page>(at)).body;
    orders.push(...(page?.orders ?? []));
    cursor = page?.cursor ?? null;
  } while (whole && cursor !== null);
  return [orders, cursor === null];
}

/** Asks for each order that was open and is not on the newest page: it is older, or it is over. */
async function older(base: string, ask: Ask, known: Map<string, Order>, found: Map<string, Order>): Promise<Order[]> {
  const missing = [...known.keys()].filter((id) => !found.has(id));
  const answers = await Promise.all(missing.map((id) => ask<Order>(`${base}/${id}`)));
  return answers.flatMap(({ body }) => (body && !isFinal(body.status) ? [body] : []));
}
